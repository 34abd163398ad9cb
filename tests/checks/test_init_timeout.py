from __future__ import annotations

import shlex

import pytest

from tests.checks.happened import NO_RECORD, NOT_GIVEN, init_ran_out_of_time, ran_out_of_time, told, went_well
from tests.factories import IMAGE, function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.init.init_timeout import init_timeout as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Origin, Outcome

SLOW = init_ran_out_of_time()
ONCE = ["INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout"]
BROKEN = ["INIT_REPORT Init Duration: 9.1 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint"]
UNREAD = Unavailable(Reason.DENIED, "ecr:BatchGetImage was denied")


def runtime(client: str = "aws-base") -> RuntimeModel:
    return RuntimeModel(reading=IMAGE, language="python", client=client)


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(SLOW), Outcome.FAIL, id="init, its repetition, and the invocation"),
        pytest.param(
            told(init_ran_out_of_time(repeated="Status: error\tError Type: Runtime.Unknown")),
            Outcome.FAIL,
            id="the repetition ran into the function's timeout",
        ),
        pytest.param(told(went_well(), SLOW), Outcome.FAIL, id="newest"),
        pytest.param(told(SLOW, *[went_well()] * 6), Outcome.PASS, id="once among many"),
        pytest.param(told([*ONCE, *went_well()]), Outcome.PASS, id="the repetition ended in time"),
        pytest.param(told(init_ran_out_of_time(repeated="")), Outcome.UNKNOWN, id="no word of the repetition"),
        pytest.param(told(ONCE), Outcome.UNKNOWN, id="no invocation yet"),
        pytest.param(told(BROKEN), Outcome.PASS, id="an init that failed at once"),
        pytest.param(told(ran_out_of_time()), Outcome.PASS, id="the handler timed out"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing happened"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline, runtime(), function_record()).outcome is outcome


@pytest.mark.parametrize("client", [runtime("unknown"), UNREAD, NOT_GIVEN])
def test_an_image_that_may_have_no_client_is_not_blamed_for_being_slow(client: RuntimeModel | Unavailable) -> None:
    assert the_check(told(SLOW), client, function_record()).outcome is Outcome.UNKNOWN
    assert the_check(told(went_well(), SLOW), client, function_record()).outcome is Outcome.FAIL, "it did speak before"


def test_failure_cites_both_inits_and_gives_a_whole_cpu() -> None:
    verdict = the_check(told(SLOW), runtime(), function_record(memory_mb=512))
    assert ["phase init" in verdict.evidence[0].value, "phase invoke" in verdict.evidence[1].value] == [True, True]
    assert verdict.evidence[0].origin is Origin.PLATFORM_LOG
    assert verdict.remediation
    (more,) = map(shlex.split, verdict.remediation.commands)
    assert more[more.index("--memory-size") + 1] == "1769"
    assert "function_timeout" in all_checks()["init_timeout"].explains


@pytest.mark.parametrize("record", [function_record(memory_mb=2048), NO_RECORD])
def test_without_need_or_name_there_is_no_command(record: object) -> None:
    verdict = the_check(told(SLOW), runtime(), record)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert verdict.remediation.commands == ()
