"""An idle function is being made ready again.

What it looks for
    State Inactive with reason Idle, or `CodeArtifactUserPendingException` at the first call after weeks.

Why it breaks
    Lambda gives back the resources of functions that were not called for weeks. The first call is refused and starts
    the way back over Pending to Active; an image is optimised anew.

How it is told apart
    Inactive with another reason than Idle is a real failure (`ecr_image_deleted`, `ecr_repo_policy_missing`). During a
    deployment the same Pending is `update_in_progress`.

Fix
    Call again after a minute; for functions that must answer at once, call them from time to time or use provisioned
    concurrency.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"CodeArtifactUserPendingException", 3),
    signature(r"Lambda is (?:initializing|optimizing) (?:the|your) (?:function|container)", 3),
    signature(r"state: ['\x22]?Inactive|StateReasonCode\W+Idle|The function is (?:in (?:the )?)?(?:inactive|idle)", 3),
    signature(r"function is being (?:initialized|restored|activated)|Lambda is re-?creating", 2),
)


@check(title="The function is not idle", severity=Severity.INFO, rung=Rung.READY)
def function_inactive_reactivating(function: FunctionRecord) -> Verdict:
    """Reads State and its reason code: Inactive for idling, or Pending on the way back."""
    if function.state is None:
        return not_applicable("there is no state yet: the function is not deployed, or its state was not told")
    cited = (function.cite("state"), function.cite("state_reason_code"), function.cite("state_reason"))
    asleep = function.state == "Inactive" and function.state_reason_code == "Idle"
    waking = function.state == "Pending" and function.state_reason_code == "Restoring"
    if asleep or waking:
        message = (
            "the function was not called for weeks and gave its resources back; the next call is refused and wakes it"
            if asleep
            else "the function was idle and is being made ready again; calls are refused until it is Active"
        )
        return failed(message, *cited, remediation=_fix(function))
    if function.state == "Inactive":
        return not_applicable("the function is Inactive for another reason than idling")
    return passed("the function is not idle", *cited[:1])


def _fix(function: FunctionRecord) -> Remediation:
    return Remediation(
        "Call the function again after a minute. One that must answer at once needs a call from time to time, or "
        "provisioned concurrency.",
        (aws_lambda(function, "get-function-configuration", "--query", "[State,StateReasonCode]"),),
        "State is Active.",
    )
