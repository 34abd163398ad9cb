"""Killed: by time or by memory?

What it looks for
    `signal: killed` or a timeout whose cause the line itself does not name.

Why it breaks
    Both limits end the process from outside. Near the memory limit work may slow down until the time is up, so that a
    lack of memory appears as a timeout; and a kill at the timeout may be reported as `signal: killed`.

How it is told apart
    Duration near the timeout and memory to spare: `function_timeout`. Memory at the limit: `oom`, whatever the
    duration.

Fix
    Read Duration and Max Memory Used of the REPORT line, and raise the one that is at its limit.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"signal: killed", 2),
    signature(r"Memory Size: (\d+) MB\s+Max Memory Used: \1 MB[\s\S]{0,300}(?:Status: timeout|timed out)", 2),
    signature(r"Task timed out", 1),
)
ASK = "Which is at its limit in REPORT: Duration or Max Memory Used?"
