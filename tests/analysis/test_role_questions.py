"""Whether the execution role is asked about, and of whom."""

from __future__ import annotations

import pytest

from tests.factories import AT, function_record
from troubleshooter.analysis.iam.role_questions import questions
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import Caller
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.permissions import RoleQuestions
from troubleshooter.model import Origin

GONE = Unavailable(Reason.NOT_GIVEN, "nothing was given")
FUNCTION = function_record(role="arn:aws:iam::123456789012:role/app/demo")
SPEAKS = "The role defined for the function cannot be assumed by Lambda."


def asked(caller: Caller | Unavailable, text: str = SPEAKS) -> RoleQuestions | Unavailable:
    given = GivenText(reading=Reading("pasted text", Origin.PASTED, AT), text=text)
    return questions(FUNCTION, GONE, GONE, GONE, GONE, given, GONE, caller)


def caller(account: str) -> Caller:
    arn = f"arn:aws:sts::{account}:assumed-role/dev/me"
    return Caller(reading=Reading("sts:GetCallerIdentity", Origin.RECORD, AT), account=account, arn=arn, region="x")


@pytest.mark.parametrize("who", [caller("123456789012"), GONE], ids=["its account", "not told who asks"])
def test_what_speaks_of_the_role_is_asked(who: Caller | Unavailable) -> None:
    assert isinstance(asked(who), RoleQuestions)


def test_a_role_of_another_account_is_not_looked_for_in_ours() -> None:
    found = asked(caller("210987654321"))
    assert isinstance(found, Unavailable)
    assert found.applies
    assert found.unblock is not None
    assert "123456789012" in found.unblock.text


def test_nothing_is_asked_where_nothing_speaks_of_it() -> None:
    found = asked(caller("210987654321"), "it is slow")
    assert isinstance(found, Unavailable)
    assert not found.applies
