from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.checks.pulling import UNREAD, pulled
from tests.checks.refusing import (
    INNOCENT,
    NO_CODE,
    failed_state,
    failed_update,
    says_nothing_of_an_image_that_was_refused,
)
from tests.factories import URI, function_code
from tests.lab.aws_iam import allow, deny
from troubleshooter.checks.deploy.ecr_cross_account_policy import ecr_cross_account_policy
from troubleshooter.checks.deploy.ecr_repo_policy_missing import ecr_repo_policy_missing as the_check
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome, Rung

FOREIGN = URI.replace("123456789012", "210987654321")
FOREIGN_CODE = function_code(image_uri=FOREIGN, resolved_image_uri=None)
CODE = "ImageAccessDenied"
NONE = pulled()
LAMBDA: dict[str, Any] = {"Principal": {"Service": "lambda.amazonaws.com"}}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.mark.parametrize(("record", "outcome"), INNOCENT)
def test_what_is_no_such_failure(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record, function_code(), NONE).outcome is outcome
    assert the_check(record, NO_CODE, NONE).outcome is outcome


@pytest.mark.parametrize("record", [failed_state(CODE), failed_state(CODE, state="Inactive"), failed_update(CODE)])
def test_a_denied_image_of_the_own_account_fails(record: FunctionRecord) -> None:
    verdict = the_check(record, function_code(), NONE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.READY
    assert {CODE, URI, "there is no policy"} <= {e.value for e in verdict.evidence}
    assert ecr_cross_account_policy(record, function_code(), NONE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        pytest.param([allow(PULL[:1], **LAMBDA)], Outcome.FAIL, id="half of it"),
        pytest.param([allow(PULL, Principal={"AWS": "arn:aws:iam::1:root"})], Outcome.FAIL, id="somebody else"),
        pytest.param([allow("ecr:Describe*", **LAMBDA)], Outcome.FAIL, id="other actions"),
        pytest.param([allow(PULL, **LAMBDA)], Outcome.UNKNOWN, id="it lets Lambda in"),
        pytest.param([allow("ecr:*", **LAMBDA)], Outcome.UNKNOWN, id="by a wildcard"),
        pytest.param([allow(a, **LAMBDA) for a in PULL], Outcome.UNKNOWN, id="in two statements"),
        pytest.param([allow(PULL, Principal="*")], Outcome.UNKNOWN, id="everybody"),
        pytest.param(
            [allow(PULL, **LAMBDA, Condition={"StringLike": {"aws:sourceArn": "x"}})], Outcome.UNKNOWN, id="a condition"
        ),
        pytest.param([deny("ecr:*", Principal="*")], Outcome.UNKNOWN, id="one that denies"),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "ecr:Delete*", "NotPrincipal": {"AWS": "x"}}],
            Outcome.UNKNOWN,
            id="negated",
        ),
    ],
)
def test_what_the_policy_says(statements: list[dict[str, Any]], outcome: Outcome) -> None:
    for check, code in ((the_check, function_code()), (ecr_cross_account_policy, FOREIGN_CODE)):
        verdict = check(failed_state(CODE), code, pulled(*statements))
        assert verdict.outcome is outcome
        assert (verdict.unblock is not None) is (outcome is Outcome.UNKNOWN)


def test_the_reason_code_alone_proves_nothing() -> None:
    for check, code in ((the_check, function_code()), (ecr_cross_account_policy, FOREIGN_CODE)):
        verdict = check(failed_state(CODE), code, UNREAD)
        assert verdict.outcome is Outcome.UNKNOWN
        assert verdict.unblock
        assert verdict.unblock.action == "ecr:GetRepositoryPolicy"
        assert CODE in [e.value for e in verdict.evidence]


def test_the_policy_names_repository_region_and_functions() -> None:
    verdict = the_check(failed_state(CODE), function_code(), NONE)
    assert verdict.remediation
    see, put = map(shlex.split, verdict.remediation.commands)
    assert see[see.index("--repository-name") + 1] == put[put.index("--repository-name") + 1] == "demo"
    assert put[put.index("--region") + 1] == "eu-west-1"
    (statement,) = json.loads(put[put.index("--policy-text") + 1])["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert set(statement["Action"]) == {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
    arns = statement["Condition"]["StringLike"]["aws:sourceArn"]
    assert arns == "arn:aws:lambda:eu-west-1:123456789012:function:*"


def test_an_image_of_another_account_is_another_failure() -> None:
    assert the_check(failed_state(CODE), FOREIGN_CODE, NONE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("record", "code"),
    [
        pytest.param(failed_state(CODE), NO_CODE, id="image not told"),
        pytest.param(failed_state(CODE), function_code(image_uri=None, resolved_image_uri=None), id="no address"),
        pytest.param(failed_state(CODE, arn=None), function_code(), id="own account not told"),
    ],
)
def test_without_both_accounts_it_stays_open(record: FunctionRecord, code: object) -> None:
    verdict = the_check(record, code, NONE)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock


def test_an_image_that_was_refused_has_no_state() -> None:
    says_nothing_of_an_image_that_was_refused(the_check, CODE, "", NONE)


def test_a_zip_has_no_image() -> None:
    assert the_check(failed_state(CODE, package_type="Zip"), function_code(), NONE).outcome is Outcome.NOT_APPLICABLE
