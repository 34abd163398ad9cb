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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Task timed out after [\d.]+ seconds", 2),
    signature(r"Sandbox\.Timedout", 2),
    signature(r"Task timed out after 3\.0\d seconds", 3),
    signature(r"Status: timeout", 1, unless=r"INIT_REPORT"),
    signature(r"timed out after \d+ (?:seconds|ms)", 1),
)
ASK = "Does the handler wait for a network call when the time is up, or does it compute?"
