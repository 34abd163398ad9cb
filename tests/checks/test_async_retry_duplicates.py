from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import RECORD, function_record
from tests.lab.aws import Account
from troubleshooter.analysis.logs.repeats import repeats
from troubleshooter.checks.completion.async_retry_duplicates import async_retry_duplicates as the_check
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.aws_lambda import get_function_configuration
from troubleshooter.collectors.event_invoke import event_invoke
from troubleshooter.facts import CallLog, Reading, Reason, Unavailable
from troubleshooter.facts.asynchronous import EventInvoke, Repeats
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction, GivenText
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Origin, Outcome, Role, Subject, Verdict
from troubleshooter.redact import Secrets

START = dt.datetime(2026, 1, 2, 3, 0, tzinfo=dt.UTC)
LOG = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
DENIED = Unavailable(Reason.DENIED, "denied")
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
NONE = EventInvoke(reading=RECORD)
SENT = EventInvoke(reading=RECORD, on_failure="arn:aws:sqs:eu-west-1:123456789012:failed", configured=True)


def told(*calls: tuple[str, float, str]) -> Timeline:
    """(request id, minutes after the first, status)."""
    made = []
    for request, minutes, status in calls:
        at = START + dt.timedelta(minutes=minutes)
        made.append(Invocation(request, "s", "$LATEST", at, at + dt.timedelta(seconds=3), status=status))
    return Timeline(reading=LOG, invocations=tuple(made))


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


def ask(timeline: Timeline, invoke: Any = NONE, said: Any = NO_TEXT, **record: Any) -> Verdict:
    found = repeats(timeline)
    assert isinstance(found, Repeats)
    return the_check(found, invoke, function_record(**{"version": "$LATEST", **record}), timeline, said)


THRICE = told(("a", 0, "error"), ("a", 1, "error"), ("a", 3, "timeout"))
RECOVERED = told(("a", 0, "timeout"), ("a", 1, "success"))


def test_an_event_that_is_given_up_and_goes_nowhere() -> None:
    verdict = ask(THRICE)
    assert verdict.outcome is Outcome.FAIL
    assert "all 3 attempts" in verdict.message
    assert verdict.remediation
    assert not any("--maximum-retry-attempts" in each for each in verdict.remediation.commands), "it would lose more"
    assert "on-failure destination" in verdict.remediation.text


def test_work_that_someone_sees_done_twice() -> None:
    verdict = ask(RECOVERED, said=text("every mail is sent twice"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert "--maximum-retry-attempts 0" in verdict.remediation.commands[0]
    assert any(e.origin.proves for e in verdict.evidence if e.fact)


@pytest.mark.parametrize(
    ("timeline", "invoke", "said"),
    [
        pytest.param(RECOVERED, NONE, NO_TEXT, id="a retry that helped"),
        pytest.param(THRICE, SENT, NO_TEXT, id="there is a destination"),
        pytest.param(THRICE, DENIED, NO_TEXT, id="the settings may not be read"),
        pytest.param(
            told(("a", 0, "error"), ("a", 1, "error"), ("a", 3, "error"), ("b", 9, "success")),
            NONE,
            NO_TEXT,
            id="healthy now",
        ),
        pytest.param(told(("a", 0, "error"), ("a", 1, "error")), NONE, NO_TEXT, id="a third attempt may come"),
        pytest.param(RECOVERED, NONE, text("it is slow"), id="another complaint"),
    ],
)
def test_retries_are_how_lambda_works(timeline: Timeline, invoke: Any, said: Any) -> None:
    assert ask(timeline, invoke, said).outcome is Outcome.UNKNOWN


def test_a_dead_letter_queue_takes_what_is_given_up() -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:failed"
    assert ask(THRICE, dead_letters=queue).outcome is Outcome.UNKNOWN
    assert ask(THRICE, dead_letters=queue, said=text("each mail is sent twice")).outcome is Outcome.FAIL


def test_an_alias_that_was_called_may_have_a_destination() -> None:
    assert ask(THRICE, version="7").outcome is Outcome.UNKNOWN


def test_an_event_that_was_tried_again_though_it_had_not_failed() -> None:
    assert ask(told(("a", 0, "success"), ("a", 1, "success"))).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize("calls", [(("a", 0, "error"), ("b", 1, "error")), (("a", 0, "error"), ("a", 0.1, "error"))])
def test_what_is_no_second_attempt(calls: tuple[tuple[str, float, str], ...]) -> None:
    assert isinstance(repeats(told(*calls)), Unavailable)


GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")


def settings(account: Account) -> EventInvoke:
    found = repeats(THRICE)
    assert isinstance(found, Repeats)
    return event_invoke(
        found, GIVEN, function_record(), Aws(CallLog(), region=account.region, endpoint_url=account.url)
    )


def test_settings_are_read(aws_account: Account) -> None:
    destination = {"OnFailure": {"Destination": "arn:aws:sqs:eu-west-1:123456789012:failed"}}
    answer = {"MaximumRetryAttempts": 0, "DestinationConfig": destination, "FunctionArn": aws_account.arn("demo")}
    aws_account.answer("lambda", "GetFunctionEventInvokeConfig", answer)
    found = settings(aws_account)
    assert (found.retries, found.on_failure, found.configured) == (0, destination["OnFailure"]["Destination"], True)
    aws_account.assert_only_reads()


@pytest.mark.parametrize("queue", ["arn:aws:sqs:eu-west-1:123456789012:failed", None])
def test_the_record_names_the_dead_letter_queue(queue: str | None, aws_account: Account) -> None:
    aws_account.add_function("demo", DeadLetterConfig={"TargetArn": queue} if queue else {})
    aws = Aws(CallLog(), region=aws_account.region, endpoint_url=aws_account.url)
    denied = Unavailable(Reason.DENIED, "denied")
    record = get_function_configuration(GIVEN, Subject(Role.DEPLOYED), denied, aws, Secrets())
    assert isinstance(record, FunctionRecord)
    assert record.dead_letters == queue


def test_no_settings_are_the_defaults(aws_account: Account) -> None:
    aws_account.fail("lambda", "GetFunctionEventInvokeConfig", "ResourceNotFoundException", status=404)
    found = settings(aws_account)
    assert (found.retries, found.on_failure, found.configured) == (2, None, False)
