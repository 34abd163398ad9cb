from __future__ import annotations

import pytest

from tests.checks.happened import called, exited, told, went_well
from troubleshooter.checks.response.response_too_large import response_too_large as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome

REFUSED = called(
    "RequestId: {id} Error: Response payload size exceeded maximum allowed payload size (6291556 bytes).\n"
    "Function.ResponseSizeTooLarge",
    report="Duration: 900 ms\tStatus: error\tError Type: Function.ResponseSizeTooLarge",
)


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(REFUSED), Outcome.FAIL, id="newest"),
        pytest.param(told(REFUSED, went_well(), went_well()), Outcome.FAIL, id="every third"),
        pytest.param(told(REFUSED, *[went_well()] * 5), Outcome.PASS, id="a large one among many"),
        pytest.param(told(exited("with error: exit status 1")), Outcome.PASS, id="another error"),
        pytest.param(
            told(called("413 Function.ResponseSizeTooLarge from upstream")), Outcome.PASS, id="of another service"
        ),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline).outcome is outcome


def test_failure_quotes_the_platform() -> None:
    verdict = the_check(told(REFUSED))
    assert "6291556" in verdict.evidence[1].value
    assert {e.origin for e in verdict.evidence} == {Origin.PLATFORM_LOG}
    assert verdict.remediation


def test_a_pasted_log_proves_nothing() -> None:
    verdict = the_check(told(REFUSED, pasted=True))
    assert not any(e.origin.proves for e in verdict.evidence)
