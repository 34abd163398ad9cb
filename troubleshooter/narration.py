"""What is told while a walk takes long: what it waits for, and what the pasted text alone suggests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from troubleshooter.model import Suspect
from troubleshooter.session import Session
from troubleshooter.suspects import rank

FIRST_S, EVERY_S = 1.5, 5.0
"""When it first speaks, and how often after that."""
SHOWN = 3


def waited_for(session: Session) -> str:
    """What something outside this program is asked for right now, in words; empty where nothing is."""
    names = list(dict.fromkeys(name for store in list(session.stores.by_subject.values()) for name in store.waiting()))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def suspected(session: Session) -> list[Suspect]:
    """What the pasted text alone suggests, best first."""
    text = session.target.error_text
    return rank([text])[:SHOWN] if text else []


class Narration:
    """Speaks, where there is no screen, for as long as the block lasts, from a thread of its own."""

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
            waiting = waited_for(self._session)
            if not waiting:
                continue
            if not told:
                self._suspects()
                told = True
            self._say(f"waiting for: {waiting} ({time.monotonic() - began:.0f} s)")

    def _suspects(self) -> None:
        causes = ", ".join(each.cause for each in suspected(self._session))
        if causes:
            self._say(f"from the text alone, not proven: {causes}")
