"""Too little memory, and with it too little CPU.

What it looks for
    Slow inits or handlers on a function with little memory, of which much is unused.

Why it breaks
    CPU is given in proportion to memory: one whole vCPU at 1769 MB. At 128 MB an import takes ten times as long as at
    home, although memory is not short.

How it is told apart
    Max Memory Used near Memory Size is `oom`. A handler that waits for others is not made faster by CPU.

Fix
    Raise the memory and compare: often the run costs the same and is faster.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INIT
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Memory Size: (?:128|192|256) MB[\s\S]{0,400}Status: timeout", 3),
    signature(r"Status: timeout[\s\S]{0,1500}Memory Size: (?:128|192|256) MB", 3),
    signature(r"Task timed out[\s\S]{0,600}Memory Size: (?:128|192|256) MB", 2),
    signature(r"Status: timeout", 1),
)
ASK = "Does the time fall in proportion when the memory is raised to 1769 MB?"
