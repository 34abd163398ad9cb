"""The container runs a program that ends, not a handler.

What it looks for
    A process that ended with status 0 during its init, by the platform's own words, in an image whose launch ends in no
    runtime client that is known.

Why it breaks
    Lambda starts the image's process and expects it to ask for events for as long as the environment lives. A batch
    job, a command-line tool or a script of a cron image does its work during init, ends with status 0, and is counted
    as a failed runtime; the work is then done twice.

How it is told apart
    Code that calls `sys.exit()` or `process.exit()` inside a handler is `sys_exit_in_code`. A runtime client that is
    missing ends with an error text (`ric_missing`). A status other than 0 is a failure of the program.

Fix
    Put the work into a handler, started by the runtime client, or wrap the program: a handler that runs it as a child
    process and returns. Jobs that need no function fit AWS Batch, ECS tasks or CodeBuild.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://github.com/rebuy-de/aws-nuke/issues/806
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.facts import Unavailable
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Runtime exited without providing a reason", 3),
    signature(r"Runtime exited with error: exit status 0", 3),
    signature(r"Process exited before completing request", 2),
)
ASK = "Is the image's command a program that ends by itself, such as a script or a batch job?"


_ENDED_WELL = t.exited(r"without providing a reason|with error: exit status 0\b")


@check(title="The image's program does not end by itself", severity=Severity.ERROR, rung=Rung.RUNTIME)
def process_exits_by_design(
    timeline: Timeline, runtime: RuntimeModel | Unavailable, launch: EffectiveLaunch | Unavailable
) -> Verdict:
    """Reads how the newest process ended, and whether what was launched is a runtime client."""
    found = t.failing(timeline, _ENDED_WELL)
    if isinstance(found, Verdict):
        return found
    init = t.init_of(timeline, found)
    if init is None or init.status != "error":
        return not_applicable("the process ended in an invocation, not in its init")
    cited = (t.fault(timeline, found), t.init_report(timeline, init))
    if isinstance(runtime, RuntimeModel) and runtime.client != "unknown":
        text = "a runtime client was started, and the code that it loaded ended the process"
        return unknown(text, *cited, runtime.cite("client", label="runtime client"))
    if isinstance(launch, Unavailable):
        return unknown(f"the process ended well during init; what was launched was not read: {launch.detail}", *cited)
    if isinstance(runtime, Unavailable) and runtime.applies:
        text = f"the process ended well during init; whether it is a runtime client could not be told: {runtime.detail}"
        return unknown(text, *cited, unblock=runtime.unblock)
    fix = Remediation(
        "Put the work into a handler that a runtime client calls; or keep the program and write a handler that runs it as "
        "a child process and returns. A job that needs no function fits AWS Batch, ECS tasks or CodeBuild.",
        (),
        "The next init ends without Runtime.ExitError, and the work is done once for each invocation.",
    )
    message = "the image's program does its work during init and ends with status 0; nothing stays to ask for events"
    return failed(message, *cited, *launch.evidence[:2], remediation=fix)
