"""Init takes longer than ten seconds.

What it looks for
    INIT_REPORT with Status timeout at about 10000 ms, then a second init inside the first invocation.

Why it breaks
    Imports, model downloads and connections at the top level have ten seconds. After that the init is stopped and run
    again within the invocation, against the function's own timeout: either every cold start takes twice as long, or
    the invocation times out too.

How it is told apart
    A server's banner and no error says that nothing asks for events (`ric_missing`). Little memory makes imports many
    times slower (`memory_too_small_cpu`). A large image loads its first files over the network
    (`slow_cold_start_large_image`).

Fix
    Import lazily, bake models into the image, give more memory (CPU follows), raise the timeout so that the second
    init can finish, or use provisioned concurrency.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import update_configuration
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"INIT_REPORT Init Duration: (?:9[89]\d\d|10\d\d\d)(?:\.\d+)? ms",
        3,
        unless=r"Uvicorn running|Started server process|Application startup complete|Listening (?:at|on)|server (?:listening|running)",
    ),
    signature(
        r"Phase: (?:init|invoke)\s+Status: timeout",
        3,
        unless=r"Uvicorn running|Started server process|Application startup complete|Listening (?:at|on)|server (?:listening|running)",
    ),
    signature(r"Init Duration: (?:9[89]\d\d|10\d\d\d)(?:\.\d+)? ms", 2),
    signature(r"FunctionError\.InitTimeout|InitTimeout\b", 3),
    signature(r"init(?:ialization)? (?:phase )?(?:timed out|took longer than|exceeded)", 2),
    signature(r"\binit\w*[^\n]{0,40}(?:within|exceed\w*|(?:more|longer) than|limit\w* (?:of|to)) 10 ?s(?:ec|\b)", 2),
)
ASK = "How long does the import take locally: `python -X importtime`, or the same for Node.js?"


_CLIENTS = ("aws-base", "ric", "zip")
_VCPU_MB = 1769


@check(title="Init ends within ten seconds", severity=Severity.ERROR, rung=Rung.INIT, explains=("function_timeout",))
def init_timeout(
    timeline: Timeline, runtime: RuntimeModel | Unavailable, function: FunctionRecord | Unavailable
) -> Verdict:
    """Reads whether the newest invocations failed because their init was stopped, and whether a client can have spoken."""

    def matches(invocation: Invocation) -> bool:
        return invocation.status in ("error", "timeout") and _stopped_init(timeline, invocation)

    if not timeline.inits and not timeline.invocations:
        return not_applicable("the log shows no init and no invocation since the last change")
    found = t.failing(timeline, matches)
    if isinstance(found, Verdict):
        slow = next((i for i in timeline.inits if i.status == "timeout"), None)
        if slow is None or timeline.invocations:
            return found if timeline.invocations else passed("no init that the log shows timed out")
        return unknown(
            "an init timed out; no invocation shows whether its repetition did too", t.init_report(timeline, slow)
        )
    stopped = [i for i in t.inits_of(timeline, found) if i.status != "success"]
    cited = (*(t.init_report(timeline, i) for i in stopped[-2:]), t.report(timeline, found))
    if stopped[-1].phase != "invoke":
        return unknown(
            "init timed out; nothing shows whether its repetition ended before the invocation failed", *cited
        )
    if not any(i.status == "success" for i in timeline.invocations):
        if isinstance(runtime, Unavailable):
            ask = runtime.unblock or Unblock("Let the image be read: it shows whether it has a runtime client.")
            return unknown(
                "init timed out, and it was not read whether the image has a runtime client", *cited, unblock=ask
            )
        if runtime.client not in _CLIENTS:
            return unknown("init timed out, and nothing shows that a runtime client was started at all", *cited)
        cited = (*cited, runtime.cite("client", label="runtime client"))
    message = "init took longer than its ten seconds, and its repetition did not end within the function's timeout"
    return failed(message, *cited, remediation=_fix(function))


def _stopped_init(timeline: Timeline, invocation: Invocation) -> bool:
    """Whether its last init did not end, and one before ran out of time: the repetition may end as Runtime.Unknown."""
    inits = t.inits_of(timeline, invocation)
    if not inits or inits[-1].status == "success":
        return False
    last = inits[-1]
    cut = last.status == "timeout" or (last.error_type == "Runtime.Unknown" and t.timed_out(invocation))
    return cut and any(i.status == "timeout" for i in inits)


def _fix(function: FunctionRecord | Unavailable) -> Remediation:
    text = (
        "Do less before the first event: import lazily, bake models into the image instead of downloading them, connect in "
        "the handler. The CPU grows with the memory"
    )
    verify = "The next cold start has an Init Duration below 10000 ms in its REPORT line, and no INIT_REPORT line."
    now = function.memory_mb if isinstance(function, FunctionRecord) else None
    if now is None or now >= _VCPU_MB:
        return Remediation(f"{text}. Or use provisioned concurrency, whose init has more time.", (), verify)
    return Remediation(
        f"{text}: below {_VCPU_MB} MB there is less than one vCPU, and the command shows what more does.",
        update_configuration(function, "--memory-size", str(_VCPU_MB)),
        verify,
    )
