from __future__ import annotations

import datetime as dt
import shlex

import pytest

from tests.factories import RECORD, function_record
from troubleshooter.checks.response.function_url_permissions import function_url_permissions as the_check
from troubleshooter.facts.account import FunctionUrl, FunctionUrls, PolicyStatement, UrlPolicies, UrlPolicy
from troubleshooter.model import Outcome, Verdict

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:demo"
NEW, BETWEEN, OLD = (dt.datetime(y, m, 15, tzinfo=dt.UTC) for y, m in ((2026, 1), (2025, 10), (2024, 5)))
ONE = PolicyStatement(
    "Allow", ("*",), ("lambda:InvokeFunctionUrl",), (("StringEquals", "lambda:FunctionUrlAuthType", "NONE"),)
)
TWO = PolicyStatement("Allow", ("*",), ("lambda:InvokeFunction",), (("Bool", "lambda:InvokedViaFunctionUrl", "true"),))
GATEWAY = PolicyStatement(
    "Allow",
    ("apigateway.amazonaws.com",),
    ("lambda:InvokeFunction",),
    (("ArnLike", "AWS:SourceArn", "arn:aws:execute-api:eu-west-1:123456789012:a/*"),),
)
NARROW = PolicyStatement("Allow", ("*",), ("lambda:Invoke*",), (("StringEquals", "aws:PrincipalOrgID", "o-1"),))
DENY = PolicyStatement("Deny", ("*",), ("lambda:*",))
ALL = PolicyStatement("Allow", ("*",), ("lambda:*",))


def ask(
    *statements: PolicyStatement, created: dt.datetime | None = NEW, policy: bool = True, qualifier: str | None = None
) -> Verdict:
    url = FunctionUrl(ARN, qualifier, "NONE", created=created)
    found = UrlPolicy(url, statements if policy else None)
    return the_check(
        function_record(),
        FunctionUrls(reading=RECORD, urls=(url,)),
        UrlPolicies(reading=RECORD, policies=(found,)),
    )


def actions(verdict: Verdict) -> list[str]:
    assert verdict.remediation
    commands = [shlex.split(c) for c in verdict.remediation.commands]
    assert all(c[:3] == ["aws", "lambda", "add-permission"] for c in commands)
    return [c[c.index("--action") + 1] for c in commands]


@pytest.mark.parametrize("created", [NEW, BETWEEN, OLD, None])
def test_no_policy_lets_nobody_in(created: dt.datetime | None) -> None:
    verdict = ask(policy=False, created=created)
    assert verdict.outcome is Outcome.FAIL
    assert "there is none" in [e.value for e in verdict.evidence]
    assert actions(verdict)[0] == "lambda:InvokeFunctionUrl"


def test_a_new_url_needs_both() -> None:
    verdict = ask(ONE, GATEWAY)
    assert verdict.outcome is Outcome.FAIL
    assert actions(verdict) == ["lambda:InvokeFunction"]
    assert verdict.remediation
    assert "--invoked-via-function-url" in shlex.split(verdict.remediation.commands[0])
    assert actions(ask(TWO)) == ["lambda:InvokeFunctionUrl"]
    assert actions(ask(GATEWAY)) == ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]


def test_the_alias_of_the_url_gets_the_permission() -> None:
    verdict = ask(policy=False, qualifier="live")
    assert verdict.remediation
    assert all("--qualifier live" in c for c in verdict.remediation.commands)


@pytest.mark.parametrize(
    ("statements", "created", "outcome"),
    [
        pytest.param((ONE, TWO), NEW, Outcome.PASS, id="both"),
        pytest.param((ALL,), NEW, Outcome.PASS, id="everything"),
        pytest.param((ONE,), OLD, Outcome.PASS, id="an old url needs one"),
        pytest.param((ONE,), BETWEEN, Outcome.UNKNOWN, id="a url of the month of the change"),
        pytest.param((ONE,), None, Outcome.UNKNOWN, id="age not told"),
        pytest.param((NARROW,), NEW, Outcome.UNKNOWN, id="a condition of its own"),
        pytest.param((ONE, TWO, DENY), NEW, Outcome.UNKNOWN, id="a deny"),
    ],
)
def test_what_lets_callers_in(
    statements: tuple[PolicyStatement, ...], created: dt.datetime | None, outcome: Outcome
) -> None:
    assert ask(*statements, created=created).outcome is outcome


def test_without_a_url_or_with_signed_requests_there_is_no_question() -> None:
    none = UrlPolicies(reading=RECORD)
    signed = FunctionUrl(ARN, None, "AWS_IAM")
    for urls in ((), (signed,)):
        verdict = the_check(function_record(), FunctionUrls(reading=RECORD, urls=urls), none)
        assert verdict.outcome is Outcome.NOT_APPLICABLE
