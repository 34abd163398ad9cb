"""Native code crashes the process.

What it looks for
    A process that ended with a segmentation fault, an abort or a bus error.

Why it breaks
    Libraries of two C++ runtimes in one process, a musl build under glibc, an allocator or a thread stack that does
    not fit, a bug in a native module: the process dies below the language, so no exception is written. Unbounded
    recursion can end the same way or only show as a timeout.

How it is told apart
    `signal: killed` is the kernel or the platform (`oom`, `timeout_vs_oom`). `illegal instruction` is
    `native_cpu_features`. An abort after messages about processors in `/sys` or semaphores is
    `sandbox_no_shm_or_sysfs`; one after `JavaScript heap out of memory` is `oom`.

Fix
    Rebuild native modules inside the base image; run with `PYTHONFAULTHANDLER=1`, or `node --report-on-fatalerror`, to
    see the last frame; update the module that it names.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-execution.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"signal: (?:segmentation fault|bus error)", 3),
    signature(r"signal: aborted", 2, unless=r"/sys/devices/system/cpu|heap out of memory"),
    signature(r"Segmentation fault(?: \(core dumped\))?", 2, unless=r"qemu|docker build|ERROR: failed to solve"),
    signature(r"exit status 13[49]\b", 2),
    signature(r"(?<!\[signal )(?:SIGSEGV|SIGBUS)|(?:caught|received|by|with|on) signal:? (?:11|7)\b", 2),
    signature(r"Fatal Python error: (?:Segmentation fault|Aborted|Bus error)", 3),
    signature(r"double free or corruption|malloc\(\): |free\(\): invalid pointer|corrupted size vs", 3),
    signature(r"terminate called after throwing an instance of", 1),
)
ASK = "Which module is in the last frame with PYTHONFAULTHANDLER=1, or with `node --report-on-fatalerror`?"


_CRASHED = t.exited(r"with error: signal: (?:segmentation fault|bus error|aborted)")
_OTHER_ABORTS = r"heap out of memory|heap limit|bad_alloc|MemoryError|Cannot allocate memory|/sys/devices|/dev/shm|semaphore|sem_open"


@check(title="No native code crashes the process", severity=Severity.ERROR, rung=Rung.INVOKE)
def native_crash(timeline: Timeline, function: FunctionRecord | Unavailable) -> Verdict:
    """Reads by which signal the newest process ended."""
    found = t.failing(timeline, _CRASHED)
    if isinstance(found, Verdict):
        return found
    cited = (t.fault(timeline, found), t.report(timeline, found))
    aborted = "aborted" in (found.error or "")
    if aborted and (t.memory_full(found) or t.wrote(timeline, found, _OTHER_ABORTS)):
        return unknown("the process aborted, and it wrote of memory or of what the sandbox lacks", *cited)
    message = "the process aborted below the language" if aborted else "native code made the process crash"
    return failed(message, *cited, remediation=_fix(function), rung=t.rung(timeline, found, Rung.INVOKE))


def _fix(function: FunctionRecord | Unavailable) -> Remediation:
    runtime = "" if isinstance(function, Unavailable) else (function.runtime or "")
    python = "set PYTHONFAULTHANDLER=1 in the function's environment"
    node = "add --report-on-fatalerror to NODE_OPTIONS in the function's environment"
    see = {"py": python, "no": node}.get(runtime[:2], f"{python} (Python), or {node} (Node.js)")
    return Remediation(
        f"To see in which module it happens, {see}. Then rebuild that module inside the base image that runs, or update it.",
        (),
        "The next invocations end without a signal.",
    )
