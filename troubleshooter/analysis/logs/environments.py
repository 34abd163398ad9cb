"""What each execution environment did: inits, invocations, and how long it was frozen between them. Pure.

One log stream is one execution environment, which serves one invocation at a time and is frozen in between; work left
over from one invocation goes on, if at all, in the next. A request id that comes again is Lambda's retry of the event.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import (
    Environment,
    ExecutionEnvironments,
    InitRecord,
    Invocation,
    Span,
    Timeline,
)

SPANS = 60
"""Newest spans that are kept."""
_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@provides()
def environments(timeline: Timeline, record: FunctionRecord | Unavailable) -> ExecutionEnvironments:
    """The environments of a timeline, those that began first in front."""
    attempts: Counter[str] = Counter()
    found: list[tuple[str, str, Span]] = [(i.stream, "", _init(i)) for i in timeline.inits]
    for invocation in sorted(timeline.invocations, key=lambda i: i.start or i.end or _LONG_AGO):
        attempts[invocation.request_id] += 1
        span = _invocation(invocation, attempts[invocation.request_id])
        found.append((invocation.stream, invocation.version, span))
    found.sort(key=lambda each: (each[2].at or _LONG_AGO, each[2].kind == "invocation"))
    kept = found[-SPANS:]
    streams: dict[str, list[tuple[str, Span]]] = {}
    for stream, version, span in kept:
        streams.setdefault(stream, []).append((version, span))
    return ExecutionEnvironments(
        reading=timeline.reading,
        environments=tuple(_environment(stream, spans) for stream, spans in streams.items()),
        left_out=len(found) - len(kept),
        cold_starts=sum(bool(i.init_ms) for i in timeline.invocations),
        retries=sum(count - 1 for count in attempts.values()),
        late_lines=sum(len(i.late_lines) for i in timeline.invocations),
        timeout_s=record.timeout_s if isinstance(record, FunctionRecord) else None,
    )


def _init(init: InitRecord) -> Span:
    began = init.at - dt.timedelta(milliseconds=init.duration_ms or 0) if init.at else None
    return Span(began, "init", init.status, init.duration_ms, phase=init.phase, error_type=init.error_type or "")


def _invocation(invocation: Invocation, attempt: int) -> Span:
    return Span(
        at=invocation.start or invocation.end,
        kind="invocation",
        status=invocation.status,
        ms=invocation.duration_ms if invocation.duration_ms is not None else _between(invocation),
        request_id=invocation.request_id,
        attempt=attempt,
        init_ms=invocation.init_ms,
        late_lines=len(invocation.late_lines),
        memory_mb=invocation.memory_mb,
        max_memory_mb=invocation.max_memory_mb,
        error_type=invocation.error_type or "",
    )


def _between(invocation: Invocation) -> float | None:
    if invocation.start is None or invocation.end is None:
        return None
    return (invocation.end - invocation.start).total_seconds() * 1000


def _environment(stream: str, found: Iterable[tuple[str, Span]]) -> Environment:
    """An environment with the time that it was frozen before each invocation. A file without streams is not one."""
    spans: list[Span] = []
    before: Span | None = None
    version = ""
    for of, span in found:
        version = of or version
        spans.append(replace(span, frozen_ms=_frozen(before, span)) if stream else span)
        before = span
    return Environment(stream, version, tuple(spans))


def _frozen(before: Span | None, span: Span) -> float | None:
    """Milliseconds from the end of one span to the start of the next; None where a process ended in between."""
    if before is None or before.kind != "invocation" or span.kind != "invocation" or span.init_ms:
        return None
    if before.status == "timeout" or before.at is None or span.at is None or before.ms is None:
        return None
    return max(0.0, (span.at - before.at).total_seconds() * 1000 - before.ms)
