"""A library wants shared memory or CPU files that the sandbox does not have.

What it looks for
    `[Errno 38] Function not implemented`, or an abort after complaints about `/sys/devices/system/cpu`.

Why it breaks
    Lambda's sandbox has no `/dev/shm`, so POSIX semaphores and with them `multiprocessing.Queue`, `Pool` and `Lock`
    fail, sometimes already at import; and parts of `/sys` are not there, which some numeric libraries read to count
    processors, on arm64 above all.

How it is told apart
    Architecture and packages are right, and the same image works on a laptop. `Errno 30` is a read-only path
    (`fs_read_only`), `Errno 28` a full `/tmp` (`tmp_full`). An abort without such a line is `native_crash`.

Fix
    Use `multiprocessing.Process` with `Pipe`, or threads; another version of the library; x86_64 where arm64 lacks the
    file. To reproduce: `docker run --ipc=none`.

References
    https://aws.amazon.com/blogs/compute/parallel-processing-in-python-with-aws-lambda/
    https://github.com/microsoft/onnxruntime/issues
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"\[?Errno 38\]? ?:? ?(?:Function not implemented|ENOSYS)", 3),
    signature(r"/sys/devices/system/cpu/(?:possible|present)", 3),
    signature(r"(?:/dev/shm)\b", 2, unless=r"disable-dev-shm-usage"),
    signature(r"_multiprocessing\.SemLock|SemLock", 3),
    signature(r"Function not implemented", 2),
    signature(r"sem_open|shm_open", 2),
    signature(r"Error in cpuinfo", 3),
    signature(r"DevToolsActivePort file doesn't exist|Chrome failed to start|chrome not reachable", 1),
    signature(r"signal: aborted", 1, unless=r"heap out of memory"),
)
ASK = "Does the image fail in the same way under `docker run --ipc=none`?"
