from __future__ import annotations

import shlex

import pytest

from tests.factories import TEMPLATE, function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.ready.update_in_progress import update_in_progress as the_check
from troubleshooter.model import Outcome, Rung


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        pytest.param({}, Outcome.PASS, id="ready"),
        pytest.param({"update_status": "InProgress"}, Outcome.FAIL, id="update runs"),
        pytest.param({"state": "Pending", "update_status": "InProgress"}, Outcome.FAIL, id="is being created"),
        pytest.param({"state": "Pending", "state_reason_code": "Creating"}, Outcome.FAIL, id="pending alone"),
        pytest.param({"state": "Pending", "state_reason_code": "Restoring"}, Outcome.NOT_APPLICABLE, id="wakes up"),
        pytest.param({"state": "Inactive", "state_reason_code": "Idle"}, Outcome.PASS, id="idle"),
        pytest.param({"update_status": "Failed"}, Outcome.PASS, id="an update that failed has ended"),
        pytest.param({"state": "Failed"}, Outcome.PASS, id="failed state"),
        pytest.param({"state": None, "update_status": "InProgress"}, Outcome.FAIL, id="state not told"),
        pytest.param({"state": None, "update_status": None}, Outcome.NOT_APPLICABLE, id="nothing told"),
        pytest.param(
            {"reading": TEMPLATE, "state": None, "update_status": None}, Outcome.NOT_APPLICABLE, id="a template"
        ),
    ],
)
def test_outcome(record: dict[str, object], outcome: Outcome) -> None:
    assert the_check(function_record(**record)).outcome is outcome


def test_a_running_update_is_waited_for() -> None:
    record = function_record(name="it's", update_status="InProgress", update_reason_code="Creating")
    verdict = the_check(record)
    assert verdict.rung is None
    assert all_checks()["update_in_progress"].rung is Rung.READY
    assert [e.value for e in verdict.evidence] == ["InProgress", "Creating", "not set"]
    assert verdict.remediation
    (wait,) = map(shlex.split, verdict.remediation.commands)
    assert wait[:4] == ["aws", "lambda", "wait", "function-updated-v2"]
    assert wait[wait.index("--function-name") + 1] == "it's"
    assert wait[wait.index("--region") + 1] == "eu-west-1"


def test_a_function_that_is_made_is_waited_for_until_it_is_active() -> None:
    verdict = the_check(function_record(state="Pending", state_reason_code="Creating"))
    assert verdict.remediation
    assert "function-active-v2" in verdict.remediation.commands[0]
