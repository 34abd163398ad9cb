"""Whether what was read held still: a function that changes meanwhile, a clock that differs from AWS's."""

from __future__ import annotations

import threading
import time
from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.aws_failures import SKEW_S, said_of_clock
from troubleshooter.facts import Store
from troubleshooter.facts.function import FunctionRecord, RecordAtEnd

WAIT_S, CALLER_S = 3.0, 1.0
"""How long the record at the end is waited for, and who asks: nothing depends on them where AWS is slow."""


def ask(store: Store) -> threading.Thread | None:
    """Starts asking for the function's record once more, where AWS gave one."""
    if not isinstance(store.peek(FunctionRecord), FunctionRecord):
        return None
    return next(iter(store.prefetch([RecordAtEnd])), None)


def changes(store: Store, asked: threading.Thread | None) -> list[str]:
    """What the record at the end says differently from the first one, in words."""
    if asked is not None:
        asked.join(WAIT_S)
    first, last = store.peek(FunctionRecord), store.peek(RecordAtEnd)
    if not isinstance(first, FunctionRecord) or not isinstance(last, RecordAtEnd):
        return []
    return first.changes(last.record)


def clock(aws: Aws) -> str:
    """What is to be said of our clock; empty where it is right, or AWS said no time."""
    ahead = aws.clock_ahead_s
    if ahead is None or abs(ahead) <= SKEW_S:
        return ""
    return f"{said_of_clock(ahead)}: what is said of times is off by as much"


def soon(store: Store, kind: type[Any], wait_s: float = CALLER_S) -> Any:
    """A fact that is worth a short wait and no more."""
    store.prefetch([kind])
    end = time.monotonic() + wait_s
    while (fact := store.peek(kind)) is None and time.monotonic() < end:
        time.sleep(0.005)
    return fact if isinstance(fact, kind) else None
