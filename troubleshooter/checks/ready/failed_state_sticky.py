"""The function stays failed although its image was corrected.

What it looks for
    State Failed with `InvalidImage` while the image now behind the address is sound.

Why it breaks
    The state speaks of the image of the last deployment. Correcting the tag changes nothing until the function's code
    is updated; some functions had to be created anew.

How it is told apart
    It is a companion of the first cause (manifest, layer, size), never a cause of its own.

Fix
    Update the function's code again with the corrected image; else delete and create it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"InvalidImage\b", 1),
    signature(
        r"(?:function|resource).{0,60}(?:is|remains|stuck) in (?:the )?(?:a )?failed state"
        r"|current state of .{0,40}Failed|State: Failed",
        2,
    ),
    signature(r"Cannot (?:invoke|update).{0,60}state.{0,20}Failed", 2),
    signature(r"CodeArtifactUserFailedException", 2),
    signature(r"unexpected state 'Failed'", 2),
)


@check(
    title="A failed function was updated since its image was corrected",
    severity=Severity.INFO,
    rung=Rung.READY,
    narrow=True,
)
def failed_state_sticky(function: FunctionRecord, code: FunctionCode, registry: RegistryRecord) -> Verdict:
    """A companion of what made it fail, never the cause: the tag points to another image since, and AWS has not been told."""
    failed_for = (function.state_reason_code, function.update_reason_code)
    if "Failed" not in (function.state, function.update_status) or "InvalidImage" not in failed_for:
        return not_applicable("AWS does not say that the image is invalid")
    tagged, changed = registry.tagged, function.last_modified
    if tagged is None or registry.digest is None or tagged.digest == registry.digest:
        return passed("the tag points to the image that AWS found invalid", function.cite("state"))
    if tagged.pushed_at is None or changed is None or tagged.pushed_at <= changed:
        return unknown("when the image that the tag points to now was pushed does not show that it is newer")
    cited = (
        function.cite("state"),
        function.cite("last_modified"),
        registry.cite("tagged", tagged.pushed_at, label="newer image pushed at"),
    )
    uri = (code.image_uri or "").partition("@")[0].removesuffix(f":{registry.tag}")
    commands = (aws_lambda(function, "update-function-code", "--image-uri", f"{uri}@{tagged.digest}"),) if uri else ()
    fix = Remediation(
        "Update the function's code with the image that the tag points to now; a function that stays Failed even then has to "
        "be deleted and created.",
        commands,
        "State is Active and LastUpdateStatus is Successful.",
    )
    message = "the state speaks of the image before: a newer one was pushed under the tag since, and was not deployed"
    return failed(message, *cited, remediation=fix)
