"""Too many open files or threads.

What it looks for
    `Too many open files`, `can't start new thread`, `EMFILE`.

Why it breaks
    An environment has 1024 file descriptors and as many processes and threads. Clients or sessions made in each
    invocation and never closed, large pools, and sockets in warm environments use them up.

How it is told apart
    It comes after many invocations on one environment; at once it would be a pool that is too large.

Fix
    Make clients once outside the handler, close files and sessions, bound pools.

References
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"Too many open files|\bEMFILE\b|\bENFILE\b", 3),
    signature(
        r"can't start new thread|unable to create (?:new )?native thread|pthread_create failed"
        r"|Resource temporarily unavailable|failed to create new OS thread",
        3,
    ),
    signature(r"OpenBLAS blas_thread_init", 3),
)
ASK = "Are files, clients or threads made in each invocation and never closed?"
