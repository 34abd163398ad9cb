from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.checks.permitting import FUNCTION, ROLE, policy, role_record
from troubleshooter.checks.deploy.role_not_assumable import role_not_assumable as the_check
from troubleshooter.model import Outcome, Rung


def trusts(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}


def test_no_such_role_fails() -> None:
    found = the_check(FUNCTION, role_record(exists=False, actual_arn=None, trust=()))
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.SPAWN
    assert found.remediation


def test_another_path_fails_and_the_right_arn_is_shown() -> None:
    right = ROLE.replace("service-role/", "")
    found = the_check(FUNCTION, role_record(actual_arn=right))
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert right in found.remediation.commands[0]


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        pytest.param(trusts({"Service": "lambda.amazonaws.com"}), Outcome.PASS, id="Lambda"),
        pytest.param(
            trusts({"Service": ["ecs.amazonaws.com", "lambda.amazonaws.com"]}), Outcome.PASS, id="among others"
        ),
        pytest.param(trusts("*"), Outcome.PASS, id="everyone"),
        pytest.param(
            {**trusts({"Service": "lambda.amazonaws.com"}), "Action": ["sts:TagSession", "sts:*"]},
            Outcome.PASS,
            id="all of sts",
        ),
        pytest.param(
            {**trusts({"Service": "lambda.amazonaws.com"}), "Action": "sts:Assume*"}, Outcome.PASS, id="by a wildcard"
        ),
        pytest.param(trusts({"Service": "ec2.amazonaws.com"}), Outcome.FAIL, id="EC2"),
        pytest.param(trusts({"Service": "edgelambda.amazonaws.com"}), Outcome.FAIL, id="at the edge only"),
        pytest.param(trusts({"AWS": "arn:aws:iam::123456789012:root"}), Outcome.FAIL, id="the account"),
        pytest.param(
            {**trusts({"Service": "lambda.amazonaws.com"}), "Action": "sts:TagSession"},
            Outcome.FAIL,
            id="another action",
        ),
        pytest.param(
            trusts({"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "1"}}),
            Outcome.UNKNOWN,
            id="under a condition",
        ),
        pytest.param({**trusts({"Service": "lambda.amazonaws.com"}), "Effect": "Deny"}, Outcome.UNKNOWN, id="denied"),
    ],
)
def test_whom_the_role_trusts(statement: dict[str, Any], outcome: Outcome) -> None:
    found = the_check(FUNCTION, role_record(trust=policy(statement)))
    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert found.remediation
        update = shlex.split(found.remediation.commands[1])
        document = json.loads(update[update.index("--policy-document") + 1])
        assert document["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}
