from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN
from tests.checks.permitting import FUNCTION, IAM, policy
from tests.factories import RECORD
from tests.lab.aws_iam import allow
from troubleshooter.analysis.iam.policy import decide
from troubleshooter.analysis.iam.refused_caller import refused_caller
from troubleshooter.analysis.iam.role_questions import polling
from troubleshooter.checks.invoke.invoke_permission_missing import invoke_permission_missing as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import PolicyStatement
from troubleshooter.facts.callers import EventSource, EventSources, FunctionPolicy, RefusedCaller
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.permissions import RoleQuestions, Ruling, Rulings
from troubleshooter.model import Origin, Outcome, Unblock, Verdict

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"
DENIED = Unavailable(Reason.DENIED, "lambda:GetPolicy was denied", Unblock("allow it", "lambda:GetPolicy", "*"))
CALLED = Unavailable(Reason.NOT_OF_THIS_KIND, "the function is called")
READS = allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], QUEUE)


def said(text: str) -> RefusedCaller | Unavailable:
    return refused_caller(GivenText(reading=Reading("pasted text", Origin.PASTED), text=text), NOT_GIVEN)


def refused(
    *statements: PolicyStatement,
    none: bool = False,
    text: str = "Invalid permissions on Lambda function",
    fronts: ApiFronts | Unavailable | None = None,
) -> Verdict:
    caller = said(text)
    assert isinstance(caller, RefusedCaller)
    read = FunctionPolicy(reading=RECORD, statements=None if none else statements)
    return the_check(FUNCTION, caller, read, CALLED, NOT_GIVEN, NOT_GIVEN, fronts or called_by())


def called_by(*changes: dict[str, Any], complete: bool = True) -> ApiFronts:
    """APIs with an integration each; one without anything special unless told otherwise."""
    plain: dict[str, Any] = {"kind": "REST", "api": "a1", "name": "shop", "place": "GET /", "timeout_ms": 29_000}
    found = tuple(Integration(**{**plain, "qualifier": "", **c}) for c in changes or ({},))
    return ApiFronts(reading=RECORD, integrations=found, complete=complete)


def silent(*documents: dict[str, Any], **source: str) -> Verdict:
    mapping = EventSource(
        **{"id": "1", "source": QUEUE, "state": "Enabled", "result": "No records processed", **source}
    )
    sources = EventSources(reading=RECORD, sources=(mapping,))
    asked = tuple(polling(sources))
    rulings = tuple(Ruling(*q, *decide(policy(*documents), *q)) for q in asked)
    questions = RoleQuestions(reading=IAM, questions=asked, polling=asked)
    read = Rulings(reading=IAM, rulings=rulings, policies=("app",))
    return the_check(FUNCTION, NOT_GIVEN, NOT_GIVEN, sources, questions, read, NOT_GIVEN)


def lets(*principals: str, action: str = "lambda:InvokeFunction", **changes: Any) -> PolicyStatement:
    return PolicyStatement("Allow", principals, (action,), **changes)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param((), id="an empty policy"),
        pytest.param((lets("s3.amazonaws.com"),), id="another service"),
        pytest.param((lets("apigateway.amazonaws.com", action="lambda:InvokeFunctionUrl"),), id="another action"),
    ],
)
def test_a_refused_service_without_a_statement_fails(statements: tuple[PolicyStatement, ...]) -> None:
    found = refused(*statements)
    assert found.outcome is Outcome.FAIL
    assert {e.origin for e in found.evidence} == {Origin.PASTED, Origin.RECORD}
    assert found.remediation
    add = shlex.split(found.remediation.commands[0])
    assert add[add.index("--principal") + 1] == "apigateway.amazonaws.com"


@pytest.mark.parametrize(
    ("fronts", "outcome"),
    [
        pytest.param(called_by(), Outcome.FAIL, id="it needs the function's policy"),
        pytest.param(called_by({"own_role": True}), Outcome.UNKNOWN, id="it calls with its own role"),
        pytest.param(called_by({}, {"own_role": True}), Outcome.UNKNOWN, id="one of two does"),
        pytest.param(called_by({"qualifier": "live"}), Outcome.UNKNOWN, id="it calls an alias"),
        pytest.param(ApiFronts(reading=RECORD), Outcome.UNKNOWN, id="none calls this function"),
        pytest.param(called_by(complete=False), Outcome.UNKNOWN, id="not all were read"),
        pytest.param(DENIED, Outcome.UNKNOWN, id="they could not be read"),
        pytest.param(NOT_GIVEN, Outcome.UNKNOWN, id="they were not read"),
    ],
)
def test_an_api_may_call_with_a_role_of_its_own(fronts: ApiFronts | Unavailable, outcome: Outcome) -> None:
    found = refused(none=True, fronts=fronts)
    assert found.outcome is outcome
    assert (found.unblock is not None) is (outcome is Outcome.UNKNOWN)
    other = refused(none=True, fronts=fronts, text="S3 does not have permission to invoke")
    assert other.outcome is Outcome.FAIL, "that has no role"


@pytest.mark.parametrize(
    ("target", "ours"),
    [
        pytest.param("", True, id="not told"),
        pytest.param(" for lambda resize, after the queue", True, id="a function"),
        pytest.param(": arn:aws:sqs:eu-west-1:1:uploads", False, id="a queue"),
        pytest.param(" of the topic uploads", False, id="a topic"),
    ],
)
def test_s3_refuses_queues_and_topics_in_the_same_words(target: str, ours: bool) -> None:
    caller = said(f"Unable to validate the following destination configurations{target}")
    assert isinstance(caller, RefusedCaller) is ours


def test_no_policy_at_all_fails() -> None:
    assert refused(none=True).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(lets("apigateway.amazonaws.com"), id="let in"),
        pytest.param(lets("*", action="lambda:*"), id="everyone"),
        pytest.param(
            lets("apigateway.amazonaws.com", conditions=(("ArnLike", "aws:SourceArn", "x"),)), id="a condition"
        ),
        pytest.param(lets("x", negated=True), id="a negated statement"),
    ],
)
def test_a_statement_leaves_it_open(statement: PolicyStatement) -> None:
    assert refused(statement).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (
            "Execution failed due to configuration error: Invalid permissions on Lambda function",
            "apigateway.amazonaws.com",
        ),
        ("Unable to validate the following destination configurations", "s3.amazonaws.com"),
        ("EventBridge does not have permission to invoke", "events.amazonaws.com"),
        ("SNS does not have permission to call", "sns.amazonaws.com"),
    ],
)
def test_who_was_refused(text: str, service: str) -> None:
    caller = said(text)
    assert isinstance(caller, RefusedCaller)
    assert caller.service == service


def test_a_caller_with_a_role_is_another_matter() -> None:
    text = "User: arn:aws:sts::1:assumed-role/app/x is not authorized to perform: lambda:InvokeFunction"
    assert isinstance(said(text), Unavailable)
    found = the_check(FUNCTION, said(text), NOT_GIVEN, CALLED, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert found.ungiven


def test_an_unread_policy_leaves_it_open() -> None:
    caller = said("Invalid permissions on Lambda function")
    found = the_check(FUNCTION, caller, DENIED, CALLED, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


@pytest.mark.parametrize(
    ("documents", "source", "outcome"),
    [
        pytest.param((READS,), {}, Outcome.PASS, id="it may read the queue"),
        pytest.param((allow("sqs:SendMessage"),), {}, Outcome.FAIL, id="it may not"),
        pytest.param((allow("sqs:*", QUEUE + "-dead"),), {}, Outcome.FAIL, id="another queue"),
        pytest.param((allow("s3:*"),), {"state": "Disabled"}, Outcome.PASS, id="switched off"),
        pytest.param(
            (READS,),
            {"result": "PROBLEM: Lambda failed to assume your function execution role."},
            Outcome.FAIL,
            id="role",
        ),
        pytest.param(
            (READS,), {"result": "PROBLEM: Function call failed"}, Outcome.PASS, id="the function's own failure"
        ),
        pytest.param(
            (), {"source": "arn:aws:kafka:eu-west-1:1:cluster/x"}, Outcome.PASS, id="a source of another kind"
        ),
    ],
)
def test_event_sources_of_a_function_that_nobody_calls(
    documents: tuple[dict[str, Any], ...], source: dict[str, str], outcome: Outcome
) -> None:
    found = silent(*documents, **source)
    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert found.remediation
        assert found.remediation.commands


def test_nothing_to_be_called_by() -> None:
    none = EventSources(reading=RECORD)
    assert (
        the_check(FUNCTION, NOT_GIVEN, NOT_GIVEN, none, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN).outcome
        is Outcome.NOT_APPLICABLE
    )
    assert the_check(FUNCTION, NOT_GIVEN, NOT_GIVEN, DENIED, NOT_GIVEN, NOT_GIVEN, NOT_GIVEN).outcome is Outcome.UNKNOWN
