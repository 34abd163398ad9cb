"""Log groups: paging, budgets, absence and refusal, through botocore's real parsing and without a network."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from tests.factories import ARN, function_record
from troubleshooter.collectors import log_groups
from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.given import GivenFunction, GivenLogs
from troubleshooter.facts.logs import LogEvents
from troubleshooter.model import Origin, Role, Subject

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo", arn=ARN)
DEPLOYED, PROPOSED = Subject(Role.DEPLOYED), Subject(Role.PROPOSED)
DENIED = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
NO_FILE = Unavailable(Reason.NOT_GIVEN, "no log file")
CHANGED = function_record(last_modified=NOW - dt.timedelta(hours=2))

Reply = dict[str, Any] | tuple[int, dict[str, Any]]
Service = Callable[[str, dict[str, Any]], Reply]


class Body:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.content


class Logs:
    """Answers prepared requests by a function of operation and parameters, and remembers them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        parameters = json.loads(str(request.body, "utf-8") if isinstance(request.body, bytes) else str(request.body))
        self.asked.append((operation, parameters))
        reply = self.service(operation, parameters)
        status, data = reply if isinstance(reply, tuple) else (200, reply)
        headers = HTTPHeaders.from_dict({"x-amzn-RequestId": "r-1", "Content-Type": "application/x-amz-json-1.1"})
        return AWSResponse(request.url, status, headers, Body(json.dumps(data).encode()))

    def read(self, record: Any = CHANGED, subject: Subject = DEPLOYED, file: Any = NO_FILE) -> LogEvents | Unavailable:
        aws = Aws(CallLog(), region="eu-west-1", answerer=self)
        return log_groups.log_group(GIVEN, subject, aws, record, file)

    def events(self, **given: Any) -> LogEvents:
        read = self.read(**given)
        assert isinstance(read, LogEvents)
        return read


def event(seconds: float, message: str, number: int = 0) -> dict[str, Any]:
    stamp = int((NOW + dt.timedelta(seconds=seconds)).timestamp() * 1000)
    return {"timestamp": stamp, "message": message + "\n", "logStreamName": "s", "eventId": f"{number:05d}"}


def refused(code: str) -> Reply:
    return 400, {"__type": code, "message": "no"}


def test_events_come_oldest_first_although_the_newest_are_asked_for_first() -> None:
    logs = Logs(lambda *_: {"events": [event(2, "b", 2), event(1, "a2", 1), event(1, "a1", 0)]})
    read = logs.events()
    assert [e.message for e in read.events] == ["a1", "a2", "b"]
    assert read.events[0].at is not None
    assert read.events[0].at.tzinfo is dt.UTC
    assert read.complete
    assert read.group == "/aws/lambda/demo"
    assert read.reading.origin is Origin.PLATFORM_LOG
    assert read.reading.request_id == "r-1"
    [(operation, asked)] = logs.asked
    assert operation == "FilterLogEvents"
    assert asked["startFromHead"] is False


def test_window_begins_five_minutes_before_the_last_change() -> None:
    logs = Logs(lambda *_: {"events": [event(0, "a")]})
    read = logs.events()
    assert read.since == NOW - dt.timedelta(hours=2, minutes=5)
    assert logs.asked[0][1]["startTime"] == int(read.since.timestamp() * 1000)


@pytest.mark.parametrize("record", [function_record(last_modified=NOW - dt.timedelta(days=300)), DENIED])
def test_window_is_two_weeks_at_most(record: Any) -> None:
    since = Logs(lambda *_: {"events": [event(0, "a")]}).events(record=record).since
    assert since is not None
    assert abs(since - (dt.datetime.now(dt.UTC) - dt.timedelta(days=14))) < dt.timedelta(minutes=1)


def test_group_is_the_records_own() -> None:
    logs = Logs(lambda *_: {"events": [event(0, "a")]})
    assert logs.events(record=function_record(log_group="/team/all")).group == "/team/all"
    assert logs.asked[0][1]["logGroupName"] == "/team/all"


def test_denied_record_leaves_the_default_group() -> None:
    assert Logs(lambda *_: {"events": [event(0, "a")]}).events(record=DENIED).group == "/aws/lambda/demo"


def test_empty_pages_with_a_token_are_read_on() -> None:
    pages = {None: ([], "1"), "1": ([], "2"), "2": ([event(1, "b", 1)], "3"), "3": ([event(0, "a", 0)], None)}

    def service(_: str, parameters: dict[str, Any]) -> Reply:
        events, token = pages[parameters.get("nextToken")]
        return {"events": events, **({"nextToken": token} if token else {})}

    read = Logs(service).events()
    assert [e.message for e in read.events] == ["a", "b"]
    assert read.complete


def test_token_that_repeats_ends_the_reading_and_events_count_once() -> None:
    logs = Logs(lambda *_: {"events": [event(0, "a", 7)], "nextToken": "same"})
    read = logs.events()
    assert [e.message for e in read.events] == ["a"]
    assert len(logs.asked) == 2


def test_equal_events_without_an_id_in_other_streams_are_kept() -> None:
    twins = [{**event(0, "a"), "logStreamName": s, "eventId": ""} for s in "xy"]
    assert len(Logs(lambda *_: {"events": twins}).events().events) == 2


def test_calls_are_bounded_and_what_was_read_is_marked_incomplete() -> None:
    counter = itertools.count()
    logs = Logs(lambda *_: {"events": [event(-(n := next(counter)), f"{n}", n)], "nextToken": f"t{n}"})
    read = logs.events()
    assert len(logs.asked) == log_groups.CALLS
    assert [e.message for e in read.events] == [str(n) for n in reversed(range(log_groups.CALLS))]
    assert not read.complete


def test_events_are_bounded_and_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_groups, "EVENTS", 3)
    page = {"events": [event(-n, f"{n}", 100 - n) for n in range(5)], "nextToken": "more"}
    read = Logs(lambda *_: page).events()
    assert [e.message for e in read.events] == ["2", "1", "0"]
    assert not read.complete


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_groups, "SECONDS", -1.0)
    logs = Logs(lambda *_: {"events": [event(0, "a")], "nextToken": "more"})
    assert not logs.events().complete
    assert len(logs.asked) == 1


def test_group_that_does_not_exist_is_a_value() -> None:
    logs = Logs(lambda *_: refused("ResourceNotFoundException"))
    read = logs.events()
    assert not read.group_exists
    assert read.events == ()
    assert read.streams_exist is False
    assert len(logs.asked) == 1


@pytest.mark.parametrize(
    ("streams", "exist"),
    [
        pytest.param({"logStreams": []}, False, id="never logged"),
        pytest.param({"logStreams": [{"logStreamName": "old"}]}, True, id="logged before"),
        pytest.param(refused("AccessDeniedException"), None, id="may not ask"),
    ],
)
def test_nothing_since_the_change(streams: Reply, exist: bool | None) -> None:
    read = Logs(lambda operation, _: streams if operation == "DescribeLogStreams" else {"events": []}).events()
    assert read.events == ()
    assert read.group_exists
    assert read.streams_exist is exist


def test_denied_is_unavailable_with_the_permission_to_ask_for() -> None:
    with pytest.raises(SourceError) as caught:
        Logs(lambda *_: refused("AccessDeniedException")).read()
    gone = caught.value.unavailable
    assert gone.reason is Reason.DENIED
    assert gone.unblock is not None
    assert gone.unblock.action == "logs:FilterLogEvents"
    assert gone.unblock.resource == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/demo:*"


def test_refusal_on_a_later_page_keeps_what_was_read() -> None:
    def service(_: str, parameters: dict[str, Any]) -> Reply:
        return refused("InvalidParameterException") if "nextToken" in parameters else page

    page: Reply = {"events": [event(0, "a")], "nextToken": "1"}
    read = Logs(service).events()
    assert [e.message for e in read.events] == ["a"]
    assert not read.complete


def test_only_what_is_deployed_has_a_log() -> None:
    logs = Logs(lambda *_: {"events": []})
    read = logs.read(subject=PROPOSED)
    assert isinstance(read, Unavailable)
    assert not read.applies
    assert logs.asked == []


def test_given_file_stands_in_only_for_an_empty_group() -> None:
    file = GivenLogs(reading=Reading("command line", Origin.PASTED), path=Path("log.txt"), text="START")
    empty = Logs(lambda *_: {"events": []}).read(file=file)
    assert isinstance(empty, Unavailable)
    assert not empty.applies
    assert len(Logs(lambda *_: {"events": [event(0, "a")]}).events(file=file).events) == 1
