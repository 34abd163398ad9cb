from __future__ import annotations

import datetime as dt
import shlex

import pytest

from tests.checks.happened import called, init_ran_out_of_time, ran_out_of_time, told, went_well
from tests.factories import RECORD, function_record
from troubleshooter.checks.invoke.function_timeout import function_timeout as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.model import Origin, Outcome, Unblock

LATE = ran_out_of_time()
UNASKED = Unavailable(Reason.NOT_OF_THIS_KIND, "the log shows that the newest invocation went well")
AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(LATE), Outcome.FAIL, id="newest, after a good init"),
        pytest.param(told(went_well(), ran_out_of_time(init_ms=None), one_environment=True), Outcome.FAIL, id="warm"),
        pytest.param(told(LATE, went_well(), went_well()), Outcome.FAIL, id="every third"),
        pytest.param(
            told(LATE, ran_out_of_time(init_ms=None), one_environment=True), Outcome.FAIL, id="again and again"
        ),
        pytest.param(told(LATE, *[went_well()] * 8), Outcome.PASS, id="one among many"),
        pytest.param(told(ran_out_of_time(init_ms=None)), Outcome.UNKNOWN, id="nothing shows that it was loaded"),
        pytest.param(told(init_ran_out_of_time()), Outcome.UNKNOWN, id="its init never ended"),
        pytest.param(told(ran_out_of_time(used=510)), Outcome.UNKNOWN, id="memory used up"),
        pytest.param(told(called("Task timed out after 3.00 seconds")), Outcome.PASS, id="the application's words"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline, function_record(), UNASKED).outcome is outcome


def test_in_a_vpc_it_may_be_the_network() -> None:
    verdict = the_check(told(LATE), function_record(vpc_attached=True), UNASKED)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock


def test_failure_cites_the_report_and_raises_the_timeout() -> None:
    verdict = the_check(told(LATE), function_record(timeout_s=30), UNASKED)
    assert verdict.evidence[0].origin is Origin.PLATFORM_LOG
    assert [e.value for e in verdict.evidence][1] == "30"
    assert verdict.remediation
    (longer,) = map(shlex.split, verdict.remediation.commands)
    assert longer[longer.index("--timeout") + 1] == "90"


def test_the_longest_timeout_is_not_raised() -> None:
    verdict = the_check(told(LATE), function_record(timeout_s=900), UNASKED)
    assert verdict.remediation
    assert verdict.remediation.commands == ()


def numbers(*periods: tuple[float, float]) -> Metrics:
    """(longest Duration in ms, Errors) of each period."""
    times = [AT + dt.timedelta(minutes=5 * n) for n in range(len(periods))]
    return Metrics(
        reading=RECORD,
        since=AT,
        period_s=300,
        duration=tuple(Point(at, ms) for at, (ms, _) in zip(times, periods, strict=True)),
        errors=tuple(Point(at, bad) for at, (_, bad) in zip(times, periods, strict=True)),
    )


DENIED = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied", Unblock("Allow it.", "logs:FilterLogEvents"))


@pytest.mark.parametrize("timeline", [told(), DENIED])
def test_numbers_alone_tell_that_time_ran_out_and_prove_nothing(timeline: Timeline | Unavailable) -> None:
    verdict = the_check(timeline, function_record(timeout_s=3), numbers((3000.0, 4), (40.0, 1), (3000.0, 0)))
    assert verdict.outcome is Outcome.UNKNOWN
    assert "in 1 of 2 periods with errors a call lasted 3 s or more" in [e.value for e in verdict.evidence]
    assert verdict.unblock
    assert verdict.unblock.action == ("logs:FilterLogEvents" if timeline is DENIED else None)


def test_long_calls_that_succeed_and_short_ones_that_fail_are_no_timeouts() -> None:
    for metrics in (numbers((3000.0, 0), (2900.0, 4)), numbers(), UNASKED):
        assert the_check(told(), function_record(timeout_s=3), metrics).outcome is Outcome.NOT_APPLICABLE


def test_numbers_stand_beside_what_the_log_proves() -> None:
    verdict = the_check(told(LATE), function_record(timeout_s=3), numbers((3000.0, 4)))
    assert verdict.outcome is Outcome.FAIL
    assert [e.fact for e in verdict.evidence if "periods" in e.value] == [""]
