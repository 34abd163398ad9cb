"""Files of log events in every form that is read: times, streams, messages, order; and that nothing makes it raise."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troubleshooter.analysis.logs import files as log_files
from troubleshooter.analysis.logs.files import log_file, parse
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.given import GivenFunction, GivenLogs
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.model import Origin, Role, Subject

AT = dt.datetime(2026, 3, 4, 5, 6, 7, 123000, tzinfo=dt.UTC)
MS = int(AT.timestamp() * 1000)
LATER = AT + dt.timedelta(seconds=1)
STREAM = "2026/03/04/[$LATEST]0123456789abcdef0123456789abcdef"
ID = "11111111-2222-3333-4444-555555555555"
START, END = f"START RequestId: {ID} Version: $LATEST", f"END RequestId: {ID}"
TRACEBACK = "[ERROR] KeyError: 'X'\nTraceback (most recent call last):\n  File \"app.py\", line 1"
TWO = [LogEvent(AT, STREAM, START), LogEvent(LATER, STREAM, END)]
NO_FUNCTION = Unavailable(Reason.NOT_GIVEN, "no function")
DEPLOYED, PROPOSED = Subject(Role.DEPLOYED), Subject(Role.PROPOSED)


def events(text: str) -> list[LogEvent]:
    return parse(text)[0]


def as_csv(*rows: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


LISTED = [
    {"logStreamName": STREAM, "timestamp": MS, "message": START + "\n", "ingestionTime": MS, "eventId": "1"},
    {"logStreamName": STREAM, "timestamp": MS + 1000, "message": END + "\n", "ingestionTime": MS, "eventId": "2"},
]
COLOURED = f"\x1b[32m2026-03-04T05:06:07.123000+00:00\x1b[0m \x1b[36m{STREAM}\x1b[0m {START}"
RESULTS = [
    [{"field": "@timestamp", "value": t}, {"field": "@message", "value": m}, {"field": "@logStream", "value": STREAM}]
    for t, m in (("2026-03-04 05:06:08.123", END), ("2026-03-04 05:06:07.123", START))
]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"2026-03-04T05:06:07.123000+00:00 {STREAM} {START}\n2026-03-04T05:06:08.123000+00:00 {STREAM} {END}\n",
            id="aws logs tail",
        ),
        pytest.param(f"{COLOURED}\n2026-03-04T05:06:08.123000+00:00 {STREAM} {END}\n", id="aws logs tail, coloured"),
        pytest.param(
            f"{STREAM} 2026-03-04T05:06:07.123000 {START}\n{STREAM} 2026-03-04T05:06:08.123000 {END}", id="sam"
        ),
        pytest.param(json.dumps({"events": LISTED, "searchedLogStreams": []}, indent=4), id="filter-log-events"),
        pytest.param(json.dumps(LISTED), id="--query events"),
        pytest.param("\n".join(json.dumps(e) for e in LISTED), id="one object a line"),
        pytest.param(json.dumps({"events": LISTED[:1]}) + "\n" + json.dumps({"events": LISTED[1:]}), id="two pages"),
        pytest.param(json.dumps({"results": RESULTS, "status": "Complete"}), id="get-query-results"),
        pytest.param(
            as_csv(
                ["timestamp", "message", "logStreamName"],
                [str(MS), START + "\n", STREAM],
                [str(MS + 1000), END + "\n", STREAM],
            ),
            id="console CSV",
        ),
        pytest.param(
            as_csv(
                ["@timestamp", "@message", "@logStream"],
                ["2026-03-04 05:06:08.123", END, STREAM],
                ["2026-03-04 05:06:07.123", START, STREAM],
            ),
            id="Insights CSV, newest first",
        ),
    ],
)
def test_formats_that_name_the_stream(text: str) -> None:
    assert events(text) == TWO


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"2026-03-04T05:06:07.123Z\t{START}\n2026-03-04T05:06:08.123Z\t{END}\n", id="time, tab"),
        pytest.param(f"2026-03-04T05:06:07.123Z {START}\r\n2026-03-04T05:06:08.123Z {END}\r\n", id="time, blank, CRLF"),
        pytest.param(
            f"2026-03-04T05:06:07.123000000Z {START}\n2026-03-04T05:06:08.123000000Z {END}", id="docker logs -t"
        ),
        pytest.param(
            f"app-1  | 2026-03-04T05:06:07.123Z {START}\napp-1  | 2026-03-04T05:06:08.123Z {END}", id="compose"
        ),
        pytest.param(f"\ufeff2026-03-04 06:06:07.123+01:00 {START}\n2026-03-04 05:06:08.123 {END}", id="zones and BOM"),
        pytest.param(
            json.dumps({"events": [{"timestamp": e["timestamp"], "message": e["message"]} for e in LISTED]}),
            id="get-log-events",
        ),
        pytest.param(as_csv(["timestamp", "message"], [str(MS), START], [str(MS + 1000), END]), id="console CSV"),
    ],
)
def test_formats_without_a_stream(text: str) -> None:
    assert events(text) == [LogEvent(e.at, "", e.message) for e in TWO]


def test_short_tail_tells_whole_seconds() -> None:
    assert events(f"2026-03-04T05:06:07 {START}") == [LogEvent(AT.replace(microsecond=0), "", START)]


def test_line_without_a_time_continues_the_event_before() -> None:
    found = events(f"2026-03-04T05:06:07.123Z\t{TRACEBACK}\n2026-03-04T05:06:08.123Z\t{END}")
    assert [e.message for e in found] == [TRACEBACK, END]


def test_platform_line_without_a_time_begins_an_event_of_its_own() -> None:
    node = f"2026-03-04T05:06:07.123Z\t{ID}\tINFO\thello"
    found = events(f"{START}\n{node}\n  more\n{END}")
    assert [e.message for e in found] == [START, f"{node}\n  more", END]
    assert [e.at for e in found] == [None, AT, AT]


def test_without_any_time_every_line_is_an_event_in_its_place() -> None:
    lines = [START, "hello", "Traceback (most recent call last):", END]
    assert events("\n".join(lines)) == [LogEvent(None, "", line) for line in lines]


def test_time_of_a_runtime_clients_line_stays_part_of_it() -> None:
    line = "2026-03-04T05:06:07.123Z\tundefined\tERROR\tUncaught Exception \t{}"
    assert events(line) == [LogEvent(AT, "", line)]
    timeout = f"2026-03-04T05:06:07.123Z {ID} Task timed out after 3.00 seconds"
    assert events(timeout) == [LogEvent(AT, "", timeout)]
    assert events(f"2026-03-04T05:06:08.123Z {timeout}") == [LogEvent(LATER, "", timeout)]


def test_lambdas_json_format_as_lines_carries_its_own_time() -> None:
    line = json.dumps({"time": "2026-03-04T05:06:07.123Z", "type": "platform.start", "record": {"requestId": ID}})
    app = json.dumps({"timestamp": "2026-03-04T05:06:08.123Z", "level": "INFO", "message": "x"})
    assert events(f"{line}\n{app}") == [LogEvent(AT, "", line), LogEvent(LATER, "", app)]


def test_pretty_printed_json_of_tail_is_one_event() -> None:
    body = json.dumps({"time": "2026-03-04T05:06:07.123Z", "type": "platform.start", "record": {}}, indent=4)
    found = events(f"2026-03-04T05:06:07.123000+00:00 {STREAM} {body}\n2026-03-04T05:06:08.123000+00:00 {STREAM} {END}")
    assert [e.message for e in found] == [body, END]


def test_events_are_sorted_by_time_and_equal_times_keep_their_order() -> None:
    text = "2026-03-04T05:06:08Z b\n2026-03-04T05:06:09Z d\n2026-03-04T05:06:08Z c\n2026-03-04T05:06:10Z e"
    assert [e.message for e in events(text)] == ["b", "c", "d", "e"]


def test_multiline_cell_of_a_csv_is_one_event() -> None:
    assert [e.message for e in events(as_csv(["timestamp", "message"], [str(MS), TRACEBACK]))] == [TRACEBACK]


def test_table_that_is_no_log_is_read_as_lines() -> None:
    assert [e.message for e in events("message, error\na, b")] == ["message, error", "a, b"]


def test_newest_part_of_a_file_that_is_too_big_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "SIZE", 100)
    found, complete = parse("".join(f"2026-03-04T05:06:{s:02}Z line {s}\n" for s in range(20)))
    assert not complete
    assert [e.message for e in found] == ["line 17", "line 18", "line 19"]


def test_newest_of_too_many_events_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "EVENTS", 2)
    found, complete = parse("a\nb\nc")
    assert ([e.message for e in found], complete) == (["b", "c"], False)


def logs(text: str) -> GivenLogs:
    return GivenLogs(reading=Reading("command line", Origin.PASTED), path=Path("log.txt"), text=text)


def test_fact_says_that_a_person_gave_it() -> None:
    fact = log_file(logs(f"2026-03-04T05:06:07.123Z {START}"), PROPOSED, NO_FUNCTION)
    assert isinstance(fact, LogEvents)
    assert not fact.reading.origin.proves
    assert (fact.group, fact.since, fact.complete) == ("log.txt", AT, True)


def test_with_a_function_the_file_tells_of_what_is_deployed() -> None:
    function = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
    assert isinstance(log_file(logs(START), DEPLOYED, function), LogEvents)
    proposed = log_file(logs(START), PROPOSED, function)
    assert isinstance(proposed, Unavailable)
    assert not proposed.applies


def test_file_without_an_event_is_said_to_hold_none() -> None:
    fact = log_file(logs(" \n\n"), PROPOSED, NO_FUNCTION)
    assert isinstance(fact, Unavailable)
    assert fact.reason is Reason.MALFORMED


FRAGMENTS = st.sampled_from(
    [
        "{",
        "}",
        '{"events": [',
        '"timestamp": 1e999',
        "@message,@timestamp\n",
        "2026-03-04T05:06:07Z ",
        "9999-99-99T99:99:99Z",
        STREAM,
        " | ",
        "\x00",
        '"',
        "[" * 50,
        "RequestId: ",
        "\n",
        "\r",
        "\t",
        "\x1b[31m",
        "START RequestId: x",
        "\ud800",
    ]
)


@given(st.one_of(st.text(), st.lists(FRAGMENTS | st.text(max_size=5)).map("".join)))
def test_nothing_makes_it_raise(text: str) -> None:
    parse(text)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"events":' * 50_000, '{"a":1}' * 1000, "9" * 5000 + ","])
def test_deep_and_odd_documents_do_not_make_it_raise(text: str) -> None:
    parse(text)


@given(st.lists(st.integers(0, 5), max_size=30))
def test_order_of_equal_times_is_kept(offsets: list[int]) -> None:
    offsets.sort()
    text = "\n".join(f"2026-03-04T05:06:{o:02}Z {n}" for n, o in enumerate(offsets))
    assert [e.message for e in events(text)] == [str(n) for n in range(len(offsets))]
