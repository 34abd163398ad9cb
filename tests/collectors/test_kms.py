"""The key of a function's environment, over real HTTP."""

from __future__ import annotations

import pytest

from tests.factories import function_record
from tests.lab.aws import Account
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.kms import describe_key
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.model import Role, Subject

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-5a6b7c8d9e0f"
FUNCTION = function_record(key=KEY)
TROUBLE = KeyTrouble(reading=FUNCTION.reading)


def read(account: Account, role: Role = Role.DEPLOYED, key: str | None = KEY) -> KeyRecord | Unavailable:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    return describe_key(function_record(key=key), TROUBLE, Subject(role), aws)


@pytest.mark.parametrize(("state", "usable"), [("Enabled", True), ("Disabled", False), ("PendingDeletion", False)])
def test_a_keys_state(state: str, usable: bool, aws_account: Account) -> None:
    aws_account.around.keys = {KEY: state}
    found = read(aws_account)
    assert isinstance(found, KeyRecord)
    assert (found.state, found.usable) == (state, usable)
    aws_account.assert_only_reads()


def test_no_such_key_is_a_value(aws_account: Account) -> None:
    aws_account.around.keys = {"another": "Enabled"}
    found = read(aws_account)
    assert isinstance(found, KeyRecord)
    assert found.state is None
    assert not found.usable


def test_denied_names_action_and_key(aws_account: Account) -> None:
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    unblock = caught.value.unavailable.unblock
    assert unblock
    assert (unblock.action, unblock.resource) == ("kms:DescribeKey", KEY)


def test_a_key_without_a_state_is_malformed(aws_account: Account) -> None:
    aws_account.answer("kms", "DescribeKey", {"KeyMetadata": {"KeyId": "x"}})
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.reason is Reason.MALFORMED


@pytest.mark.parametrize(("role", "key"), [(Role.PROPOSED, KEY), (Role.DEPLOYED, None)])
def test_nothing_is_asked_without_a_key(role: Role, key: str | None, aws_account: Account) -> None:
    assert isinstance(read(aws_account, role, key), Unavailable)
    assert aws_account.operations == []
