"""Asynchronous events run again after failures.

What it looks for
    The same request id several times, work done two or three times, or events that vanish after all attempts failed.

Why it breaks
    Asynchronous invocations that fail are tried twice more, after one and two minutes. Work done before the failure is
    repeated; after the last attempt the event is gone unless a destination or dead-letter queue is set.

How it is told apart
    Duplicates under different request ids come from the source, not from retries. What makes the attempts fail is the
    cause proper.

Fix
    Make the handler idempotent, set an on-failure destination, and choose the number of attempts.

References
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.COMPLETION
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"RequestId: ([0-9a-f-]{36}) Version[\s\S]{0,5000}START RequestId: \1", 3),
    signature(
        r"(?:processed|executed|invoked|sent|runs?) (?:twice|two times|three times|multiple times)"
        r"|duplicate (?:event|message|invocation)s?",
        2,
    ),
    signature(r"MaximumRetryAttempts|dead[- ]letter|OnFailure", 1),
)
ASK = "Does the same request id appear in several START lines?"
