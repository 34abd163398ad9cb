"""What a walk without a screen says while somebody waits for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from tests.factories import RECORD
from troubleshooter.facts import Cost, Store, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.store import Provider, needs_of
from troubleshooter.model import Target
from troubleshooter.narration import Narration


@dataclass(frozen=True, kw_only=True)
class SlowAnswer(Fact):
    """Something that does not come."""


def walk(release: threading.Event, cost: Cost, text: str | None = None) -> Any:
    """A walk whose only fact is made once `release` is set; it is asked for already."""

    @provides(cost=cost)
    def slow() -> SlowAnswer | Unavailable:
        release.wait(20)
        return SlowAnswer(reading=RECORD)

    provider = Provider(slow, SlowAnswer, needs_of(slow), cost, 0)
    store = Store({SlowAnswer: (provider,)})
    store.prefetch([SlowAnswer])
    return SimpleNamespace(target=Target(error_text=text), stores=SimpleNamespace(by_subject={"deployed": store}))


def narrated(cost: Cost, text: str | None = None, *, lines: int) -> list[str]:
    """The first lines that are said while the fact does not come."""
    release, enough, said = threading.Event(), threading.Event(), list[str]()

    def say(line: str) -> None:
        said.append(line)
        if len(said) >= lines:
            enough.set()

    with Narration(walk(release, cost, text), say, first_s=0.01, every_s=0.01):
        enough.wait(20 if lines else 0.3)
        release.set()
    return said


def test_what_is_waited_for_is_said_again_and_again() -> None:
    said = narrated(Cost.CALL, lines=2)
    assert all(line.startswith("waiting for: slow answer (") for line in said[:2])


def test_what_the_text_suggests_is_said_once_meanwhile() -> None:
    said = narrated(Cost.CALL, "fork/exec /app/run: exec format error", lines=3)
    assert said[0].startswith("from the text alone, not proven: arch_image_function_mismatch")
    assert sum("from the text alone" in line for line in said) == 1


def test_computing_is_no_waiting() -> None:
    assert narrated(Cost.THINK, "fork/exec /app/run: exec format error", lines=0) == []


def test_a_quick_walk_says_nothing() -> None:
    release = threading.Event()
    release.set()
    said: list[str] = []
    with Narration(walk(release, Cost.CALL, "exec format error"), said.append):
        pass
    assert said == []
