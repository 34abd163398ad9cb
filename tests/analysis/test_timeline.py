"""The timeline: every line format of the platform and the runtime clients, and what of it speaks of the present."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import function_record
from troubleshooter.analysis.logs import timeline as module
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import ErrorText, InitRecord, Invocation, LogEvent, LogEvents, Timeline
from troubleshooter.model import Origin

T0 = dt.datetime(2026, 3, 4, 5, 0, 0, tzinfo=dt.UTC)
A, B = "aaaaaaaa-0000-4000-8000-000000000000", "bbbbbbbb-0000-4000-8000-000000000000"
NO_RECORD = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
NO_FUNCTION = Unavailable(Reason.NOT_GIVEN, "no function")
READING = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
STREAM = "2026/03/04/[$LATEST]0123456789abcdef0123456789abcdef"


def after(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def iso(seconds: float) -> str:
    return after(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at(seconds: float, message: str, stream: str = "s") -> LogEvent:
    return LogEvent(after(seconds), stream, message)


def told(
    *events: LogEvent | str,
    record: FunctionRecord | Unavailable = NO_RECORD,
    function: GivenFunction | Unavailable = NO_FUNCTION,
) -> Timeline:
    """The timeline of the events; plain texts follow one another by 10 ms."""
    dated = [e if isinstance(e, LogEvent) else at(n / 100, e) for n, e in enumerate(events)]
    return module.timeline(LogEvents(reading=READING, group="g", events=tuple(dated)), record, function)


def invocation(*lines: LogEvent | str, **options: Any) -> Invocation:
    [one] = told(*lines, **options).invocations
    return one


def messages(timeline: Timeline, *, platform: bool) -> list[str]:
    return [e.message for e in timeline.errors if e.platform is platform]


def start(request: str = A, version: str = "$LATEST") -> str:
    return f"START RequestId: {request} Version: {version}\n"


def end(request: str = A) -> str:
    return f"END RequestId: {request}\n"


def report(request: str = A, more: str = "") -> str:
    sizes = "Memory Size: 512 MB\tMax Memory Used: 88 MB"
    return f"REPORT RequestId: {request}\tDuration: 35.2 ms\tBilled Duration: 36 ms\t{sizes}\t{more}\n"


def node(seconds: float, text: str, request: str = A, level: str = "INFO") -> str:
    return f"{iso(seconds)}\t{request}\t{level}\t{text}"


def python(seconds: float, text: str, request: str = A, level: str = "INFO") -> str:
    return f"[{level}]\t{iso(seconds)}\t{request}\t{text}"


def record(kind: str, value: object, seconds: float = 0) -> str:
    return json.dumps({"time": iso(seconds), "type": f"platform.{kind}", "record": value})


# Invocations


def test_invocation_in_text_format() -> None:
    one = invocation(at(0, start()), at(1, "working\n"), at(2, end()), at(2, report(more="Init Duration: 412.33 ms\t")))
    assert one == Invocation(
        request_id=A,
        stream="s",
        version="$LATEST",
        start=after(0),
        end=after(2),
        duration_ms=35.2,
        billed_ms=36,
        memory_mb=512,
        max_memory_mb=88,
        init_ms=412.33,
        status="success",
        lines=("working",),
        line_times=(after(1),),
    )


@pytest.mark.parametrize(
    "more",
    [
        "Status: error\tError Type: Runtime.ExitError",
        "Error Type: Runtime.ExitError\tStatus: error",
        "Init Duration: 5 ms\tStatus: error\tError Type: Runtime.ExitError\tBilled Restore Duration: 4 ms",
        "Status: error\tError Type: Runtime.ExitError\nXRAY TraceId: 1-a\tSegmentId: b\tSampled: true\t",
    ],
)
def test_report_is_read_by_key_in_any_order(more: str) -> None:
    one = invocation(start(), end(), report(more=more))
    assert (one.status, one.error_type, one.duration_ms) == ("error", "Runtime.ExitError", 35.2)


def test_report_whose_tabs_became_blanks() -> None:
    one = invocation(start(), end(), report(more="Init Duration: 7.5 ms\tStatus: timeout").replace("\t", " "))
    assert (one.duration_ms, one.billed_ms, one.init_ms, one.memory_mb) == (35.2, 36, 7.5, 512)
    assert one.status == "timeout"


def test_invocation_in_json_format() -> None:
    metrics = {
        "durationMs": 35.2,
        "billedDurationMs": 36,
        "memorySizeMB": 512,
        "maxMemoryUsedMB": 88,
        "initDurationMs": 9,
    }
    done = {"requestId": A, "status": "success", "metrics": {"durationMs": 34, "producedBytes": 3}}
    one = invocation(
        at(0, record("start", {"requestId": A, "version": "3"})),
        at(1, json.dumps({"timestamp": iso(1), "level": "INFO", "message": "x", "requestId": A})),
        at(2, record("runtimeDone", done)),
        at(3, record("report", {"requestId": A, "status": "success", "metrics": metrics})),
    )
    assert (one.version, one.start, one.end, one.status) == ("3", after(0), after(2), "success")
    assert (one.duration_ms, one.billed_ms, one.memory_mb, one.max_memory_mb, one.init_ms) == (35.2, 36, 512, 88, 9)
    assert len(one.lines) == 1


def test_status_of_runtime_done_stands_where_the_report_has_none() -> None:
    one = invocation(
        record("start", {"requestId": A}),
        record("runtimeDone", {"requestId": A, "status": "failure", "errorType": "Runtime.ExitError"}),
        record("report", {"requestId": A, "metrics": {"durationMs": 3}}),
    )
    assert (one.status, one.error_type, one.duration_ms) == ("error", "Runtime.ExitError", 3)


def test_invocation_without_an_end_is_unknown() -> None:
    assert invocation(start(), "working").status == "unknown"


def test_report_whose_start_was_not_read_still_counts() -> None:
    one = invocation(end(), report())
    assert (one.start, one.status) == (None, "success")


def test_retries_of_one_event_stay_apart() -> None:
    both = told(start(), end(), report(), at(60, start()), at(61, end()), at(61, report())).invocations
    assert [i.start for i in both] == [after(0), after(60)]
    assert {i.request_id for i in both} == {A}


def test_interleaved_invocations_of_a_file_without_streams() -> None:
    texts = [start(A), start(B), node(2, "a", A), node(3, "b", B), end(A), report(A), end(B), report(B)]
    first, second = told(*(at(n, text, "") for n, text in enumerate(texts))).invocations
    assert (len(first.lines), len(second.lines)) == (1, 1)
    assert first.lines[0].endswith("\ta")
    assert not first.late_lines
    assert not second.late_lines


def test_at_most_the_last_200_lines_are_kept() -> None:
    lines = invocation(start(), *(f"line {n}" for n in range(300)), end(), report()).lines
    assert (len(lines), lines[-1]) == (200, "line 299")


# Faults


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            [f"RequestId: {A} Error: Runtime exited with error: exit status 142\nRuntime.ExitError\n"], id="one"
        ),
        pytest.param(
            [f"RequestId: {A} Error: Runtime exited with error: exit status 142", "Runtime.ExitError"], id="two"
        ),
        pytest.param(
            [record("fault", f"RequestId: {A} Error: Runtime exited with error: exit status 142\nRuntime.ExitError\n")],
            id="JSON",
        ),
    ],
)
def test_fault_record(fault: list[str]) -> None:
    timeline = told(start(), *fault, end(), report())
    [one] = timeline.invocations
    assert (one.status, one.error_type) == ("error", "Runtime.ExitError")
    assert one.error == "Runtime exited with error: exit status 142"
    assert [(e.error_type, e.platform) for e in timeline.errors] == [("Runtime.ExitError", True)]


def test_fault_of_the_newer_wording() -> None:
    one = invocation(start(), f"RequestId: {A}\tStatus: timeout", end(), report())
    assert (one.status, one.error_type) == ("timeout", "Sandbox.Timedout")


def test_timeout() -> None:
    one = invocation(
        start(), f"{iso(3)} {A} Task timed out after 3.00 seconds\n\n", end(), report(more="Status: timeout")
    )
    assert (one.status, one.error_type, one.error) == (
        "timeout",
        "Sandbox.Timedout",
        "Task timed out after 3.00 seconds",
    )


def test_output_of_a_process_that_ended_is_an_error_text() -> None:
    timeline = told(
        start(), "libfoo.so: oh", f"RequestId: {A} Error: exit status 127\nRuntime.ExitError", end(), report()
    )
    assert messages(timeline, platform=False) == ["libfoo.so: oh"]


def test_application_error_of_the_python_client() -> None:
    text = "[ERROR] KeyError: 'X'\rTraceback (most recent call last):\r\u00a0\u00a0File \"/var/task/app.py\", line 1\r"
    timeline = told(start(), text, end(), report())
    [one] = timeline.invocations
    assert (one.status, one.error_type, one.error) == ("error", "KeyError", "'X'")
    assert [(e.error_type, e.platform) for e in timeline.errors] == [("KeyError", False)]


def test_type_that_the_client_names_is_more_than_unknown() -> None:
    text = "[ERROR] KeyError: 'X'\rTraceback (most recent call last):"
    assert (
        invocation(start(), text, end(), report(more="Status: error\tError Type: Runtime.Unknown")).error_type
        == "KeyError"
    )


def test_logged_error_is_no_failure() -> None:
    timeline = told(start(), python(0, "upstream answered 404", level="ERROR"), "[ERROR] skipped: 3", end(), report())
    assert timeline.invocations[0].status == "success"
    assert timeline.errors[0] == ErrorText(after(0.01), "s", None, "upstream answered 404", platform=False)


@pytest.mark.parametrize(
    ("what", "kind", "platform"),
    [
        ("Uncaught Exception", "Runtime.ImportModuleError", True),
        ("Invoke Error", "TypeError", False),
        ("Unhandled Promise Rejection", "Runtime.UnhandledPromiseRejection", True),
    ],
)
def test_error_of_the_node_client(what: str, kind: str, platform: bool) -> None:
    value = {"errorType": kind, "errorMessage": 'no "x"', "stack": ["a", "b"]}
    timeline = told(start(), node(0, f"{what} \t{json.dumps(value)}", level="ERROR"), end(), report())
    [one] = timeline.invocations
    assert (one.status, one.error_type, one.error) == ("error", kind, 'no "x"')
    assert (timeline.errors[0].error_type, timeline.errors[0].platform) == (kind, platform)


def test_error_of_the_node_client_that_was_cut_short() -> None:
    text = node(0, 'Invoke Error \t{"errorType":"TypeError","errorMessage":"x is not', level="ERROR")
    assert invocation(start(), text, end(), report()).error == "x is not"


def test_error_of_the_python_client_in_json_format() -> None:
    value = {
        "timestamp": iso(0),
        "log_level": "ERROR",
        "errorType": "Runtime.ImportModuleError",
        "errorMessage": "No module",
    }
    [error] = told(json.dumps(value)).errors
    assert (error.error_type, error.platform) == ("Runtime.ImportModuleError", True)
    assert "No module" in error.message


def test_error_that_a_logger_wrote_in_json_format_is_the_applications() -> None:
    value = {"timestamp": iso(0), "level": "ERROR", "logger": "root", "errorType": "Runtime.Fake", "message": "oh"}
    [error] = told(json.dumps(value)).errors
    assert not error.platform


def test_extension_that_could_not_be_launched() -> None:
    timeline = told("EXTENSION\tName: agent\tState: LaunchError\tEvents: []\tError Type: PermissionDenied\n")
    assert [(e.error_type, e.platform) for e in timeline.errors] == [("Extension.LaunchError", True)]
    assert "agent" in timeline.errors[0].message
    assert not told("EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE]\n").errors


# Inits


INIT_LINES = [
    "INIT_REPORT Init Duration: 9.09 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint\n",
    "INIT_REPORT Init Duration: 9.09 ms  Phase: init  Status: error  Error Type: Runtime.InvalidEntrypoint",
    "INIT_REPORT Error Type: Runtime.InvalidEntrypoint\tStatus: error\tPhase: init\tInit Duration: 9.09 ms",
    record(
        "initReport",
        {"phase": "init", "status": "error", "errorType": "Runtime.InvalidEntrypoint", "metrics": {"durationMs": 9.09}},
    ),
]


@pytest.mark.parametrize("line", INIT_LINES)
def test_init_report(line: str) -> None:
    timeline = told(line)
    assert timeline.inits == (InitRecord(T0, "s", 9.09, "init", "error", "Runtime.InvalidEntrypoint"),)
    assert [(e.error_type, e.platform) for e in timeline.errors] == [("Runtime.InvalidEntrypoint", True)]


def test_init_that_timed_out_names_no_type() -> None:
    [one] = told("INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout\n").inits
    assert (one.status, one.error_type, one.duration_ms) == ("timeout", None, 10000.12)


def test_end_and_report_of_one_init_are_one_record() -> None:
    told_twice = told(
        record("initStart", {"phase": "invoke"}),
        record("initRuntimeDone", {"phase": "invoke", "status": "error", "errorType": "Runtime.ExitError"}),
        record("initReport", {"phase": "invoke", "status": "error", "metrics": {"durationMs": 7}}),
    )
    assert told_twice.inits == (InitRecord(after(0.02), "s", 7, "invoke", "error", "Runtime.ExitError"),)


def test_end_of_an_init_without_its_report_counts() -> None:
    timeline = told(
        record("initRuntimeDone", {"phase": "init", "status": "timeout"}), record("start", {"requestId": A})
    )
    assert timeline.inits == (InitRecord(T0, "s", None, "init", "timeout"),)


def test_output_of_an_init_belongs_to_it() -> None:
    timeline = told(
        "no handler", INIT_LINES[0], "again", INIT_LINES[0].replace("Phase: init", "Phase: invoke"), start()
    )
    assert [i.lines for i in timeline.inits] == [("no handler",), ("again",)]
    assert messages(timeline, platform=False) == ["no handler", "again"]
    assert timeline.invocations[0].late_lines == ()


@pytest.mark.parametrize("word", ["IMAGE", "SUPERNOVA"])
def test_launch_error(word: str) -> None:
    line = f"{word}\tLaunch error: exec format error\tEntrypoint: [/e.sh,-x]\tCmd: [app.handler]\tWorkingDir: [/var/task]\n"
    [one] = told(line).launch_errors
    assert (one.error, one.entrypoint, one.command, one.workdir) == (
        "exec format error",
        "/e.sh,-x",
        "app.handler",
        "/var/task",
    )


def test_launch_error_that_itself_shows_brackets() -> None:
    text = "IMAGE\tLaunch error: Couldn't find valid bootstrap(s): [app.handler]\tEntrypoint: []\tCmd: [app.handler]\tWorkingDir: []"
    [one] = told(text).launch_errors
    assert (one.error, one.entrypoint, one.command) == (
        "Couldn't find valid bootstrap(s): [app.handler]",
        "",
        "app.handler",
    )


def test_task_config_that_cannot_be_read_is_a_launch_error() -> None:
    [one] = told("IMAGE\tInvalid task config: unexpected end of JSON\n").launch_errors
    assert one.error == "Invalid task config: unexpected end of JSON"


# Late work


def test_line_between_end_and_next_start_is_late() -> None:
    first, second = told(start(A), end(A), report(A), "saved 17", start(B), end(B), report(B)).invocations
    assert first.late_lines == ()
    assert second.late_lines == ("saved 17",)


def test_line_inside_whose_own_time_is_earlier_is_late() -> None:
    late, own = python(1, "saved", B), python(60.1, "hello", B)
    [_, second] = told(
        start(A), end(A), report(A), at(60, start(B)), at(60.1, late), at(60.1, own), at(61, report(B))
    ).invocations
    assert second.late_lines == (late,)
    assert second.lines == (late, own)


def test_line_inside_that_bears_an_earlier_requests_id_is_late() -> None:
    late = node(60, "saved", A)
    [_, second] = told(start(A), end(A), report(A), at(60, start(B)), at(60, late), at(61, report(B))).invocations
    assert second.late_lines == (late,)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(python(59.9, "x", B), id="clocks differ a little"),
        pytest.param(f"[INFO]\t2026-03-04T05:00:59Z\t{B}\tx", id="own time in whole seconds"),
        pytest.param(node(60, "x", "undefined"), id="no request id"),
        pytest.param("x", id="no own time"),
    ],
)
def test_ordinary_line_is_not_late(line: str) -> None:
    [_, second] = told(start(A), end(A), report(A), at(60, start(B)), at(60, line), at(61, report(B))).invocations
    assert (second.lines, second.late_lines) == ((line,), ())


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([], id="first of its environment"),
        pytest.param(
            [start(A), f"{iso(3)} {A} Task timed out after 3.00 seconds", end(A), report(A)], id="after a timeout"
        ),
        pytest.param([start(A), f"RequestId: {A} Error: x\nRuntime.ExitError", end(A), report(A)], id="after an exit"),
        pytest.param([start(A), end(A), report(A), "INIT_START Runtime Version: x"], id="init announced"),
        pytest.param(["EXTENSION\tName: x\tState: Ready\tEvents: []", start(A), end(A), report(A)], id="an extension"),
    ],
)
def test_output_of_an_init_or_an_extension_is_not_late(before: list[str]) -> None:
    assert told(*before, "loading", start(B), end(B), report(B)).invocations[-1].late_lines == ()


def test_other_streams_lines_are_not_late() -> None:
    [_, second] = told(start(A), end(A), report(A), at(1, "x", "other"), at(2, start(B)), at(3, report(B))).invocations
    assert second.late_lines == ()


# The present, and other versions


def changed(seconds: float) -> FunctionRecord:
    return function_record(last_modified=after(seconds))


def test_only_what_began_after_the_last_change_speaks_of_the_present() -> None:
    old = [at(0, INIT_LINES[0]), at(1, "[ERROR] Runtime.X: a"), at(2, start(A)), at(3, end(A)), at(3, report(A))]
    new = [at(200, start(B)), at(201, end(B)), at(201, report(B))]
    timeline = told(*old, *new, record=changed(100))
    assert [i.request_id for i in timeline.invocations] == [B]
    assert (timeline.inits, timeline.errors) == ((), ())
    assert (timeline.history, timeline.events, timeline.last_change) == (5, 3, after(100))


@pytest.mark.parametrize(("seconds", "present"), [(98.5, 1), (97, 0)])
def test_clocks_may_differ_by_two_seconds(seconds: float, present: int) -> None:
    assert len(told(at(seconds, start()), record=changed(100)).invocations) == present


def test_invocation_that_began_before_the_change_is_history() -> None:
    timeline = told(at(50, start()), at(150, end()), at(150, report()), record=changed(100))
    assert timeline.invocations == ()


def test_init_that_began_before_the_change_is_history() -> None:
    line = "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout\n"
    assert told(at(105, line), record=changed(100)).inits == ()
    assert len(told(at(111, line), record=changed(100)).inits) == 1


def test_without_a_record_everything_is_present() -> None:
    timeline = told(start(), end(), report())
    assert (timeline.history, timeline.events, timeline.last_change) == (0, 3, None)


def function(qualifier: str | None) -> GivenFunction:
    return GivenFunction(reading=READING, name="demo", qualifier=qualifier)


THIRD = STREAM.replace("$LATEST", "3")
BOTH = [at(0, start(A), STREAM), at(1, report(A), STREAM), at(0, start(B, "3"), THIRD), at(1, report(B), THIRD)]


@pytest.mark.parametrize(
    ("qualifier", "version", "kept", "left_out"),
    [
        pytest.param(None, None, [A], ("3",), id="latest where nothing is asked"),
        pytest.param("$LATEST", None, [A], ("3",), id="latest"),
        pytest.param("3", None, [B], ("$LATEST",), id="a version"),
        pytest.param("live", "3", [B], ("$LATEST",), id="an alias by its record"),
        pytest.param("live", None, [A, B], (), id="an alias that cannot be told"),
    ],
)
def test_other_versions_do_not_speak_of_this_one(
    qualifier: str | None, version: str | None, kept: list[str], left_out: tuple[str, ...]
) -> None:
    record = function_record(version=version) if version else NO_RECORD
    timeline = told(*BOTH, record=record, function=function(qualifier))
    assert [i.request_id for i in timeline.invocations] == kept
    assert timeline.other_versions == left_out


def test_version_of_a_stream_without_a_name_is_that_of_its_starts() -> None:
    events = [at(0, INIT_LINES[0], "x"), at(1, start(A, "7"), "x"), at(2, report(A), "x")]
    timeline = told(*events, function=function(None))
    assert (timeline.inits, timeline.invocations, timeline.other_versions) == ((), (), ("7",))


def test_other_functions_of_a_shared_group_do_not_count() -> None:
    mine, theirs = STREAM.replace("[", "demo["), STREAM.replace("[", "demo-two[")
    events = [at(0, start(A), mine), at(1, report(A), mine), at(0, start(B), theirs), at(1, report(B), theirs)]
    assert [i.request_id for i in told(*events, function=function(None)).invocations] == [A]


# What holds for all logs

ANY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [start(A), end(A), report(A), start(B), end(B), report(B), *INIT_LINES, node(1, "x"), python(1, "y")]
    ),
    st.sampled_from(
        [
            f"RequestId: {A} Error: x",
            "Runtime.ExitError",
            "INIT_START Runtime Version: x",
            "IMAGE\tLaunch error: ",
            "IMAGE\t",
            "REPORT RequestId: ",
            "INIT_REPORT Init Duration: 1e999 ms",
            '{"type":"platform.report","record":{"metrics":7}}',
            '{"type":"platform.start","record":[]}',
            '{"type":7,"record":{}}',
            '{"timestamp":[],"errorType":{},"message":{"errorType":1}}',
            "[" * 2000,
            "{" * 2000,
            '{"a":' * 5000,
        ]
    ),
)


@given(st.lists(st.tuples(st.integers(0, 100), ANY, st.sampled_from(["", "s", STREAM])), max_size=25))
def test_it_never_raises_and_keeps_order(raw: list[tuple[int, str, str]]) -> None:
    raw.sort(key=lambda r: r[0])
    timeline = told(*(at(seconds, text, stream) for seconds, text, stream in raw), record=changed(50))
    assert timeline.history + timeline.events == len(raw)
    begun = [i.start for i in timeline.invocations if i.start]
    assert begun == sorted(begun)
    times = [e.at for e in timeline.errors if e.at]
    assert times == sorted(times)
    assert all(t >= after(48) for t in (*begun, *times))


def test_long_lines_of_blanks_cost_no_time() -> None:
    for head in ("IMAGE\t", "EXTENSION\tName: ", "REPORT RequestId: x", "[ERROR] ", f"{iso(0)}\t", "RequestId: x "):
        told(head + " " * 100_000 + "x", head + "\t" * 100_000)
