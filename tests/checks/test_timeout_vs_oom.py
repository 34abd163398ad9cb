from __future__ import annotations

import pytest

from tests.checks.happened import exited, told, went_well
from tests.factories import function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.invoke.timeout_vs_oom import timeout_vs_oom as the_check
from troubleshooter.model import Outcome, Verdict

KILLED = "with error: signal: killed"


def ask(ms: float = 29_990.0, used: int | None = 88, how: str = KILLED, timeout: int | None = 30) -> Verdict:
    return the_check(told(exited(how, ms=ms, used=used)), function_record(timeout_s=timeout))


def test_killed_when_the_time_was_up_with_memory_to_spare() -> None:
    verdict = ask()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert "--timeout 60" in verdict.remediation.commands[0]
    assert "oom" in all_checks()["timeout_vs_oom"].explains


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        pytest.param(ask(ms=8200.0, used=512), Outcome.PASS, id="long before"),
        pytest.param(ask(used=512), Outcome.UNKNOWN, id="both at once"),
        pytest.param(ask(timeout=None), Outcome.UNKNOWN, id="no limit is known"),
        pytest.param(the_check(told(went_well()), function_record()), Outcome.PASS, id="went well"),
        pytest.param(ask(how="with error: signal: segmentation fault"), Outcome.PASS, id="another signal"),
    ],
)
def test_what_is_no_timeout(verdict: Verdict, outcome: Outcome) -> None:
    assert verdict.outcome is outcome
