"""Lambda could not unpack a layer.

What it looks for
    AWS's own reason for an image that it did not take: InvalidImage with `UnsupportedImageLayerDetected` and a layer's
    digest, in the function's State or LastUpdateStatus.

Why it breaks
    The image was accepted and fails while Lambda optimises it: a layer whose content does not fit its type, or a tar
    with entries that it does not take. It is met with images of Bazel rules and other tools that write tars
    themselves.

How it is told apart
    Parent folders without entries are named (`layer_missing_parent_dirs`). A manifest or type that is refused at once
    is `manifest_index_or_attestation` or `layer_media_type`.

Fix
    `docker load` and `docker push` the image, or write the layers as gzip with the matching type; update the rules
    that made them.

References
    https://github.com/bazel-contrib/rules_oci/issues/645
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._readiness import READY, deploy_again, invalid_image
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"UnsupportedImageLayerDetected", 3),
    signature(r"ImageLayerFailure", 3),
    signature(r"InvalidImage\b.*Layer", 2),
)


@check(title="Lambda can unpack every layer", severity=Severity.ERROR, rung=Rung.READY)
def layer_unsupported(function: FunctionRecord, code: FunctionCode | Unavailable) -> Verdict:
    """Reads AWS's reason for an image that it could not unpack."""
    found = invalid_image(function, code, r"UnsupportedImageLayer")
    if isinstance(found, Verdict):
        return found
    fix = Remediation(
        "Write the layers as gzip with the media type that fits, and update the rules that made them; or load "
        "their output with `docker load` and push that. Then deploy the image again.",
        deploy_again(function, code),
        READY,
    )
    return failed("AWS took the image and could not unpack one of its layers", *found.evidence, remediation=fix)
