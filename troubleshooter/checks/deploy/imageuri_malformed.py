"""The image's address is not one that Lambda takes.

What it looks for
    An address, in the template or in AWS's refusal, that names no registry, another registry than private ECR, ECR's
    FIPS host, or that has a blank in it. AWS says `Source image … is not valid. Provide a valid source image`.

Why it breaks
    Lambda takes private ECR addresses with a tag or digest: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG`. A bare
    repository name, a missing tag, a public registry (Docker Hub, ECR Public), a FIPS host or a blank is refused.

How it is told apart
    An address of the right form for an image that is not there says `does not exist` (`ecr_image_absent`). The
    manifest's kind has a message of its own (`manifest_index_or_attestation`). A template of SAM or the CDK may name a
    local image: the tool pushes it and puts its address in.

Fix
    Give the full address, from a private repository in the function's region; copy public images there first.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._image_address import flaw
from troubleshooter.facts.address import ImageAddress, taken_address
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Source image .* is not valid", 3),
    signature(r"Provide a valid source image", 2),
    signature(r"failed to satisfy constraint: .*(?:imageUri|dkr\.ecr)|'imageUri' .*failed to satisfy", 3),
    signature(r"dkr\.ecr-fips", 3),
    signature(r"at '(?:code\.)?imageUri' failed to satisfy constraint", 3),
    signature(r"public\.ecr\.aws/\S+ is not (?:valid|supported)", 3),
)
ASK = "Is the address of the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG?"


@check(title="The image's address is one that Lambda takes", severity=Severity.ERROR, rung=Rung.DEPLOY)
def imageuri_malformed(address: ImageAddress) -> Verdict:
    """Takes the address apart."""
    if address.replaced:
        return not_applicable("the tool that deploys the template puts the pushed image's address in")
    cited = address.cite("uri", label="image address")
    if address.said in ("does not exist", "is not supported"):
        return passed(f"AWS understood the address: it says that the image {address.said}", cited)
    wrong = flaw(address.uri)
    if wrong:
        fix = Remediation(
            "Push the image to a private ECR repository in the function's region, and name it by its whole address: "
            "account, `.dkr.ecr.`, region, `.amazonaws.com/`, repository, and a tag or digest.",
            verify="CreateFunction or UpdateFunctionCode takes the address.",
        )
        return failed(f"{address.uri} is no address that Lambda takes: {wrong}", cited, remediation=fix)
    parts = taken_address(address.uri)
    if parts is not None and (parts.tag or parts.digest) and not address.said:
        return passed("the address is that of an image in private ECR", cited)
    told = (
        "AWS says that it is not valid, and its form shows no reason"
        if address.said
        else "it has neither tag nor digest"
    )
    if parts is None:
        told = "its form is not known"
    unblock = Unblock("Name the image by tag or digest in a private repository of the function's own region.")
    return unknown(f"whether Lambda takes {address.uri} could not be told: {told}", cited, unblock=unblock)
