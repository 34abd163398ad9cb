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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"signal: (?:segmentation fault|bus error)", 3),
    signature(r"signal: aborted", 2, unless=r"/sys/devices/system/cpu|heap out of memory"),
    signature(r"Segmentation fault(?: \(core dumped\))?", 2, unless=r"qemu|docker build|ERROR: failed to solve"),
    signature(r"exit status 13[49]\b", 2),
    signature(r"SIGSEGV|SIGBUS", 2),
    signature(r"Fatal Python error: (?:Segmentation fault|Aborted|Bus error)", 3),
    signature(r"double free or corruption|malloc\(\): |free\(\): invalid pointer|corrupted size vs", 3),
    signature(r"terminate called after throwing an instance of", 1),
)
