from __future__ import annotations

import pytest

from tests.checks.happened import called, exited, exited_in_init, told, went_well
from troubleshooter.checks.invoke.native_cpu_features import native_cpu_features as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome, Rung

ILLEGAL = "with error: signal: illegal instruction"


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(exited(ILLEGAL)), Outcome.FAIL, id="newest"),
        pytest.param(told(exited(ILLEGAL), exited(ILLEGAL), went_well()), Outcome.FAIL, id="on some hosts"),
        pytest.param(told(exited(ILLEGAL), *[went_well()] * 5), Outcome.PASS, id="long over"),
        pytest.param(told(exited("with error: signal: segmentation fault")), Outcome.PASS, id="another signal"),
        pytest.param(told(called("Illegal instruction")), Outcome.PASS, id="the application's words"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline).outcome is outcome


def test_failure_quotes_the_platform_and_says_where() -> None:
    verdict = the_check(told(exited_in_init(ILLEGAL)))
    assert "illegal instruction" in verdict.evidence[0].value
    assert verdict.evidence[0].origin is Origin.PLATFORM_LOG
    assert verdict.rung is Rung.RUNTIME
    assert the_check(told(exited(ILLEGAL))).rung is Rung.INVOKE
