"""What CloudWatch's numbers make of a symptom."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import function_record
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.model import Origin, Role, Rung, RungState
from troubleshooter.triage import Triage, failing_rung, triage

START = dt.datetime(2026, 1, 2, 3, 5, tzinfo=dt.UTC)
DENIED = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
LOG = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
QUIET = Timeline(reading=LOG)


def series(*values: float) -> tuple[Point, ...]:
    return tuple(Point(START + dt.timedelta(minutes=5 * n), v) for n, v in enumerate(values))


def metrics(calls: tuple[float, ...] = (), errors: tuple[float, ...] = (), **more: object) -> Metrics:
    reading = Reading("cloudwatch:GetMetricData", Origin.RECORD)
    fields = {"throttles": (), "dropped": (), "reserved": None, **more}
    return Metrics(
        reading=reading,
        since=START,
        period_s=300,
        invocations=series(*calls),
        errors=series(*errors),
        **fields,  # type: ignore[arg-type]
    )


def result(found: Metrics, timeline: Timeline | Unavailable = DENIED) -> Triage:
    return triage(Role.DEPLOYED, function_record(), timeline, NO_TEXT, found)


@pytest.mark.parametrize("timeline", [DENIED, QUIET])
def test_errors_without_a_log_line_are_a_symptom_without_a_rung(timeline: Timeline | Unavailable) -> None:
    found = result(metrics((4, 5, 6), (0, 5, 6)), timeline)
    assert failing_rung(found) is None
    assert not found.symptom.healthy
    assert "11 of 15 invocations failed" in found.symptom.summary
    assert found.symptom.since == "2026-01-02T03:10:00Z"
    assert found.symptom.evidence[0].origin is Origin.RECORD


def test_calls_without_errors_show_health() -> None:
    found = result(metrics((4, 5), (0, 0)))
    assert found.symptom.healthy
    assert {r.rung: r.state for r in found.ladder}[Rung.INVOKE] is RungState.PASSED


def test_errors_that_are_over_or_few_show_health() -> None:
    assert result(metrics((30, 30), (30, 0))).symptom.healthy
    assert result(metrics((30, 30), (0, 3))).symptom.healthy


def test_no_calls_at_all_show_nothing() -> None:
    found = result(metrics())
    assert not found.symptom.healthy
    assert "denied" in found.symptom.summary


def test_calls_that_are_all_refused() -> None:
    found = result(metrics(throttles=series(3, 4), reserved=0))
    assert not found.symptom.healthy
    assert "7 calls was throttled; its reserved concurrency is 0" in found.symptom.summary


def test_one_throttle_takes_no_health_away() -> None:
    assert result(metrics((30,), (0,), throttles=series(1))).symptom.healthy


def test_the_log_tells_why_and_the_metrics_how_often_and_since_when() -> None:
    at = START + dt.timedelta(hours=1)
    call = Invocation("r", "s", "$LATEST", at, at, status="error", error_type="Runtime.ImportModuleError")
    found = result(metrics((5, 5), (5, 5)), Timeline(reading=LOG, invocations=(call,)))
    assert failing_rung(found) is Rung.HANDLER
    assert found.symptom.since == "2026-01-02T03:05:00Z"
    assert found.symptom.evidence[-1].value.startswith("10 of 10 invocations failed")


def test_a_log_of_good_calls_counts_for_itself() -> None:
    call = Invocation("r", "s", "$LATEST", START, START)
    assert result(metrics((5,), (1,)), Timeline(reading=LOG, invocations=(call,))).symptom.healthy
