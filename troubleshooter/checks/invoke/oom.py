"""The function runs out of memory.

What it looks for
    `signal: killed`, or Max Memory Used at Memory Size.

Why it breaks
    At the configured memory the kernel kills the process. Large inputs, a model beside its download, results collected
    in lists, memory kept by warm environments. Node.js may stop at its own heap limit first. Extensions share the same
    memory.

How it is told apart
    Killed close to the timeout it is the timeout (`timeout_vs_oom`). A crash inside native code is `segmentation
    fault` (`native_crash`).

Fix
    Raise the memory, stream instead of collecting, release between invocations; for Node.js let the heap limit follow
    the memory.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import update_configuration
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"signal: killed", 3, unless=r"docker build|Killed process .* qemu"),
    signature(r"Runtime\.OutOfMemory", 3),
    signature(r"JavaScript heap out of memory|Allocation failed - |FATAL ERROR: .*heap", 3),
    signature(
        r"\bMemoryError\b|OutOfMemoryError|std::bad_alloc|Cannot allocate memory|\bENOMEM\b"
        r"|unable to allocate [\d.]+ [GM]iB|DefaultCPUAllocator: (?:can't|not enough)",
        3,
    ),
    signature(r"Memory Size: (\d+) MB\s+Max Memory Used: \1 MB", 3, unless=r"^REPORT RequestId: \S+\s+Init Duration"),
    signature(r"exit status 137\b", 3),
    signature(r"OOMKilled|\bcode 137\b", 2, unless=r"docker build|failed to solve|executor failed running"),
    signature(r"memory usage.*exceed|Out of memory|out-of-memory", 2),
    signature(r"'MemorySize' value failed to satisfy constraint", 2),
)
ASK = "Is Max Memory Used close to Memory Size in the REPORT line?"


_KILLED = t.exited(r"with error: signal: killed")
_ABORTED = t.exited(r"with error: (?:signal: aborted|exit status 134)")
_HEAP = r"JavaScript heap out of memory|Reached heap limit"
"""What V8 writes before it aborts the process."""
_LARGEST_MB, _NEAR = 10_240, 0.95


@check(
    title="The function has enough memory", severity=Severity.ERROR, rung=Rung.INVOKE, explains=("function_timeout",)
)
def oom(timeline: Timeline, function: FunctionRecord | Unavailable) -> Verdict:
    """Reads how the newest invocations ended, and how much memory their reports tell."""

    def heap_full(invocation: Invocation) -> bool:
        return _ABORTED(invocation) and t.wrote(timeline, invocation, _HEAP)

    found = t.failing(timeline, lambda i: _KILLED(i) or _out_of_memory(i) or heap_full(i))
    if isinstance(found, Verdict):
        return found
    cited = (t.report(timeline, found), *((t.fault(timeline, found),) if found.error else ()))
    full = t.memory_full(found)
    if full is None and not _out_of_memory(found):
        return unknown("the process was killed, and no report tells how much memory it had used", *cited)
    if heap_full(found):
        return _of_its_heap(found, function, cited, rung=t.rung(timeline, found, Rung.INVOKE))
    if full is False:
        return unknown("the process was killed with memory to spare", *cited)
    if not _out_of_memory(found) and _near_timeout(found, function):
        return unknown("the process was killed with its memory used up, and just when its time was up", *cited)
    message = "the process was killed because its memory was used up"
    return failed(message, *cited, remediation=_fix(found, function), rung=t.rung(timeline, found, Rung.INVOKE))


def _of_its_heap(
    invocation: Invocation, function: FunctionRecord | Unavailable, cited: tuple[Evidence, ...], *, rung: Rung
) -> Verdict:
    """Node.js gave up by itself. With memory to spare its own limit is too low, which another setting raises."""
    if not t.memory_full(invocation):
        text = (
            "Node.js says that its heap was full, and the function had memory left: its limit is lower than the memory"
        )
        return unknown(text, *cited, unblock=Unblock("Tell whether NODE_OPTIONS sets --max-old-space-size."))
    message = "Node.js gave up because its memory was used up"
    return failed(message, *cited, remediation=_fix(invocation, function), rung=rung)


def _out_of_memory(invocation: Invocation) -> bool:
    return invocation.status == "error" and invocation.error_type == "Runtime.OutOfMemory"


def _near_timeout(invocation: Invocation, function: FunctionRecord | Unavailable) -> bool:
    limit = function.timeout_s if isinstance(function, FunctionRecord) else None
    return bool(limit) and (invocation.duration_ms or 0) >= _NEAR * 1000 * (limit or 0)


def _fix(invocation: Invocation, function: FunctionRecord | Unavailable) -> Remediation:
    now = invocation.memory_mb or (function.memory_mb if isinstance(function, FunctionRecord) else None)
    text = (
        "Give the function more memory, or let it use less: stream instead of collecting, and release between "
        "invocations what a warm environment would keep."
    )
    verify = "Max Memory Used stays clearly below Memory Size in the next REPORT lines."
    if now is None or now >= _LARGEST_MB:
        return Remediation(text, (), verify)
    more = min(2 * now, _LARGEST_MB)
    text += f" The command doubles it to {more} MB, as a first try."
    return Remediation(text, update_configuration(function, "--memory-size", str(more)), verify)
