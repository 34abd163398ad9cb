"""What the two modes of unfinished Python work share: which work is meant, what shows it, how it looks in the log."""

from __future__ import annotations

from collections.abc import Iterable

from troubleshooter.checks import beside
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import BackgroundWork, FloatingWork
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Evidence
from troubleshooter.text import one_line

SHOWN = 5
_THREADED = ("threading.", "multiprocessing.", "ThreadPoolExecutor.", "ProcessPoolExecutor.", "loop.run_in_executor")


def threaded(work: FloatingWork) -> bool:
    """Whether the work runs in a thread or process of its own, not in the event loop."""
    return work.construct.startswith(_THREADED)


def shown(fact: BackgroundWork, works: Iterable[FloatingWork], label: str) -> tuple[Evidence, ...]:
    """The source lines, each with its place."""
    return tuple(
        fact.cite("floating", work.text, label=label, source=f"{fact.reading.source} {work.path}:{work.line}")
        for work in list(works)[:SHOWN]
    )


def as_logged(timeline: Timeline | Unavailable) -> tuple[Evidence, ...]:
    """How the newest invocation that went well ended, and lines that came too late. It corroborates and proves nothing."""
    if isinstance(timeline, Unavailable):
        return ()
    fine = [i for i in timeline.invocations if i.status == "success"]
    late = next((i for i in reversed(timeline.invocations) if i.late_lines), None)
    found = []
    if late is not None:
        text = one_line(late.late_lines[0], 160)
        found.append(
            timeline.cite("invocations", text, label="line of an earlier invocation, written during a later one")
        )
    if fine and fine[-1].lines:
        found.append(timeline.cite("invocations", _end(fine[-1]), label="end of the newest invocation"))
    return beside(*found)


def _end(invocation: Invocation) -> str:
    last = one_line(invocation.lines[-1], 120)
    at = invocation.line_times[-1] if invocation.line_times else None
    if at is None or invocation.end is None:
        return f"last line `{last}`, then END"
    return f"last line `{last}`, then END {(invocation.end - at).total_seconds():.2f} s later"
