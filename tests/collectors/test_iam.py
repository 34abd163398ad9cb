"""The execution role's record, policies and simulation, over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import AT, function_record
from tests.lab.aws import Account
from tests.lab.aws_iam import BASIC, TRUST, Role, allow, deny
from troubleshooter.analysis.iam.role_rulings import rulings
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.iam import get_role, read_policies, simulate
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.permissions import Decision, RolePolicies, RoleQuestions, RoleRecord, Rulings
from troubleshooter.model import Origin, Subject
from troubleshooter.model import Role as Of

DEPLOYED = Subject(Of.DEPLOYED)
FUNCTION = function_record(role="arn:aws:iam::123456789012:role/app/demo")
QUESTION = ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t")
ASKED = RoleQuestions(reading=Reading("x", Origin.RECORD, AT), questions=(QUESTION,))
NO_RECORD = Unavailable(Reason.DENIED, "iam:GetRole was denied")


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def policies(account: Account, record: RoleRecord | Unavailable | None = None) -> RolePolicies:
    if record is None:
        got = get_role(FUNCTION, ASKED, DEPLOYED, aws(account))
        assert isinstance(got, RoleRecord)
        record = got
    found = read_policies(FUNCTION, ASKED, record, DEPLOYED, aws(account))
    assert isinstance(found, RolePolicies)
    return found


def ruled(account: Account, found: RolePolicies) -> Rulings:
    return simulate(found, rulings(found, ASKED), aws(account))


def test_a_role_is_read(aws_account: Account) -> None:
    created = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    aws_account.iam.roles["demo"] = Role(path="/app/", created=created, boundary="arn:aws:iam::1:policy/limit")
    found = get_role(FUNCTION, ASKED, DEPLOYED, aws(aws_account))
    assert isinstance(found, RoleRecord)
    assert (found.exists, found.created, found.boundary) == (True, created, "arn:aws:iam::1:policy/limit")
    assert found.actual_arn == FUNCTION.role
    (trust,) = found.trust
    assert (trust.principals, trust.actions) == (("lambda.amazonaws.com",), ("sts:AssumeRole",))
    aws_account.assert_only_reads()


def test_no_such_role_is_a_value(aws_account: Account) -> None:
    aws_account.iam.roles["another"] = Role()
    found = get_role(FUNCTION, ASKED, DEPLOYED, aws(aws_account))
    assert isinstance(found, RoleRecord)
    assert not found.exists
    gone = read_policies(FUNCTION, ASKED, found, DEPLOYED, aws(aws_account))
    assert isinstance(gone, Unavailable)
    assert gone.reason is Reason.ABSENT
    assert aws_account.operations == ["iam:GetRole"]


def test_attached_and_inline_policies_are_read_over_pages(aws_account: Account) -> None:
    mine = [f"arn:aws:iam::123456789012:policy/p{n}" for n in range(5)]
    aws_account.iam.policies |= {arn: [allow(f"s3:Get{n}")] for n, arn in enumerate(mine)}
    aws_account.iam.roles["demo"] = Role([BASIC, *mine], {"own": [deny("s3:PutObject")]}, [TRUST])
    aws_account.page_size = 4
    found = policies(aws_account)
    assert found.names == (BASIC, *mine, "own")
    assert len(found.statements) == 7
    assert found.gaps == ()
    assert len(aws_account.operations) == len(set(map(str, aws_account.calls)))
    aws_account.assert_only_reads()


def test_what_no_document_allows_is_not_simulated(aws_account: Account) -> None:
    aws_account.iam.roles["demo"] = Role()
    (found,) = ruled(aws_account, policies(aws_account)).rulings
    assert found.decision is Decision.NOT_ALLOWED
    assert "iam:SimulatePrincipalPolicy" not in aws_account.operations


def test_the_boundary_limits(aws_account: Account) -> None:
    limit = "arn:aws:iam::123456789012:policy/limit"
    aws_account.iam.policies[limit] = [allow("s3:*")]
    aws_account.iam.roles["demo"] = Role([], {"own": [allow("dynamodb:*")]}, boundary=limit)
    (found,) = ruled(aws_account, policies(aws_account)).rulings
    assert (found.decision, found.boundary) == (Decision.NOT_ALLOWED, True)


def test_what_the_documents_allow_is_simulated(aws_account: Account) -> None:
    aws_account.iam.roles["demo"] = Role([], {"own": [allow("dynamodb:*")]})
    detail = {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}, "MissingContextValues": ["aws:x"]}
    aws_account.iam.simulated["dynamodb:PutItem"] = {"EvalDecision": "explicitDeny", **detail}
    (found,) = ruled(aws_account, policies(aws_account)).rulings
    assert (found.decision, found.simulated, found.organization) == (Decision.ALLOWED, "explicitDeny", False)
    assert found.conditions == ("aws:x",)
    assert aws_account.calls[-1].parameters["ResourceArns"] == [QUESTION[1]]


@pytest.mark.parametrize(
    "operation", ["ListRolePolicies", "ListAttachedRolePolicies", "GetPolicyVersion", "GetPolicy", "GetRolePolicy"]
)
def test_what_may_not_be_read_leaves_all_open(operation: str, aws_account: Account) -> None:
    aws_account.iam.roles["demo"] = Role(inline={"own": [allow("s3:*")]})
    aws_account.deny("iam", operation)
    aws_account.deny("iam", "SimulatePrincipalPolicy")
    found = ruled(aws_account, policies(aws_account))
    assert found.rulings[0].decision is Decision.UNDECIDED
    actions = [gap.unblock.action for gap in found.gaps if gap.unblock]
    assert actions == [f"iam:{operation}", "iam:SimulatePrincipalPolicy"]


def test_nothing_readable_is_the_first_reason(aws_account: Account) -> None:
    aws_account.deny("iam")
    found = read_policies(FUNCTION, ASKED, NO_RECORD, DEPLOYED, aws(aws_account))
    assert isinstance(found, Unavailable)
    assert found.unblock
    assert (found.unblock.action, found.unblock.resource) == ("iam:ListAttachedRolePolicies", FUNCTION.role)


def test_an_unread_boundary_may_forbid(aws_account: Account) -> None:
    aws_account.iam.roles["demo"] = Role([], {"own": [allow("dynamodb:*")]})
    found = policies(aws_account, NO_RECORD)
    assert rulings(found, ASKED).rulings[0].decision is Decision.UNDECIDED


def test_nothing_is_read_that_nobody_asks_for(aws_account: Account) -> None:
    nothing = RoleQuestions(reading=ASKED.reading)
    for subject, questions in ((DEPLOYED, nothing), (Subject(Of.PROPOSED), ASKED)):
        found = read_policies(FUNCTION, questions, NO_RECORD, subject, aws(aws_account))
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []


@pytest.mark.parametrize(
    "answer", [{"Role": {"RoleName": "demo"}}, {"Role": {"Arn": "a", "AssumeRolePolicyDocument": "7"}}]
)
def test_a_role_without_sense_is_malformed(answer: dict[str, Any], aws_account: Account) -> None:
    aws_account.answer("iam", "GetRole", answer)
    with pytest.raises(SourceError) as caught:
        get_role(FUNCTION, ASKED, DEPLOYED, aws(aws_account))
    assert caught.value.unavailable.reason is Reason.MALFORMED
