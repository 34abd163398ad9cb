from __future__ import annotations

import shlex

import pytest

from tests.factories import function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.ready.function_inactive_reactivating import function_inactive_reactivating as the_check
from troubleshooter.model import Outcome, Severity


@pytest.mark.parametrize(
    ("state", "code", "outcome"),
    [
        pytest.param("Inactive", "Idle", Outcome.FAIL, id="idle"),
        pytest.param("Pending", "Restoring", Outcome.FAIL, id="on the way back"),
        pytest.param("Active", None, Outcome.PASS, id="active"),
        pytest.param("Pending", "Creating", Outcome.PASS, id="being created"),
        pytest.param("Failed", "InvalidImage", Outcome.PASS, id="failed"),
        pytest.param("Inactive", "ImageDeleted", Outcome.NOT_APPLICABLE, id="inactive for a deleted image"),
        pytest.param("Inactive", "ImageAccessDenied", Outcome.NOT_APPLICABLE, id="inactive for a policy"),
        pytest.param("Inactive", None, Outcome.NOT_APPLICABLE, id="inactive without a reason"),
        pytest.param(None, None, Outcome.NOT_APPLICABLE, id="a template"),
    ],
)
def test_outcome(state: str | None, code: str | None, outcome: Outcome) -> None:
    assert the_check(function_record(state=state, state_reason_code=code)).outcome is outcome


def test_idling_is_information_and_no_fault() -> None:
    assert all_checks()["function_inactive_reactivating"].severity is Severity.INFO
    verdict = the_check(function_record(state="Inactive", state_reason_code="Idle"))
    assert [e.value for e in verdict.evidence] == ["Inactive", "Idle", "not set"]
    assert verdict.remediation
    (see,) = map(shlex.split, verdict.remediation.commands)
    assert see[see.index("--function-name") + 1] == "demo"
