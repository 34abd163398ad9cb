from __future__ import annotations

import json
import shlex

import pytest

from tests.checks.pulling import pulled
from tests.checks.refusing import (
    INNOCENT,
    NO_CODE,
    failed_state,
    failed_update,
    says_nothing_of_an_image_that_was_refused,
)
from tests.factories import URI, function_code
from troubleshooter.checks.deploy.ecr_cross_account_policy import ecr_cross_account_policy as the_check
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome, Rung

CODE = "ImageAccessDenied"
NONE = pulled()
FOREIGN = function_code(
    image_uri=URI.replace("123456789012", "210987654321").replace("eu-west-1", "eu-north-1"), resolved_image_uri=None
)


@pytest.mark.parametrize(("record", "outcome"), INNOCENT)
def test_what_is_no_such_failure(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record, FOREIGN, NONE).outcome is outcome
    assert the_check(record, NO_CODE, NONE).outcome is outcome


def test_a_foreign_image_that_is_not_denied_is_fine() -> None:
    assert the_check(failed_state("ImageDeleted"), FOREIGN, NONE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("record", [failed_state(CODE), failed_state(CODE, state="Inactive"), failed_update(CODE)])
def test_a_denied_image_of_another_account_fails(record: FunctionRecord) -> None:
    verdict = the_check(record, FOREIGN, NONE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.READY
    assert verdict.remediation
    _, put = map(shlex.split, verdict.remediation.commands)
    assert put[put.index("--registry-id") + 1] == "210987654321"
    assert put[put.index("--region") + 1] == "eu-north-1"
    account, service = json.loads(put[put.index("--policy-text") + 1])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    arns = service["Condition"]["StringLike"]["aws:sourceArn"]
    assert arns == "arn:aws:lambda:eu-west-1:123456789012:function:*"


def test_the_own_account_is_another_failure() -> None:
    assert the_check(failed_state(CODE), function_code(), NONE).outcome is Outcome.NOT_APPLICABLE


def test_without_the_image_it_stays_open() -> None:
    verdict = the_check(failed_state(CODE), NO_CODE, NONE)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock


def test_an_image_that_was_refused_has_no_state() -> None:
    says_nothing_of_an_image_that_was_refused(the_check, CODE, "", NONE)


def test_a_zip_has_no_image() -> None:
    assert the_check(failed_state(CODE, package_type="Zip"), FOREIGN, NONE).outcome is Outcome.NOT_APPLICABLE
