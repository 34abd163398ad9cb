from __future__ import annotations

import shlex

import pytest

from tests.checks.happened import NO_RECORD, called, exited, exited_in_init, ran_out_of_time, told, went_well
from tests.factories import function_record
from troubleshooter.checks.invoke.oom import oom as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome, Rung, Verdict

KILLED = "with error: signal: killed"
HEAP = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
FULL = exited(KILLED, memory=512, used=512)
CAPPED = called(
    "RequestId: {id} Error: Runtime exited\nRuntime.OutOfMemory",
    report="Duration: 900 ms\tStatus: error\tError Type: Runtime.OutOfMemory",
    used=512,
)


def asked(timeline: Timeline, **record: object) -> Verdict:
    return the_check(timeline, function_record(**record))


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(FULL), Outcome.FAIL, id="killed at the limit"),
        pytest.param(told(went_well(), went_well(), FULL), Outcome.FAIL, id="the newest was killed"),
        pytest.param(told(went_well(), FULL, FULL, went_well()), Outcome.FAIL, id="every second one is killed"),
        pytest.param(told(CAPPED), Outcome.FAIL, id="the platform says so itself"),
        pytest.param(told(exited(KILLED, used=488)), Outcome.FAIL, id="nearly all used"),
        pytest.param(told(exited(KILLED, used=300)), Outcome.UNKNOWN, id="memory to spare"),
        pytest.param(told(exited(KILLED, used=None)), Outcome.UNKNOWN, id="no report"),
        pytest.param(told(exited(KILLED, ms=29_990, used=512)), Outcome.UNKNOWN, id="when the time was up"),
        pytest.param(
            told(exited("with error: signal: aborted", HEAP, used=512)), Outcome.FAIL, id="Node gave up, all used"
        ),
        pytest.param(
            told(exited("with error: exit status 134", HEAP, used=500)), Outcome.FAIL, id="below a start script"
        ),
        pytest.param(
            told(exited("with error: signal: aborted", HEAP)), Outcome.UNKNOWN, id="Node gave up, memory to spare"
        ),
        pytest.param(told(exited("with error: signal: aborted", used=512)), Outcome.PASS, id="aborted without a word"),
        pytest.param(told(called(HEAP, used=512)), Outcome.PASS, id="a child's heap was full, and it went well"),
        pytest.param(told(went_well()), Outcome.PASS, id="fine"),
        pytest.param(told(FULL, *[went_well()] * 9), Outcome.PASS, id="long over"),
        pytest.param(told(called(used=512)), Outcome.PASS, id="all used, and it went well"),
        pytest.param(told(exited("with error: exit status 1", used=512)), Outcome.PASS, id="another end"),
        pytest.param(told(ran_out_of_time(used=512)), Outcome.PASS, id="a timeout"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
        pytest.param(
            told(called("worker: Runtime exited with error: signal: killed", used=512)),
            Outcome.PASS,
            id="the application says so of something else",
        ),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert asked(timeline).outcome is outcome


def test_failure_cites_the_report_and_doubles_the_memory() -> None:
    verdict = asked(told(FULL))
    assert "512 of 512 MB used" in verdict.evidence[0].value
    assert {e.origin for e in verdict.evidence} == {Origin.PLATFORM_LOG}
    assert verdict.rung is Rung.INVOKE
    assert verdict.remediation
    (raise_it,) = map(shlex.split, verdict.remediation.commands)
    assert raise_it[raise_it.index("--memory-size") + 1] == "1024"
    assert raise_it[raise_it.index("--function-name") + 1] == "demo"


def test_killed_while_it_loads() -> None:
    assert asked(told(exited_in_init(KILLED, "loading", used=512))).rung is Rung.RUNTIME


def test_the_largest_memory_is_not_raised() -> None:
    verdict = asked(told(exited(KILLED, memory=10_240, used=10_240)))
    assert verdict.remediation
    assert verdict.remediation.commands == ()


def test_a_missing_record_costs_the_command_alone() -> None:
    verdict = the_check(told(FULL), NO_RECORD)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert verdict.remediation.commands == ()


def test_a_pasted_log_proves_nothing() -> None:
    verdict = the_check(told(FULL, pasted=True), NO_RECORD)
    assert not any(e.origin.proves for e in verdict.evidence)
