from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import INNOCENT, failed_state, failed_update, says_nothing_of_an_image_that_was_refused
from tests.factories import AT, function_code
from troubleshooter.checks import all_checks
from troubleshooter.checks.ready.kms_ecr_key import kms_ecr_key as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.repository import RepositoryKey
from troubleshooter.model import Origin, Outcome, Rung

CODE = "ImageAccessDenied"
KEY = "arn:aws:kms:eu-north-1:123456789012:key/1b2c3d4e-0000-4000-8000-5a6b7c8d9e0f"


def key(state: str | None) -> RepositoryKey:
    return RepositoryKey(reading=Reading("kms:DescribeKey", Origin.RECORD, AT), repository="demo", arn=KEY, state=state)


@pytest.mark.parametrize(("record", "outcome"), INNOCENT)
def test_a_key_that_is_switched_off_while_nothing_is_refused(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record, function_code(), key("Disabled")).outcome is outcome


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        pytest.param("Disabled", ["describe-key", "enable-key"], id="disabled"),
        pytest.param("PendingDeletion", ["describe-key", "cancel-key-deletion", "enable-key"], id="to be deleted"),
        pytest.param("Unavailable", ["describe-key"], id="another state"),
        pytest.param(None, ["describe-key"], id="gone"),
    ],
)
def test_a_denied_image_whose_key_cannot_be_used_fails(state: str | None, verbs: list[str]) -> None:
    for record in (failed_state(CODE), failed_state(CODE, state="Inactive"), failed_update(CODE)):
        verdict = the_check(record, function_code(), key(state))
        assert verdict.outcome is Outcome.FAIL
        assert "kms:DescribeKey" in [e.source for e in verdict.evidence]
        assert verdict.remediation
        commands = [shlex.split(c) for c in verdict.remediation.commands]
        assert [c[2] for c in commands] == verbs
        assert all(c[c.index("--region") + 1] == "eu-north-1" for c in commands)
    assert all_checks()["kms_ecr_key"].rung is Rung.READY


def test_aws_own_words_about_the_key() -> None:
    record = failed_state("InvalidImage", "Lambda can't decrypt the container image because KMS access is denied")
    assert the_check(record, function_code(), key("Disabled")).outcome is Outcome.FAIL
    other = failed_state("InvalidImage", "UnsupportedImageLayerDetected")
    assert the_check(other, function_code(), key("Disabled")).outcome is Outcome.NOT_APPLICABLE


def test_a_key_that_is_enabled_excludes_nothing() -> None:
    assert the_check(failed_state(CODE), function_code(), key("Enabled")).outcome is Outcome.PASS
    assert all_checks()["kms_ecr_key"].narrow, "its policy and grants were not read"


def test_an_image_that_was_refused_has_no_state() -> None:
    says_nothing_of_an_image_that_was_refused(the_check, CODE, "", key("Disabled"))


def test_a_zip_has_no_image() -> None:
    record = failed_state(CODE, package_type="Zip")
    assert the_check(record, function_code(), key("Disabled")).outcome is Outcome.NOT_APPLICABLE
