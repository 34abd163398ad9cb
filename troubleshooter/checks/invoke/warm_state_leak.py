"""State of an earlier invocation breaks this one.

What it looks for
    `Event loop is closed`, `attached to a different loop`, connections that went stale, values of other requests.

Why it breaks
    Globals, `/tmp`, clients and event loops outlive the invocation. A loop closed by `asyncio.run` leaves clients made
    on it unusable; sockets die while the environment is frozen; lists at module level grow.

How it is told apart
    Work that was not finished is `background_python_task`. The first invocation of an environment always succeeds
    here, later ones fail.

Fix
    Make what must be fresh inside the handler, keep one loop for the environment's life, check connections before use.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Event loop is closed", 3),
    signature(r"attached to a different loop|is bound to a different event loop", 3),
    signature(r"There is no current event loop", 2),
    signature(
        r"server closed the connection unexpectedly|MySQL server has gone away"
        r"|SSL connection has been closed unexpectedly|Connection reset by peer|connection already closed|EPIPE\b"
        r"|\bECONNRESET\b|Cannot enqueue \w+ after|Client must be connected before",
        2,
    ),
    signature(
        r"no current event loop in thread|loop is already running|cannot be called from a running event loop",
        3,
    ),
)
ASK = "Does the first invocation of an environment succeed and a later one fail?"
