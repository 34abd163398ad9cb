from __future__ import annotations

import shlex

import pytest

from tests.checks.happened import NOT_GIVEN
from tests.checks.permitting import FUNCTION, message, ruled, told
from tests.checks.refusing import failed_state, failed_update
from tests.factories import function_record, variable
from tests.lab.aws_iam import allow
from troubleshooter.checks.spawn.kms_env import kms_env as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.model import Origin, Outcome, Rung

NO_KEY = Unavailable(Reason.NOT_OF_THIS_KIND, "the function's environment has no key of its own")
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-5a6b7c8d9e0f"


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
    verdict = the_check(function_record(environment_error=code), NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY)
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
    verdict = the_check(record, NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.rung is Rung.READY


def test_the_command_shows_which_key_it_is() -> None:
    verdict = the_check(
        function_record(environment_error="KMSDisabledException"), NO_KEY, NO_KEY, NO_KEY, NO_KEY, NO_KEY
    )
    assert verdict.remediation
    assert "Enable the key" in verdict.remediation.text
    (see,) = map(shlex.split, verdict.remediation.commands)
    assert see[see.index("--function-name") + 1] == "demo"
    assert "KMSKeyArn" in see[see.index("--query") + 1]


@pytest.mark.parametrize(
    ("state", "error", "command"),
    [
        pytest.param("Disabled", "KMSAccessDeniedException", "enable-key", id="the reader saw another error"),
        pytest.param("PendingDeletion", "KMSInvalidStateException", "cancel-key-deletion", id="to be deleted"),
        pytest.param(None, "KMSNotFoundException", "get-function-configuration", id="gone"),
    ],
)
def test_the_keys_own_state_decides(state: str | None, error: str, command: str) -> None:
    record = function_record(environment_error=error, key=KEY)
    key = KeyRecord(reading=Reading("kms:DescribeKey", Origin.RECORD), arn=KEY, state=state)
    trouble = KeyTrouble(reading=record.reading, evidence=(record.cite("environment_error"),))
    verdict = the_check(record, key, trouble, NO_KEY, NO_KEY, NO_KEY)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.SPAWN
    assert verdict.remediation
    assert command in verdict.remediation.commands[0]
    assert {"kms:DescribeKey", "lambda:GetFunction"} == {e.source for e in verdict.evidence}
    assert the_check(record, key, NO_KEY, NO_KEY, NO_KEY, NO_KEY).outcome is not Outcome.PASS


def test_a_key_that_can_be_used_leaves_denials_open() -> None:
    record = function_record(environment_error="KMSAccessDeniedException", key=KEY)
    key = KeyRecord(reading=Reading("kms:DescribeKey", Origin.RECORD), arn=KEY, state="Enabled")
    trouble = KeyTrouble(reading=record.reading, evidence=(record.cite("environment_error"),), denied=True)
    assert the_check(record, key, trouble, NO_KEY, NO_KEY, NO_KEY).outcome is Outcome.UNKNOWN


SAID = "Lambda was unable to decrypt the environment variables because KMS access was denied. KMS Message: "


@pytest.mark.parametrize(
    ("words", "allowed", "outcome"),
    [
        pytest.param(SAID, False, Outcome.FAIL, id="Lambda may not, as the role"),
        pytest.param(SAID, True, Outcome.PASS, id="the role's policies allow it"),
        pytest.param("the order's token: ", False, Outcome.PASS, id="the code decrypts something of its own"),
    ],
)
def test_the_role_may_not_decrypt(words: str, allowed: bool, outcome: Outcome) -> None:
    said = words + message("kms:Decrypt", on=KEY, why=" because no identity-based policy allows the kms:Decrypt action")
    denials = told(NOT_GIVEN, said)
    rulings = ruled(denials, *([allow("kms:Decrypt")] if allowed else []))
    text = GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)
    verdict = the_check(FUNCTION, NO_KEY, NO_KEY, text, denials, rulings)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert Origin.RECORD in {e.origin for e in verdict.evidence}
        assert verdict.remediation
        assert "put-role-policy" in verdict.remediation.commands[0]
    assert the_check(FUNCTION, NO_KEY, NO_KEY, text, NO_KEY, NO_KEY).outcome is Outcome.PASS
