"""A file of log events, in whatever form an engineer has it at hand, as `LogEvents`. Pure; never raises.

Read are: `aws logs tail` in its formats, with or without colours; `sam logs`; the JSON of filter-log-events,
get-log-events and get-query-results; CSV from the console and from Insights; `docker logs`, with or without time stamps;
Lambda's JSON format as lines; plain lines that may begin with an ISO time. A line without a time continues the event
before it, unless it begins as a platform line does, or no line of the file has a time.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from troubleshooter.analysis.logs.lines import ISO, STARTS_EVENT, UUID, time_of
from troubleshooter.facts import Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenFunction, GivenLogs
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.model import Origin, Role, Subject, Unblock

SIZE, EVENTS = 32 * 1024 * 1024, 200_000
"""Characters and events that are read, the newest of them."""
MESSAGE = 64_000

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STREAM = r"\d{4}/\d\d/\d\d/[^\s\[\]]*\[[^\s\[\]]+\][0-9a-f]+"
_TAIL = re.compile(rf"({ISO})[\t ]+({_STREAM})[\t ](.*)")
_SAM = re.compile(rf"({_STREAM})[\t ]+({ISO})[\t ](.*)")
_DATED = re.compile(rf"({ISO})(?: \([+-]\d\d:\d\d\))?(?:[\t ](.*))?$")
_COMPOSE = re.compile(r"[\w.-]+[-_]\d+\s+\| ?")
_OWN_PREFIX = re.compile(
    rf"[\t ]{{0,2}}(?:{UUID}|undefined)?[\t ]{{1,4}}(?:(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b|Task timed out)"
)
_TIME_COLUMNS = ("@timestamp", "timestamp", "time")
_MESSAGE_COLUMNS = ("@message", "message")
_STREAM_COLUMNS = ("@logstream", "logstreamname", "logstream", "stream")


@provides(rank=1)
def log_file(given: GivenLogs, subject: Subject, function: GivenFunction | Unavailable) -> LogEvents | Unavailable:
    """The events of the file that was given. With a function named, they are of what AWS runs."""
    if subject.role is not Role.DEPLOYED and isinstance(function, GivenFunction):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the log tells of the deployed function")
    events, complete = parse(given.text)
    if not events:
        return Unavailable(
            Reason.MALFORMED,
            f"{given.path.name} holds no log event",
            Unblock("export the log again: `aws logs tail GROUP --since 1h > FILE`"),
        )
    reading = Reading(f"log file {given.path.name}", Origin.PASTED)
    times = [e.at for e in events if e.at is not None]
    return LogEvents(
        reading=reading,
        group=given.path.name,
        events=tuple(events),
        complete=complete,
        since=min(times, default=None),
        streams_exist=True,
    )


def parse(text: str) -> tuple[list[LogEvent], bool]:
    """The events, oldest first, and whether all were read. Events without a time stay where they stand."""
    complete = len(text) <= SIZE
    if not complete:
        text = text[-SIZE:].partition("\n")[2] or text[-SIZE:]
    text = _COLOURS.sub("", text.removeprefix("\ufeff")).replace("\r\n", "\n")
    events = [e for e in _events(text) if e.message.strip()]
    events = _oldest_first(events)
    if len(events) > EVENTS:
        events, complete = events[-EVENTS:], False
    return events, complete


def _events(text: str) -> Iterable[LogEvent]:
    head = text.lstrip()[:1]
    if head in ("{", "["):
        listed = list(_from_json(text))
        if listed:
            return listed
    rows = _from_csv(text)
    if rows is not None:
        return rows
    return _from_lines(text)


def _oldest_first(events: list[LogEvent]) -> list[LogEvent]:
    """Sorted by time, stably; a listing that runs backwards (Insights) is turned over first."""
    times = [e.at for e in events if e.at is not None]
    if len(times) > 1 and times[0] > times[-1]:
        events = events[::-1]
    last, keyed = dt.datetime.min.replace(tzinfo=dt.UTC), []
    for event in events:
        last = event.at or last
        keyed.append((last, event))
    keyed.sort(key=lambda pair: pair[0])
    return [event for _, event in keyed]


def _from_json(text: str) -> Iterator[LogEvent]:
    """Events of one or several JSON documents; nothing where they are not lists of events."""
    decoder, at, documents = json.JSONDecoder(), 0, 0
    while at < len(text):
        while at < len(text) and text[at] in " \t\n\r,":
            at += 1
        if at >= len(text):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        documents += 1
        found = list(_listed(value))
        if not found and documents == 1:
            return
        yield from found


def _listed(value: Any) -> Iterator[LogEvent]:
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        for row in value["results"]:
            cells = [c for c in row if isinstance(c, dict)] if isinstance(row, list) else []
            yield from _row({str(c.get("field", "")).lower(): c.get("value") for c in cells})
        return
    if isinstance(value, dict) and isinstance(value.get("events"), list):
        value = value["events"]
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict) and ("record" not in each) and ("timestamp" in each or "@timestamp" in each):
            keys = {str(k).lower(): v for k, v in each.items()}
            if isinstance(keys.get("timestamp"), int | float) or "@message" in keys or "logstreamname" in keys:
                yield from _row(keys)


def _row(cells: dict[str, Any]) -> Iterator[LogEvent]:
    message = next((cells[k] for k in _MESSAGE_COLUMNS if cells.get(k) is not None), None)
    if message is None:
        return
    if not isinstance(message, str):
        message = json.dumps(message)
    stamp = next((cells[k] for k in _TIME_COLUMNS if cells.get(k) is not None), None)
    stream = next((cells[k] for k in _STREAM_COLUMNS if cells.get(k)), "")
    yield LogEvent(_moment(stamp), str(stream), message[:MESSAGE].rstrip("\n"))


def _moment(stamp: object) -> dt.datetime | None:
    """Epoch milliseconds or seconds, as a number or digits, or an ISO time."""
    if isinstance(stamp, str) and not stamp.strip().isdigit():
        return time_of(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int | float | str):
        return None
    try:
        number = float(stamp)
        return dt.datetime.fromtimestamp(number / 1000 if number > 1e11 else number, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _from_csv(text: str) -> list[LogEvent] | None:
    """Events of a CSV with a header that names a message column; None for anything else."""
    head = text.partition("\n")[0]
    columns = [c.strip().strip('"').lower() for c in head.split(",")]
    dated = any(c in _TIME_COLUMNS for c in columns)
    if not ("@message" in columns or (dated and "message" in columns)):
        return None
    events: list[LogEvent] = []
    limit = csv.field_size_limit(SIZE)
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        next(rows, None)
        for row in rows:
            events += _row(dict(zip(columns, row, strict=False)))
            if len(events) > 2 * EVENTS:
                break
    except csv.Error:
        pass
    finally:
        csv.field_size_limit(limit)
    return events


def _from_lines(text: str) -> list[LogEvent]:
    read = [_line(line.rstrip("\r")) for line in text.split("\n")]
    dated = any(at is not None for at, _, _, _ in read)
    events: list[LogEvent] = []
    parts: list[str] = []
    head: tuple[dt.datetime | None, str] = (None, "")

    def flush() -> None:
        if parts:
            events.append(LogEvent(*head, "\n".join(parts)[:MESSAGE].rstrip("\n")))
            parts.clear()

    for at, stream, message, begins in read:
        if at is not None or begins or not dated or not parts:
            flush()
            # A line that begins an event but tells no time shares that of the event before.
            head = (at or (head[0] if begins else None), stream or (head[1] if at is None else ""))
        parts.append(message)
    flush()
    return events


def _line(line: str) -> tuple[dt.datetime | None, str, str, bool]:
    """Time, stream, message of one line, and whether it begins an event although it has no time."""
    line = line[: 4 * MESSAGE]
    if found := _TAIL.match(line):
        at = time_of(found[1])
        if at is not None:
            return at, found[2], found[3], True
    if found := _SAM.match(line):
        at = time_of(found[2])
        if at is not None:
            return at, found[1], found[3], True
    if found := _COMPOSE.match(line):
        line = line[found.end() :]
    if found := _DATED.match(line):
        at, rest = time_of(found[1]), found[2] or ""
        if at is not None:
            own = _OWN_PREFIX.match(line[len(found[1]) :]) is not None
            return at, "", line if own else rest, True
    if line.startswith("{"):
        return _json_time(line), "", line, _json_time(line) is not None
    return None, "", line, STARTS_EVENT.match(line) is not None


def _json_time(line: str) -> dt.datetime | None:
    """The time that a line of Lambda's JSON format carries."""
    found = re.search(rf'"(?:time|timestamp)"\s*:\s*"({ISO})"', line[:2000])
    return time_of(found[1]) if found else None
