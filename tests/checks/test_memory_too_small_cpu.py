from __future__ import annotations

import shlex

import pytest

from tests.checks.happened import NO_RECORD, NOT_GIVEN, called, init_ran_out_of_time, told, went_well
from tests.factories import function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.init.memory_too_small_cpu import memory_too_small_cpu as the_check
from troubleshooter.facts import Store, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Outcome

STOPPED = "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout"


def twice() -> list[str]:
    """A cold start whose init was stopped, and done again in time for the function."""
    return [STOPPED, *called(report="Duration: 15020.00 ms\tBilled Duration: 15021 ms", memory=128)]


def warm() -> list[str]:
    return called(memory=128)


@pytest.mark.parametrize(
    ("timeline", "memory", "outcome"),
    [
        pytest.param(told(twice()), 128, Outcome.FAIL, id="one cold start"),
        pytest.param(told(twice(), twice()), 512, Outcome.FAIL, id="every cold start"),
        pytest.param(told(twice(), warm(), one_environment=True), 128, Outcome.FAIL, id="then warm ones"),
        pytest.param(told(twice(), went_well()), 128, Outcome.PASS, id="the newest ended in time"),
        pytest.param(told(went_well(), twice()), 128, Outcome.PASS, id="one of two: a passing trouble"),
        pytest.param(told(init_ran_out_of_time()), 128, Outcome.PASS, id="the repetition did not end either"),
        pytest.param(told(twice()), 1024, Outcome.NOT_APPLICABLE, id="there is CPU enough"),
        pytest.param(told(twice()), None, Outcome.NOT_APPLICABLE, id="memory not told"),
        pytest.param(told(warm()), 128, Outcome.NOT_APPLICABLE, id="no cold start"),
        pytest.param(told(), 128, Outcome.NOT_APPLICABLE, id="nothing happened"),
    ],
)
def test_outcome(timeline: Timeline, memory: int | None, outcome: Outcome) -> None:
    assert the_check(timeline, function_record(memory_mb=memory)).outcome is outcome


def test_one_cold_start_is_no_rule_where_there_is_some_cpu() -> None:
    assert the_check(told(twice()), function_record(memory_mb=512)).outcome is Outcome.UNKNOWN


def test_an_init_that_may_wait_for_others_is_not_blamed() -> None:
    in_vpc = function_record(memory_mb=128, vpc_attached=True)
    assert the_check(told(twice(), twice()), in_vpc).outcome is Outcome.UNKNOWN
    waits = told(["Connect timeout on endpoint URL", *twice()], ["Connect timeout on endpoint URL", *twice()])
    assert the_check(waits, function_record(memory_mb=128)).outcome is Outcome.UNKNOWN


def test_it_costs_something_although_invocations_succeed() -> None:
    verdict = the_check(told(twice()), function_record(memory_mb=128))
    assert verdict.regardless
    assert "7 % of a CPU" in verdict.message
    assert verdict.remediation
    (more,) = map(shlex.split, verdict.remediation.commands)
    assert more[more.index("--memory-size") + 1] == "1769"


@pytest.mark.parametrize(("gap", "outcome"), [(NO_RECORD, Outcome.UNKNOWN), (NOT_GIVEN, Outcome.NOT_APPLICABLE)])
def test_without_the_record_or_the_log(gap: Unavailable, outcome: Outcome) -> None:
    check = all_checks()["memory_too_small_cpu"]
    assert check.run(Store({}, [told(twice())], missing={FunctionRecord: gap})).outcome is outcome
    assert check.run(Store({}, [function_record()], missing={Timeline: gap})).outcome is outcome
