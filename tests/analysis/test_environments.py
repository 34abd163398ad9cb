"""What the execution environments did, from a timeline."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.factories import function_record
from troubleshooter.analysis.logs.environments import SPANS, environments
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.logs import ExecutionEnvironments, InitRecord, Invocation, Timeline
from troubleshooter.model import Origin

AT = dt.datetime(2026, 1, 2, 12, 0, 0, tzinfo=dt.UTC)
NOTHING = Unavailable(Reason.NOT_GIVEN, "no function was given")


def after(seconds: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=seconds)


def invocation(request: str, seconds: float, ms: float, *, stream: str = "a", **more: Any) -> Invocation:
    end = after(seconds + ms / 1000)
    return Invocation(request, stream, "$LATEST", after(seconds), end, **{"duration_ms": ms, **more})


def told(*invocations: Invocation, inits: tuple[InitRecord, ...] = ()) -> ExecutionEnvironments:
    reading = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
    return environments(Timeline(reading=reading, invocations=invocations, inits=inits), NOTHING)


def test_each_stream_is_an_environment_frozen_between_its_invocations() -> None:
    seen = told(invocation("1", 0, 500), invocation("2", 1, 500, stream="b"), invocation("3", 60, 500))
    assert [(e.stream, [s.request_id for s in e.spans]) for e in seen.environments] == [("a", ["1", "3"]), ("b", ["2"])]
    assert [s.frozen_ms for s in seen.environments[0].spans] == [None, 59_500]


def test_nothing_is_frozen_where_the_process_did_not_live_on() -> None:
    timed_out = told(invocation("1", 0, 500, status="timeout"), invocation("2", 60, 500))
    fresh = told(invocation("1", 0, 500), invocation("2", 60, 500, init_ms=300.0))
    assert [s.frozen_ms for e in (*timed_out.environments, *fresh.environments) for s in e.spans] == [None] * 4
    assert fresh.cold_starts == 1


def test_a_file_without_streams_is_no_environment() -> None:
    seen = told(invocation("1", 0, 500, stream=""), invocation("2", 60, 500, stream=""))
    assert [s.frozen_ms for s in seen.environments[0].spans] == [None, None]


def test_a_request_that_comes_again_is_a_retry_wherever_it_runs() -> None:
    seen = told(invocation("1", 0, 5), invocation("1", 60, 5, stream="b"), invocation("1", 180, 5))
    attempts = {(e.stream, s.at): s.attempt for e in seen.environments for s in e.spans}
    assert attempts == {("a", after(0)): 1, ("b", after(60)): 2, ("a", after(180)): 3}
    assert seen.retries == 2


def test_an_init_begins_before_its_report() -> None:
    seen = told(inits=(InitRecord(after(10), "a", 10_000.0, "init", "timeout"),))
    (span,) = seen.environments[0].spans
    assert (span.at, span.kind, span.status, span.phase) == (AT, "init", "timeout", "init")


def test_late_lines_and_what_has_no_times() -> None:
    untimed = Invocation("1", "", "$LATEST", None, None, status="unknown", late_lines=("x", "y"))
    seen = told(untimed)
    assert seen.late_lines == 2
    assert seen.environments[0].spans[0].ms is None


def test_only_the_newest_are_kept_and_the_rest_counted() -> None:
    seen = told(*(invocation(str(n), n, 5) for n in range(SPANS + 5)))
    assert seen.left_out == 5
    assert seen.environments[0].spans[0].request_id == "5"


def test_the_timeout_is_the_functions() -> None:
    timeline = Timeline(reading=Reading("logs", Origin.PLATFORM_LOG))
    assert environments(timeline, function_record(timeout_s=30)).timeout_s == 30
