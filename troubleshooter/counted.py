"""What CloudWatch's numbers say of a function: how often it fails, and whether it fails where no log tells. Pure."""

from __future__ import annotations

import datetime as dt

from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.metrics import Metrics, total
from troubleshooter.model import Evidence, Role, Symptom


def how_often(metrics: Metrics | None) -> tuple[Evidence, ...]:
    """Calls and errors since the last change; nothing where none were counted."""
    if metrics is None or not (metrics.calls or metrics.throttled):
        return ()
    parts = [f"{metrics.failures} of {metrics.calls} invocations failed"]
    parts += [f"{metrics.throttled} calls were throttled"] if metrics.throttled else []
    parts += [f"{total(metrics.dropped)} events were given up"] if total(metrics.dropped) else []
    return (metrics.cite("errors", f"{', '.join(parts)} since {stamp(metrics.since)}", label="how often"),)


def symptom(metrics: Metrics, timeline: Timeline | Unavailable, role: Role, *, said: bool) -> Symptom:
    """The symptom of a function whose log tells of no attempt. `said`: someone complains, so that it is not healthy."""
    dark = isinstance(timeline, Unavailable)
    why = (
        f"the log was not read: {timeline.detail}" if isinstance(timeline, Unavailable) else "no log line tells of them"
    )
    if metrics.blocked:
        limit = "; its reserved concurrency is 0, which lets nothing through" if metrics.reserved == 0 else ""
        summary = f"every one of {metrics.throttled} calls was throttled{limit}"
    elif metrics.failing:
        summary = f"{metrics.failures} of {metrics.calls} invocations failed; {why}"
    else:
        source = f", by CloudWatch's metrics; {why}" if dark or said else ", by CloudWatch's metrics"
        summary = f"{metrics.calls} invocations, {metrics.failures} of which failed{source}"
    bad = metrics.failing or metrics.blocked
    first = metrics.failing_since
    return Symptom(
        rung=None,
        role=role,
        summary=summary,
        evidence=how_often(metrics),
        since=stamp(first) if bad and first else None,
        healthy=not (said or bad),
    )


def quiet(
    attempt: str | None, *, said: bool, timeline: Timeline | Unavailable, record: FunctionRecord | Unavailable
) -> str:
    """The summary where nothing is shown to fail; `attempt`: that of the newest one."""
    if isinstance(record, Unavailable) and record.applies:
        return f"the function's record was not read: {record.detail}"
    if said:
        return "the text that was given names no failure that is known here"
    if attempt is not None:
        return attempt
    if isinstance(timeline, Unavailable):
        return f"no log was read: {timeline.detail}" if timeline.applies else "no log was given"
    if timeline.history:
        return "nothing was logged since the last change; what failed before it is history"
    return "the log shows no attempt to run the function"


def stamp(at: dt.datetime) -> str:
    """A time as reports show it."""
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
