from __future__ import annotations

import shlex

import pytest

from tests.checks.happened import called, init_ran_out_of_time, ran_out_of_time, told, went_well
from tests.factories import function_record
from troubleshooter.checks.invoke.function_timeout import function_timeout as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome

LATE = ran_out_of_time()


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(LATE), Outcome.FAIL, id="newest, after a good init"),
        pytest.param(told(went_well(), ran_out_of_time(init_ms=None), one_environment=True), Outcome.FAIL, id="warm"),
        pytest.param(told(LATE, went_well(), went_well()), Outcome.FAIL, id="every third"),
        pytest.param(told(LATE, *[went_well()] * 8), Outcome.PASS, id="one among many"),
        pytest.param(told(ran_out_of_time(init_ms=None)), Outcome.UNKNOWN, id="nothing shows that it was loaded"),
        pytest.param(told(init_ran_out_of_time()), Outcome.UNKNOWN, id="its init never ended"),
        pytest.param(told(ran_out_of_time(used=510)), Outcome.UNKNOWN, id="memory used up"),
        pytest.param(told(called("Task timed out after 3.00 seconds")), Outcome.PASS, id="the application's words"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline, function_record()).outcome is outcome


def test_in_a_vpc_it_may_be_the_network() -> None:
    verdict = the_check(told(LATE), function_record(vpc_attached=True))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock


def test_failure_cites_the_report_and_raises_the_timeout() -> None:
    verdict = the_check(told(LATE), function_record(timeout_s=30))
    assert verdict.evidence[0].origin is Origin.PLATFORM_LOG
    assert [e.value for e in verdict.evidence][1] == "30"
    assert verdict.remediation
    (longer,) = map(shlex.split, verdict.remediation.commands)
    assert longer[longer.index("--timeout") + 1] == "90"


def test_the_longest_timeout_is_not_raised() -> None:
    verdict = the_check(told(LATE), function_record(timeout_s=900))
    assert verdict.remediation
    assert verdict.remediation.commands == ()
