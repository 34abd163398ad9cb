"""What a walk without a screen says while it takes long: what it waits for, and what the pasted text alone suggests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from troubleshooter.facts.store import Store
from troubleshooter.session import Session
from troubleshooter.suspects import rank

FIRST_S, EVERY_S = 1.5, 5.0
"""When it first speaks, and how often after that."""
SHOWN = 3


class Narration:
    """Speaks for as long as the block lasts, from a thread of its own."""

    def __init__(
        self, session: Session, say: Callable[[str], None], *, first_s: float = FIRST_S, every_s: float = EVERY_S
    ) -> None:
        self._session, self._say, self._first_s, self._every_s = session, say, first_s, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="narration", daemon=True)

    def __enter__(self) -> Narration:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _run(self) -> None:
        began, told = time.monotonic(), False
        pause = self._first_s
        while not self._over.wait(pause):
            pause = self._every_s
            waiting = list(dict.fromkeys(name for store in self._stores() for name in store.waiting()))
            if not waiting:
                continue
            if not told:
                self._suspects()
                told = True
            more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
            seconds = time.monotonic() - began
            self._say(f"waiting for: {', '.join(waiting[:SHOWN])}{more} ({seconds:.0f} s)")

    def _stores(self) -> list[Store]:
        return list(self._session.stores.by_subject.values())

    def _suspects(self) -> None:
        text = self._session.target.error_text
        suspects = rank([text]) if text else []
        if suspects:
            causes = ", ".join(each.cause for each in suspects[:SHOWN])
            self._say(f"from the text alone, not proven: {causes}")
