"""Clean-up at shutdown does not run.

What it looks for
    Work in `atexit`, signal handlers or shutdown hooks that does not happen.

Why it breaks
    An environment gets a shutdown signal only when an extension is registered, 500 ms with internal and two seconds
    with external ones; without any it is ended at once, and not right after an invocation but some minutes later.

How it is told apart
    Data that is lost after each invocation is `telemetry_not_flushed` or a background task.

Fix
    Do at the end of the handler what must be done; use an extension for the rest.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.COMPLETION
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"SIGTERM(?!, (?:shutting|exiting|stopping))", 1),
    signature(r"atexit", 1),
    signature(r"graceful(?:ly)? shut ?down", 1),
)
