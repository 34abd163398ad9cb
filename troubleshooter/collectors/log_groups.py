"""Events of the function's log group in CloudWatch Logs: `logs:FilterLogEvents`, newest first, within a budget.

What matters is the newest attempt after the last change, so pages are asked for backwards in time and reading stops at a
budget: 10,000 events, 24 calls or 20 seconds. Empty pages that carry a token are normal and read on. A group that does
not exist is a value: it may be the very reason why nobody sees a log.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction, GivenLogs
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.model import Origin, Role, Subject

BEFORE_CHANGE, OLDEST = dt.timedelta(minutes=5), dt.timedelta(days=14)
EVENTS, CALLS, SECONDS = 10_000, 24, 20.0
MESSAGE = 64_000
"""Characters kept of one event."""


@provides(cost=Cost.CALL, asks=("logs:FilterLogEvents", "logs:DescribeLogStreams"))
def log_group(
    given: GivenFunction,
    subject: Subject,
    aws: Aws,
    record: FunctionRecord | Unavailable,
    file: GivenLogs | Unavailable,
) -> LogEvents | Unavailable:
    """Events since five minutes before the last change, at most of the last 14 days, oldest first.

    A log file that was given counts instead where the group is absent or holds nothing of that time.
    """
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has written no log")
    known = record if isinstance(record, FunctionRecord) else None
    group = (known.log_group if known else None) or f"/aws/lambda/{given.name}"
    since = _window(known)
    region = known.region if known else given.region
    account = known.account if known else given.account
    resource = f"arn:aws:logs:{region or aws.region or '*'}:{account or '*'}:log-group:{group}:*"
    reader = _Reader(aws, group, since, resource)
    events = reader.read()
    if isinstance(file, GivenLogs) and not events:
        return Unavailable(Reason.NOT_GIVEN, f"{group} holds nothing since {since:%Y-%m-%d %H:%M} UTC; the file counts")
    return LogEvents(
        reading=reader.first.reading(Origin.PLATFORM_LOG),
        group=group,
        group_exists=not reader.first.absent,
        events=tuple(events),
        complete=reader.complete,
        since=since,
        streams_exist=True if events else _any_stream(aws, group, reader.first, resource),
    )


def _window(record: FunctionRecord | None) -> dt.datetime:
    oldest = dt.datetime.now(dt.UTC) - OLDEST
    if record is None or record.last_modified is None:
        return oldest
    return max(record.last_modified - BEFORE_CHANGE, oldest)


class _Reader:
    """Follows the pages of one search. `first` is the first answer, `complete` whether all events were read."""

    def __init__(self, aws: Aws, group: str, since: dt.datetime, resource: str) -> None:
        self._aws, self._group, self._since, self._resource = aws, group, since, resource
        self.first: Answer
        self.complete = True

    def read(self) -> list[LogEvent]:
        """The newest events of the window, oldest first. Raises SourceError where not even one page was answered."""
        found: dict[tuple[Any, ...], LogEvent] = {}
        for page in self._pages():
            for event in page:
                found.setdefault(_identity(event), _event(event))
            if len(found) >= EVENTS:
                break
        return [event for _, event in sorted(_oldest_first(found.items()), key=self._moment)][-EVENTS:]

    def _moment(self, item: tuple[tuple[Any, ...], LogEvent]) -> tuple[dt.datetime, int, str]:
        """Time, then the service's id, which grows with the order of writing."""
        (identity, *_), event = item
        return event.at or self._since, len(str(identity)), str(identity)

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        token, seen = None, set[str]()
        deadline = time.monotonic() + SECONDS
        for number in range(CALLS):
            try:
                answer = self._ask(token)
            except SourceError:
                if number == 0:
                    raise
                break
            if number == 0:
                self.first = answer
            token = answer.data.get("nextToken")
            # Until the last page has come the reading is incomplete, whoever stops it.
            self.complete = not token or token in seen
            yield [e for e in answer.data.get("events") or [] if isinstance(e, dict)]
            if self.complete or time.monotonic() > deadline:
                return
            seen.add(str(token))
        self.complete = False

    def _ask(self, token: str | None) -> Answer:
        more: dict[str, Any] = {"nextToken": token} if token else {}
        return self._aws.call(
            "logs",
            "FilterLogEvents",
            resource=self._resource,
            absent=("ResourceNotFoundException",),
            logGroupName=self._group,
            startTime=int(self._since.timestamp() * 1000),
            startFromHead=False,
            **more,
        )


def _oldest_first(items: Iterable[tuple[tuple[Any, ...], LogEvent]]) -> list[tuple[tuple[Any, ...], LogEvent]]:
    """Turned over where they came newest first, so that sorting leaves events of one millisecond in their order."""
    listed = list(items)
    times = [event.at for _, event in listed if event.at is not None]
    return listed[::-1] if len(times) > 1 and times[0] > times[-1] else listed


def _identity(event: dict[str, Any]) -> tuple[Any, ...]:
    """What makes an event the same on two pages: its id, else everything it says."""
    return (event.get("eventId") or "", event.get("timestamp"), event.get("logStreamName"), event.get("message"))


def _event(event: dict[str, Any]) -> LogEvent:
    stamp = event.get("timestamp")
    try:
        at = dt.datetime.fromtimestamp(stamp / 1000, dt.UTC) if isinstance(stamp, int) else None
    except (ValueError, OverflowError, OSError):
        at = None
    message = str(event.get("message") or "")[:MESSAGE].rstrip("\n")
    return LogEvent(at, str(event.get("logStreamName") or ""), message)


def _any_stream(aws: Aws, group: str, first: Answer, resource: str) -> bool | None:
    """Whether anything was ever logged there; None where that may not be asked."""
    if first.absent:
        return False
    try:
        answer = aws.call(
            "logs",
            "DescribeLogStreams",
            resource=resource,
            absent=("ResourceNotFoundException",),
            logGroupName=group,
            limit=1,
        )
    except SourceError:
        return None
    return bool(answer.data.get("logStreams"))
