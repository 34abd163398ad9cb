from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import failed_state, failed_update
from tests.factories import function_record, variable
from troubleshooter.checks.spawn.kms_env import kms_env as the_check
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome, Rung


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("KMSDisabledException", Outcome.FAIL, id="disabled"),
        pytest.param("DisabledException", Outcome.FAIL, id="disabled, as KMS says it"),
        pytest.param("KMSNotFoundException", Outcome.FAIL, id="gone"),
        pytest.param("KMSInvalidStateException", Outcome.FAIL, id="pending deletion"),
        pytest.param("AccessDeniedException", Outcome.UNKNOWN, id="the reader may be the one without access"),
        pytest.param("KMSAccessDeniedException", Outcome.UNKNOWN, id="denied"),
        pytest.param("InternalError", Outcome.UNKNOWN, id="a code that is not known"),
        pytest.param(None, Outcome.PASS, id="decrypted"),
    ],
)
def test_the_environments_own_error(code: str | None, outcome: Outcome) -> None:
    verdict = the_check(function_record(environment_error=code))
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert code in [e.value for e in verdict.evidence]
        assert verdict.rung is None
    if outcome is Outcome.UNKNOWN:
        assert verdict.unblock


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        pytest.param(failed_state("DisabledKMSKey"), Outcome.FAIL, id="state"),
        pytest.param(failed_update("KMSKeyNotFound"), Outcome.FAIL, id="update"),
        pytest.param(failed_state("InvalidStateKMSKey", "the key"), Outcome.FAIL, id="state of the key"),
        pytest.param(failed_state("KMSKeyAccessDenied"), Outcome.UNKNOWN, id="permission or stale grant"),
        pytest.param(
            failed_state("DisabledKMSKey", "Lambda can't decrypt the container image"),
            Outcome.NOT_APPLICABLE,
            id="the image's key",
        ),
        pytest.param(failed_state("InvalidImage"), Outcome.PASS, id="another reason"),
        pytest.param(function_record(state=None, update_status=None), Outcome.NOT_APPLICABLE, id="a template"),
        pytest.param(function_record(environment=(variable("KMS_KEY", "disabled"),)), Outcome.PASS, id="a variable"),
    ],
)
def test_reason_codes(record: FunctionRecord, outcome: Outcome) -> None:
    verdict = the_check(record)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.rung is Rung.READY


def test_the_command_shows_which_key_it_is() -> None:
    verdict = the_check(function_record(environment_error="KMSDisabledException"))
    assert verdict.remediation
    assert "Enable the key" in verdict.remediation.text
    (see,) = map(shlex.split, verdict.remediation.commands)
    assert see[see.index("--function-name") + 1] == "demo"
    assert "KMSKeyArn" in see[see.index("--query") + 1]
