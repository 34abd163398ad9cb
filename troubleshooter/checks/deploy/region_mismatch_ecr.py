"""The repository is in another region than the function.

What it looks for
    A region in the image's address, as AWS's refusal or the template has it, that is not the one in the function's ARN.

Why it breaks
    Lambda pulls only from private ECR in its own region. Whether the image is elsewhere too does not matter: the
    message speaks of permissions, of an image that does not exist or is not valid, and seldom of the region.

How it is told apart
    Compare the region in the address with the function's ARN before looking at policies (`ecr_repo_policy_missing`) or
    tags (`ecr_image_absent`).

Fix
    Push to a repository of the function's region, or replicate the repository there, and deploy that address.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._image_address import push_here
from troubleshooter.facts.address import ImageAddress, taken_address
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"(?:image|repository|ECR).{0,120}(?:must be|is not|isn't) in the same (?:AWS )?region", 3),
    signature(r"Source image .* (?:does not exist|is not valid)", 1),
    signature(r"Lambda does not have permission to access the ECR image", 1),
    signature(r"cross[- ]region.{0,80}(?:ecr|image)|(?:ecr|image).{0,80}cross[- ]region", 2),
)
ASK = "Is the region in the image's address the function's region?"


@check(
    title="The image lies in the function's region",
    severity=Severity.ERROR,
    rung=Rung.DEPLOY,
    explains=("ecr_image_absent", "ecr_repo_policy_missing"),
    narrow=True,
)
def region_mismatch_ecr(address: ImageAddress, function: FunctionRecord) -> Verdict:
    """Compares the region in the image's address with the one in the function's ARN."""
    parts = taken_address(address.uri)
    if parts is None:
        return not_applicable("the address is not that of a private ECR repository")
    if function.region is None:
        return not_applicable("the function has no ARN yet that would tell its region")
    cited = (address.cite("uri", label="image address"), function.cite("arn", label="function"))
    if parts.region == function.region:
        return passed("image and function are in the same region", *cited)
    if address.said == "is not supported":
        return passed("AWS read the image's manifest, which it does in its own region only", *cited)
    here = address.uri.replace(f".ecr.{parts.region}.", f".ecr.{function.region}.", 1)
    text = (
        f"Push the image to a repository in {function.region}, or replicate the repository there, and deploy that address. "
        f"The repository {parts.repository} must exist in {function.region} first."
    )
    fix = push_here(text, here, function, "UpdateFunctionCode takes the address in the function's region.")
    message = (
        f"the image lies in {parts.region}, the function in {function.region}; Lambda pulls from its own region only"
    )
    return failed(message, *cited, remediation=fix)
