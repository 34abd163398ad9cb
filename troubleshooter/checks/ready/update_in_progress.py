"""Another update of the function is still running.

What it looks for
    `ResourceConflictException`: an update is in progress, or the function is Pending.

Why it breaks
    Code and configuration updates run for seconds to minutes. A second call meanwhile is refused: scripts that update
    code and then configuration, two pipelines, a tool that publishes a version at once.

How it is told apart
    An idle function that wakes up is `function_inactive_reactivating`. A Pending that lasts longer than some minutes
    is a failed deployment.

Fix
    Wait between calls: `aws lambda wait function-updated-v2 --function-name NAME`; retry with back-off; let one
    pipeline deploy.

References
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"An update is in progress for resource", 3),
    signature(r"operation cannot be performed at this time", 3),
    signature(r"ResourceConflictException", 2, unless=r"already exist"),
    signature(r"function is currently in the following state: ['\x22]?Pending", 3),
    signature(r"CodeArtifactUserPendingException", 1),
    signature(r"LastUpdateStatus.{0,10}InProgress", 2),
    signature(r"Waiter Function(?:Updated|Active)\w* failed: Max attempts", 2),
    signature(r"not in the state function(?:Updated|Active)|ResourceNotReady", 3, unless=r"AccessDenied"),
)
ASK = "Is LastUpdateStatus InProgress?"


@check(title="No other update of the function is running", severity=Severity.ERROR, rung=Rung.READY)
def update_in_progress(function: FunctionRecord) -> Verdict:
    """Reads LastUpdateStatus, and State where the function is only being made."""
    if function.state is None and function.update_status is None:
        return not_applicable("there is no state yet: the function is not deployed, or its state was not told")
    state, update = function.cite("state"), function.cite("update_status", label="last update status")
    if function.update_status == "InProgress":
        cited = (update, function.cite("update_reason_code"), function.cite("update_reason"))
        message = "an update of the function is still running; until it ends, further updates are refused"
        return failed(message, *cited, remediation=_fix(function, "function-updated-v2"))
    if function.state != "Pending":
        return passed("no update is running", state, update)
    if function.state_reason_code in ("Restoring", "Idle"):
        return not_applicable("the function is made ready again after it was idle; nothing was updated")
    cited = (state, function.cite("state_reason_code"), function.cite("state_reason"))
    message = "the function is still being made ready (State Pending); it cannot be invoked or updated yet"
    return failed(message, *cited, remediation=_fix(function, "function-active-v2"))


def _fix(function: FunctionRecord, until: str) -> Remediation:
    return Remediation(
        "Wait until it has ended, then try again; let scripts and pipelines wait between their calls. A State Pending "
        "that lasts longer than some minutes is ended by any new update of the function.",
        (aws_lambda(function, "wait", until),),
        "LastUpdateStatus is Successful and State is Active.",
    )
