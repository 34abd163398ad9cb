from __future__ import annotations

import pytest

from tests.checks.happened import NO_RECORD, called, exited, exited_in_init, told, went_well
from tests.factories import function_record
from troubleshooter.checks.invoke.native_crash import native_crash as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome, Rung

SEGFAULT = "with error: signal: segmentation fault"
ABORTED = "with error: signal: aborted"


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(exited(SEGFAULT)), Outcome.FAIL, id="segmentation fault"),
        pytest.param(told(exited(f"{SEGFAULT} (core dumped)")), Outcome.FAIL, id="with a core"),
        pytest.param(told(exited("with error: signal: bus error")), Outcome.FAIL, id="bus error"),
        pytest.param(told(went_well(), exited(ABORTED, "assertion failed")), Outcome.FAIL, id="aborted"),
        pytest.param(
            told(exited(ABORTED, "FATAL ERROR: Reached heap limit - JavaScript heap out of memory")),
            Outcome.UNKNOWN,
            id="aborted for memory",
        ),
        pytest.param(told(exited(ABORTED, used=510)), Outcome.UNKNOWN, id="aborted with all memory used"),
        pytest.param(
            told(exited_in_init(ABORTED, "Error in cpuinfo: cannot open /sys/devices/system/cpu/possible")),
            Outcome.UNKNOWN,
            id="aborted in init for what the sandbox lacks",
        ),
        pytest.param(told(exited("with error: signal: killed")), Outcome.PASS, id="killed"),
        pytest.param(told(exited("with error: signal: illegal instruction")), Outcome.PASS, id="illegal instruction"),
        pytest.param(told(exited(SEGFAULT), *[went_well()] * 6), Outcome.PASS, id="long over"),
        pytest.param(told(called("child: signal: segmentation fault")), Outcome.PASS, id="of a child process"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline, function_record()).outcome is outcome
    assert the_check(timeline, NO_RECORD).outcome is outcome


def test_failure_quotes_the_platform_and_says_where() -> None:
    verdict = the_check(told(exited(SEGFAULT)), function_record(runtime="python3.12"))
    assert "segmentation fault" in verdict.evidence[0].value
    assert verdict.evidence[0].origin is Origin.PLATFORM_LOG
    assert verdict.rung is Rung.INVOKE
    assert verdict.remediation
    assert "PYTHONFAULTHANDLER" in verdict.remediation.text
    assert "report-on-fatalerror" not in verdict.remediation.text
    assert the_check(told(exited_in_init(SEGFAULT)), NO_RECORD).rung is Rung.RUNTIME
