"""Too little memory, and with it too little CPU.

What it looks for
    A newest cold start whose init was stopped after ten seconds and, done again within the first invocation, did end, on
    a function with at most 512 MB, while no cold start since the last change ended in time. It works, and each cold start
    costs the caller the init twice. A slow handler is only suspected of it.

Why it breaks
    CPU is given in proportion to memory: one whole vCPU at 1769 MB. At 128 MB an import takes ten times as long as at
    home, although memory is not short.

How it is told apart
    An init whose repetition does not end either is `init_timeout`. Max Memory Used near Memory Size is `oom`. A handler
    that waits for others is not made faster by CPU: a function in a VPC, or one whose init wrote of connections, is not
    blamed.

Fix
    Raise the memory and compare: often the run costs the same and is faster.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import update_configuration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Memory Size: (?:128|192|256) MB[\s\S]{0,400}Status: timeout", 3),
    signature(r"Status: timeout[\s\S]{0,1500}Memory Size: (?:128|192|256) MB", 3),
    signature(r"Task timed out[\s\S]{0,600}Memory Size: (?:128|192|256) MB", 2),
    signature(r"Status: timeout", 1),
)
ASK = "Does the time fall in proportion when the memory is raised to 1769 MB?"

SCANT_MB, STARVED_MB, VCPU_MB = 256, 512, 1769
"""A seventh and less than a third of a CPU; a whole one."""
_WAITS = r"time[sd]? ?-?out|connect|resolv|getaddrinfo|ETIMEDOUT|ECONN|ENOTFOUND|retry|download"
"""Words of an init that waits for others: enough for doubt."""


@check(title="Init has CPU enough to end within ten seconds", severity=Severity.WARNING, rung=Rung.INIT, narrow=True)
def memory_too_small_cpu(timeline: Timeline, function: FunctionRecord) -> Verdict:
    """Reads whether the newest cold starts ran out of the init's time, ended when it was done again, and had little CPU."""
    cold = [i for i in timeline.invocations if i.init_ms or t.inits_of(timeline, i)]
    if not cold:
        return not_applicable("the log shows no cold start since the last change")
    repeated = [i for i in cold if any(r.status == "timeout" and r.phase == "init" for r in t.inits_of(timeline, i))]
    newest = cold[-1]
    if len(repeated) < len(cold) or newest.status != "success":
        return passed("a cold start since the last change ended in time, or failed", t.report(timeline, newest))
    memory = function.memory_mb
    cited = (t.init_report(timeline, t.inits_of(timeline, newest)[0]), t.report(timeline, newest))
    if memory is None or memory > STARVED_MB:
        return not_applicable("init is done twice at each cold start, but not for want of memory and CPU")
    if function.vpc_attached or t.wrote(timeline, newest, _WAITS):
        ask = Unblock("Tell what the init waits for: its log lines, or the same with more memory.")
        return unknown("init is done twice at each cold start; it may wait for the network", *cited, unblock=ask)
    if len(cold) < 2 and memory > SCANT_MB:
        return unknown("init was stopped and done again at the one cold start that the log shows", *cited)
    share = round(100 * memory / VCPU_MB)
    said = (
        f"init is stopped after ten seconds at each cold start and done again; {memory} MB give it {share} % of a CPU"
    )
    return failed(said, *cited, function.cite("memory_mb"), remediation=_fix(function), regardless=True)


def _fix(function: FunctionRecord) -> Remediation:
    return Remediation(
        f"Raise the memory, and the CPU with it: {VCPU_MB} MB have a whole one, and what ends sooner often costs the same. "
        "Or do less before the first event: import lazily.",
        update_configuration(function, "--memory-size", str(VCPU_MB)),
        "The next cold start has an Init Duration in its REPORT line, and no INIT_REPORT line.",
    )
