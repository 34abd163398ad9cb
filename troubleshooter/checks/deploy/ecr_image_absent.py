"""The image is not in the repository.

What it looks for
    ECR's answer that it has no such tag, digest or repository, for the address that AWS refused (`Source image … does
    not exist`) or that the template names.

Why it breaks
    The tag was never pushed, pushed to another account or region, or the function is created before the push. A tag
    with a typo looks the same.

How it is told apart
    `Source image … is not valid` is the address itself (`imageuri_malformed`). An image that was there and was removed
    is `ecr_image_deleted`. Where ECR has it by now, the push came after the deployment: deploy again. In the address of
    another region it is `region_mismatch_ecr`.

Fix
    Push first, then deploy; name the image by the digest that the push printed.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.checks._image_address import push_here
from troubleshooter.facts import Unavailable
from troubleshooter.facts.address import ImageAddress, ImageLookup
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Source image .* does not exist", 3),
    signature(r"ImageNotFound(?:Exception)?|RepositoryNotFoundException", 3),
    signature(r"The image with imageId .* does not exist within the repository", 3),
    signature(r"repository with name .* does not exist", 3),
    signature(r"reading ECR Images?\b[^\n]{0,80}: (?:couldn't find resource|empty result|no matching)", 3),
    signature(r"manifest (?:for \S+ not found|unknown)|name unknown: The repository", 2),
    signature(r"Lambda does not have permission to access the ECR image", 1),
)
ASK = "Does `aws ecr describe-images --image-ids imageTag=TAG` find the image in the function's region?"


@check(title="The image is in its repository", severity=Severity.ERROR, rung=Rung.DEPLOY)
def ecr_image_absent(address: ImageAddress, lookup: ImageLookup, function: FunctionRecord | Unavailable) -> Verdict:
    """Reads ECR's answer for the address that is to be deployed."""
    named = address.cite("uri", label="image address")
    if lookup.found:
        shown = (
            lookup.cite("pushed_at", label="pushed at") if lookup.pushed_at else lookup.cite("found", label="in ECR")
        )
        if address.said == "does not exist":
            text = "ECR holds the image now; whether it did when AWS refused it could not be told"
            return unknown(text, named, shown, unblock=Unblock("Deploy again now that the image is there."))
        return passed("ECR holds the image", named, shown)
    repository = lookup.code == "RepositoryNotFoundException"
    what = f"repository {lookup.repository}" if repository else "image of that tag or digest"
    answer = lookup.cite("code", label="ECR's answer")
    first = f"Create the repository {lookup.repository} first. " if repository else ""
    text = (
        f"{first}Push the image under the address that is deployed, then deploy it; the push prints the digest to name."
    )
    fix = push_here(text, address.uri, function, "`aws ecr describe-images` finds the image, and the update is taken.")
    return failed(f"ECR has no {what}: {address.uri}", named, answer, remediation=fix)
