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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
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
    signature(r"Memory Size: (\d+) MB\s+Max Memory Used: \1 MB", 3),
    signature(r"exit status 137\b", 3),
    signature(r"memory usage.*exceed|Out of memory|out-of-memory", 2),
    signature(r"'MemorySize' value failed to satisfy constraint", 2),
)
ASK = "Is Max Memory Used close to Memory Size in the REPORT line?"
