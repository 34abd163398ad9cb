"""The handler takes longer than the function's timeout.

What it looks for
    `Task timed out after N seconds` near the configured timeout.

Why it breaks
    The default is three seconds, the most fifteen minutes. At the limit the process is killed, whatever it was doing;
    the caller gets an error and asynchronous events are tried again.

How it is told apart
    A call that waits for the network until the end is `vpc_no_egress`: the handler's own duration without it is short.
    A timeout whose init never ended is `init_timeout` or `ric_missing`. Killed together with full memory, it is `oom`.

Fix
    Find what takes the time; raise the timeout and, since CPU follows memory, the memory; set timeouts on clients
    below the function's.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, beside, check, failed, missing, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import update_configuration
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Task timed out after [\d.]+ seconds", 2),
    signature(r"Sandbox\.Timedout", 2),
    signature(r"Task timed out after 3\.0\d seconds", 3),
    signature(r"Status: timeout", 1, unless=r"INIT_REPORT"),
    signature(r"timed out after \d+ (?:seconds|ms)", 1),
)
ASK = "Does the handler wait for a network call when the time is up, or does it compute?"


_MOST_S = 900


@check(title="The handler ends within the function's timeout", severity=Severity.ERROR, rung=Rung.INVOKE)
def function_timeout(
    timeline: Timeline | Unavailable, function: FunctionRecord, metrics: Metrics | Unavailable
) -> Verdict:
    """Reads how the newest invocations ended, and whether the code had been loaded before the time was up.

    Metrics tell that time ran out, where the log does not, and never whether the code was loaded: they prove nothing alone.
    """
    counted = _counted(metrics, function)
    if counted and (isinstance(timeline, Unavailable) or not timeline.invocations):
        text = "CloudWatch counts failed calls that lasted until the timeout; whether their code was loaded no log line tells"
        return unknown(
            text, *counted, function.cite("timeout_s", label="function timeout in seconds"), unblock=_way(timeline)
        )
    if isinstance(timeline, Unavailable):
        return missing(timeline)
    found = t.failing(timeline, t.timed_out)
    if isinstance(found, Verdict):
        return found
    cited = (t.report(timeline, found), function.cite("timeout_s", label="function timeout in seconds"))
    if not t.started(timeline, found):
        return unknown("the invocation timed out before anything shows that the function's code was loaded", *cited)
    if function.vpc_attached:
        where = function.cite("vpc_attached", label="attached to a VPC")
        ask = Unblock(
            "Tell whether the handler waits for a call over the network: its last line before the end says it."
        )
        return unknown(
            "the invocation timed out in a VPC: it may only wait for the network", *cited, where, unblock=ask
        )
    if t.memory_full(found):
        return unknown("the invocation timed out with its memory used up, which slows everything down", *cited)
    limit = f"{function.timeout_s} s" if function.timeout_s else "its timeout"
    message = f"the handler was still running when {limit} were up"
    return failed(message, *cited, *beside(*counted), remediation=_fix(function))


def _counted(metrics: Metrics | Unavailable, function: FunctionRecord) -> tuple[Evidence, ...]:
    """What CloudWatch's numbers add; nothing where they do not speak of the timeout."""
    if isinstance(metrics, Unavailable):
        return ()
    late, bad = metrics.ran_out(function.timeout_s)
    if not late:
        return ()
    value = f"in {late} of {bad} periods with errors a call lasted {function.timeout_s} s or more"
    return (metrics.cite("duration", value, label="longest Duration and Errors"),)


def _way(timeline: Timeline | Unavailable) -> Unblock:
    own = timeline.unblock if isinstance(timeline, Unavailable) else None
    return own or Unblock("Give the log: REPORT and INIT_REPORT lines tell whether init had ended.")


def _fix(function: FunctionRecord) -> Remediation:
    text = (
        "Find what takes the time: the last lines before the end say how far it came. Set timeouts on clients below the "
        "function's. Where it only computes, give it more time or more memory, with which the CPU grows."
    )
    verify = "The next invocations end with a Duration clearly below the timeout."
    if not function.timeout_s or function.timeout_s >= _MOST_S:
        return Remediation(text, (), verify)
    longer = min(max(3 * function.timeout_s, 30), _MOST_S)
    return Remediation(
        f"{text} The command raises it to {longer} s, as a first try.",
        update_configuration(function, "--timeout", str(longer)),
        verify,
    )
