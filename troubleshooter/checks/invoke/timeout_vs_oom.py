"""Killed: by time or by memory?

What it looks for
    `signal: killed` or a timeout whose cause the line itself does not name.

Why it breaks
    Both limits end the process from outside. Near the memory limit work may slow down until the time is up, so that a
    lack of memory appears as a timeout; and a kill at the timeout may be reported as `signal: killed`.

How it is told apart
    Duration near the timeout and memory to spare: `function_timeout`. Memory at the limit: `oom`, whatever the
    duration.

Fix
    Read Duration and Max Memory Used of the REPORT line, and raise the one that is at its limit.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import update_configuration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"signal: killed", 2),
    signature(r"Memory Size: (\d+) MB\s+Max Memory Used: \1 MB[\s\S]{0,300}(?:Status: timeout|timed out)", 2),
    signature(r"Task timed out", 1),
)
ASK = "Which is at its limit in REPORT: Duration or Max Memory Used?"


_NEAR, _MOST_S = 0.95, 900
_KILLED = t.exited(r"with error: signal: killed")


@check(title="A killed process was killed for its memory", severity=Severity.ERROR, rung=Rung.INVOKE, explains=("oom",))
def timeout_vs_oom(timeline: Timeline, function: FunctionRecord) -> Verdict:
    """Holds the time and the memory of killed processes against the function's limits."""
    limit = function.timeout_s
    found = t.failing(timeline, _KILLED)
    if isinstance(found, Verdict):
        return found
    cited = (
        t.report(timeline, found),
        t.fault(timeline, found),
        function.cite("timeout_s", label="timeout in seconds"),
    )
    if not limit or found.duration_ms is None:
        return unknown("the process was killed; after which share of its time is not told", *cited)
    full, near = t.memory_full(found), found.duration_ms >= _NEAR * 1000 * limit
    if not near:
        return passed("the process was killed long before its time was up", *cited)
    if full is not False:
        return unknown(
            "the process was killed just when its time was up, and its memory may have been used up too", *cited
        )
    message = f"the process was killed because its {limit} s were up: it had memory to spare"
    longer = min(max(2 * limit, 30), _MOST_S)
    commands = update_configuration(function, "--timeout", str(longer)) if longer > limit else ()
    fix = Remediation(
        "More memory would not have helped, except by the CPU that comes with it. Find what takes the time, or give it more; "
        "set timeouts on clients below the function's.",
        commands,
        "The next invocations end with a Duration clearly below the timeout.",
    )
    return failed(message, *cited, remediation=fix)
