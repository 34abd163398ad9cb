"""The timeline of a report as rows that every face draws alike: when, what, how long, how it ended, and what was odd.

A bar's full width is the function's time-out, or the longest span where that is longer or the time-out is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

FROZEN_MS = 1000
"""Shorter pauses between invocations are not worth a row."""
MEMORY_FULL = 0.95
"""Share of the memory from which it is said."""
SYMBOLS = {"success": "✓", "error": "✗", "timeout": "✗", "unknown": "?"}
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    time: str
    """`12:01:07.120`, empty where it is not known."""
    what: str
    """`init`, `invocation 1a2b3c4d`, `frozen`."""
    took: str
    share: float
    """Of the full width, 0 to 1."""
    status: str
    """`success`, `error`, `timeout`, `unknown`; empty where nothing ran."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """One execution environment."""

    title: str
    rows: tuple[Row, ...]


def lanes(timeline: Mapping[str, Any], newest: int = 0) -> list[Lane]:
    """The environments of a report's `timeline`, oldest first; of their spans only the `newest`, where a number is given."""
    every = [s for e in timeline["environments"] for s in e["spans"]]
    wanted = sorted(every, key=lambda s: s["at"] or "")[-newest:] if newest else every
    chosen = {id(s) for s in wanted}
    longest = max((s["ms"] or 0 for s in every), default=0)
    scale = max(longest, timeline["timeout_ms"] or 0) or 1
    found = []
    for number, each in enumerate(timeline["environments"], 1):
        rows = tuple(r for s in each["spans"] if id(s) in chosen for r in _rows(s, scale))
        if rows:
            found.append(Lane(_title(each, number), rows))
    return found


def summary(timeline: Mapping[str, Any]) -> str:
    """The counts in one sentence."""
    spans = [s for e in timeline["environments"] for s in e["spans"]]
    calls = [s for s in spans if s["kind"] == "invocation"]
    parts = [_count(len(calls), "invocation"), f"{_count(len(timeline['environments']), 'execution environment')}"]
    for status, word in (("error", "with an error"), ("timeout", "timed out")):
        number = sum(s["status"] == status for s in calls)
        parts += [f"{number} {word}"] if number else []
    broken = sum(s["kind"] == "init" and s["status"] in ("error", "timeout") for s in spans)
    parts += [_count(broken, "failed init")] if broken else []
    parts += [_count(timeline["cold_starts"], "cold start")] if timeline["cold_starts"] else []
    parts += [_count(timeline["retries"], "repeated delivery", "repeated deliveries")] if timeline["retries"] else []
    parts += [_count(timeline["late_lines"], "late line")] if timeline["late_lines"] else []
    parts += [f"{timeline['left_out']} older left out"] if timeline["left_out"] else []
    return ", ".join(parts)


def bar(share: float, width: int) -> str:
    """A bar of block characters, `width` columns at most; whatever took time is at least a sliver."""
    eighths = max(round(min(1.0, share) * width * 8), 1 if share > 0 else 0)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def duration(ms: float | None) -> str:
    """`8 ms`, `1.3 s`, `4 min 2 s`, `3 h 5 min`."""
    if ms is None:
        return "?"
    if ms < 1000:
        return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _title(environment: Mapping[str, Any], number: int) -> str:
    version = f"version {environment['version']}" if environment["version"] else ""
    return "  ".join(p for p in (f"environment {number}", version, environment["stream"]) if p)


def _rows(span: Mapping[str, Any], scale: float) -> Iterator[Row]:
    frozen = span["frozen_ms"]
    if frozen is not None and frozen >= FROZEN_MS:
        yield Row("", "frozen", duration(frozen), 0, "")
    share = (span["ms"] or 0) / scale
    time = (span["at"] or "").partition("T")[2].removesuffix("Z")
    remarks = tuple(_init_remarks(span) if span["kind"] == "init" else _remarks(span))
    what = "init" if span["kind"] == "init" else f"invocation {span['request_id'][:8]}"
    yield Row(time, what, duration(span["ms"]), share, span["status"], remarks)


def _init_remarks(span: Mapping[str, Any]) -> Iterator[str]:
    if span["error_type"]:
        yield span["error_type"]
    if span["phase"] == "invoke":
        yield "done again at the first invocation"


def _remarks(span: Mapping[str, Any]) -> Iterator[str]:
    if span["error_type"]:
        yield span["error_type"]
    if span["attempt"] > 1:
        yield f"delivery {span['attempt']} of the same request"
    if span["init_ms"]:
        yield f"cold start, init {duration(span['init_ms'])}"
    if span["late_lines"]:
        yield f"{_count(span['late_lines'], 'line')} of earlier work written here"
    used, limit = span["max_memory_mb"], span["memory_mb"]
    if used and limit:
        yield f"{used} of {limit} MB" + (", full" if used / limit >= MEMORY_FULL else "")
