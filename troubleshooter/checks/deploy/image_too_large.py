"""The image is larger than 10 GB unpacked.

What it looks for
    AWS's own reason for an image that it did not take: InvalidImage with `SizeLimitExceeded`, in the function's State or
    LastUpdateStatus.

Why it breaks
    The limit of 10 GB counts all layers unpacked, also files that a later layer deletes. ECR shows compressed sizes,
    which are a third to a half of it.

How it is told apart
    250 MB and 50 MB are limits of zip packages (`zip_size_limits`). `No space left on device` while building is the
    build machine's disk; at run time it is `/tmp` (`tmp_full`).

Fix
    Build in stages, install CPU-only builds of machine-learning packages, remove caches in the same `RUN`, keep models
    in S3 or EFS.

References
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._readiness import NO_IMAGE, READY, invalid_image
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"SizeLimitExceeded", 3),
    signature(r"container image size exceeds", 3),
    signature(r"image (?:size )?(?:is )?(?:too large|larger than|exceeds) .{0,40}(?:10 ?Gi?B|limit)", 3),
    signature(r"10 ?Gi?B limit", 3),
    signature(r"\bimage\b[^\n]{0,40}(?:greater|larger|bigger|more) than[^\n]{0,30}\b10 ?Gi?B", 3),
)
ASK = "How large are the layers unpacked? (`docker history IMAGE` adds them up)"


@check(title="The image is small enough for Lambda", severity=Severity.ERROR, rung=Rung.DEPLOY)
def image_too_large(function: FunctionRecord, code: FunctionCode | Unavailable) -> Verdict:
    """Reads AWS's reason for an image that it did not take."""
    found = invalid_image(function, code, r"SizeLimitExceeded")
    if isinstance(found, Verdict):
        return found
    fix = rebuilt(
        "Make the image smaller: build in stages and copy only what runs, install CPU-only builds of machine-learning "
        "packages, remove caches in the same RUN that fills them, keep models in S3 or EFS. What a later layer deletes "
        "still counts.",
        function,
        NO_IMAGE,
        code,
        verify=READY,
    )
    message = "AWS did not take the image: unpacked it is larger than 10 GB"
    return failed(message, *found.evidence, remediation=fix, rung=Rung.READY)
