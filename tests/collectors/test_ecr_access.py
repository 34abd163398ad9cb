"""A repository's policy and key, over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import function_code, function_record
from tests.lab.aws import Account
from tests.lab.aws_iam import allow
from tests.lab.images import image
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ecr_access import repository_key, repository_policy
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.repository import RepositoryKey, RepositoryPolicy
from troubleshooter.model import Role, Subject

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-5a6b7c8d9e0f"
REFUSED = {"state": "Failed", "state_reason_code": "ImageAccessDenied"}


def read(account: Account, provider: Any, role: Role = Role.DEPLOYED, **record: Any) -> Any:
    account.add_image("demo", "latest", image({"/a": "b"}))
    where = f"{account.account_id}.dkr.ecr.{account.region}.amazonaws.com/demo:latest"
    code = function_code(image_uri=where, resolved_image_uri=None)
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    return provider(function_record(**(record or REFUSED)), code, Subject(role), aws)


def encrypted(account: Account, **how: str) -> None:
    account.answer("ecr", "DescribeRepositories", {"repositories": [{"encryptionConfiguration": how}]})


def test_that_there_is_no_policy_is_a_value(aws_account: Account) -> None:
    found = read(aws_account, repository_policy)
    assert isinstance(found, RepositoryPolicy)
    assert found.statements is None
    aws_account.assert_only_reads()


def test_a_policys_statements(aws_account: Account) -> None:
    text = json.dumps({"Statement": [allow("ecr:*", Principal={"Service": "lambda.amazonaws.com"})]})
    aws_account.answer("ecr", "GetRepositoryPolicy", {"policyText": text})
    found = read(aws_account, repository_policy)
    assert isinstance(found, RepositoryPolicy)
    assert found.statements
    assert found.statements[0].principals == ("lambda.amazonaws.com",)


def test_a_policy_that_makes_no_sense(aws_account: Account) -> None:
    aws_account.answer("ecr", "GetRepositoryPolicy", {"policyText": "{"})
    with pytest.raises(SourceError) as caught:
        read(aws_account, repository_policy)
    assert caught.value.unavailable.reason is Reason.MALFORMED


@pytest.mark.parametrize("state", ["Enabled", "Disabled", None])
def test_the_state_of_the_repositorys_key(state: str | None, aws_account: Account) -> None:
    encrypted(aws_account, encryptionType="KMS", kmsKey=KEY)
    aws_account.around.keys = {KEY: state} if state else {"another": "Enabled"}
    found = read(aws_account, repository_key)
    assert isinstance(found, RepositoryKey)
    assert (found.arn, found.state, found.usable) == (KEY, state, state == "Enabled")


def test_a_repository_without_a_key_of_its_own(aws_account: Account) -> None:
    encrypted(aws_account, encryptionType="AES256")
    found = read(aws_account, repository_key)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


@pytest.mark.parametrize("provider", [repository_policy, repository_key])
@pytest.mark.parametrize(
    ("role", "record"),
    [
        pytest.param(Role.DEPLOYED, {"state": "Active"}, id="ready"),
        pytest.param(Role.DEPLOYED, {"state": "Failed", "state_reason_code": "ImageDeleted"}, id="another reason"),
        pytest.param(Role.PROPOSED, REFUSED, id="not deployed"),
    ],
)
def test_nothing_is_asked_unless_access_was_denied(
    provider: Any, role: Role, record: dict[str, Any], aws_account: Account
) -> None:
    found = read(aws_account, provider, role, **record)
    assert isinstance(found, Unavailable)
    assert aws_account.operations == []
