"""The image is for a platform that Lambda does not run.

What it looks for
    An image configuration whose `os` is not linux, or whose `architecture` is neither amd64 nor arm64: `arm`
    (arm/v7), `386`, `riscv64`, `s390x`, …

Why it breaks
    Lambda runs Linux on x86_64 and arm64 only. Anything else ends with "exec format error" at launch, or is refused
    as an invalid image.

How it is told apart
    Between the two supported ones it is `arch_image_function_mismatch`.

Fix
    `docker buildx build --platform linux/amd64` (or linux/arm64), as the function is set.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#images-reqs
    https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._launch_fix import OCI, nameless, rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"linux/(?:arm/v[67]|386|riscv64|s390x|ppc64le)|windows/amd64", 2),
    signature(r"exec format error", 1),
)


@check(title="The image is for a platform that Lambda runs", severity=Severity.ERROR, rung=Rung.SPAWN)
def arch_variant_unsupported(
    image: ImageConfig, function: FunctionRecord | Unavailable, code: FunctionCode | Unavailable
) -> Verdict:
    """Reads system and architecture of the image's configuration."""
    named = "/".join(part for part in (image.os, image.architecture, image.variant) if part)
    cited = image.cite("architecture", named or None, label="image platform")
    if not image.architecture:
        return nameless(image, cited)
    if image.os in ("", "linux") and image.architecture in OCI.values():
        return passed(f"the image is for {named}", cited)
    text = "Build the image for linux/amd64 (x86_64) or linux/arm64, as the function is set."
    message = f"the image is for {named}; Lambda runs linux/amd64 and linux/arm64 only"
    return failed(message, cited, remediation=rebuilt(text, function, image, code))
