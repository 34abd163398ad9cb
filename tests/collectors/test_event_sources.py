"""Event source mappings and the resource policy, over real HTTP."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.factories import AT, RECORD, function_record
from tests.lab.aws import Account
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.event_sources import get_policy, list_sources
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.account import FunctionUrl, PolicyStatement, UrlPolicies, UrlPolicy
from troubleshooter.facts.callers import EventSource, EventSources, FunctionPolicy, RefusedCaller
from troubleshooter.facts.fronts import FrontQuestion
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.model import Evidence, Origin, Role, Subject

GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
DEPLOYED = Subject(Role.DEPLOYED)
SILENT = LogEvents(reading=Reading("logs", Origin.PLATFORM_LOG, AT), group="/aws/lambda/demo")
SINCE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
UNCALLED = Metrics(reading=RECORD, since=SINCE, period_s=300)
CALLED = Metrics(reading=RECORD, since=SINCE, period_s=300, invocations=(Point(SINCE, 3),))
REFUSED = RefusedCaller(
    reading=RECORD, service="s3.amazonaws.com", evidence=Evidence("x", "y", "pasted text", AT, Origin.PASTED)
)
NO_FRONT = Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of it")
NO_URLS = Unavailable(Reason.NOT_OF_THIS_KIND, "no URL")


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def test_mappings_of_a_function_that_nobody_calls(aws_account: Account) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:orders"
    mapping = {"UUID": "1", "EventSourceArn": queue, "State": "Enabled", "LastProcessingResult": "PROBLEM: x"}
    aws_account.around.sources = [mapping]
    found = list_sources(GIVEN, DEPLOYED, SILENT, UNCALLED, aws(aws_account))
    assert isinstance(found, EventSources)
    assert found.sources == (EventSource("1", queue, "Enabled", "PROBLEM: x"),)
    assert found.sources[0].service == "sqs"
    aws_account.assert_only_reads()


@pytest.mark.parametrize(
    ("log", "metrics", "role"),
    [
        (SILENT, CALLED, Role.DEPLOYED),
        (LogEvents(reading=SILENT.reading, group="g", events=(LogEvent(None, "s", "x"),)), UNCALLED, Role.DEPLOYED),
        (SILENT, UNCALLED, Role.PROPOSED),
    ],
)
def test_a_function_that_is_called_is_not_asked(
    log: LogEvents, metrics: Metrics, role: Role, aws_account: Account
) -> None:
    assert isinstance(list_sources(GIVEN, Subject(role), log, metrics, aws(aws_account)), Unavailable)
    assert aws_account.operations == []


def test_the_policy_is_read(aws_account: Account) -> None:
    aws_account.add_function("demo")
    none = get_policy(GIVEN, DEPLOYED, function_record(), REFUSED, NO_FRONT, NO_URLS, aws(aws_account))
    assert isinstance(none, FunctionPolicy)
    assert none.statements is None
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "lambda:InvokeFunction"}
    aws_account.answer("lambda", "GetPolicy", {"Policy": json.dumps({"Statement": [statement]})})
    some = get_policy(GIVEN, DEPLOYED, function_record(), REFUSED, NO_FRONT, NO_URLS, aws(aws_account))
    assert isinstance(some, FunctionPolicy)
    assert some.statements == (PolicyStatement("Allow", ("s3.amazonaws.com",), ("lambda:InvokeFunction",)),)


def test_the_policy_is_read_where_an_api_is_looked_for_and_not_otherwise(aws_account: Account) -> None:
    aws_account.add_function("demo")
    none = get_policy(GIVEN, DEPLOYED, function_record(), NO_FRONT, NO_FRONT, NO_URLS, aws(aws_account))
    assert isinstance(none, Unavailable)
    assert aws_account.operations == []
    front = FrontQuestion(reading=RECORD, why="504")
    found = get_policy(GIVEN, DEPLOYED, function_record(), NO_FRONT, front, NO_URLS, aws(aws_account))
    assert isinstance(found, FunctionPolicy)


def test_a_policy_that_was_read_for_a_url_is_not_read_again(aws_account: Account) -> None:
    url = FunctionUrl(arn="a", qualifier=None, auth_type="NONE")
    urls = UrlPolicies(reading=RECORD, policies=(UrlPolicy(url, ()),))
    found = get_policy(GIVEN, DEPLOYED, function_record(), REFUSED, NO_FRONT, urls, aws(aws_account))
    assert isinstance(found, FunctionPolicy)
    assert found.statements == ()
    assert aws_account.operations == []


def test_denied_names_the_action(aws_account: Account) -> None:
    aws_account.deny("lambda", "ListEventSourceMappings")
    with pytest.raises(SourceError) as caught:
        list_sources(GIVEN, DEPLOYED, SILENT, UNCALLED, aws(aws_account))
    unblock = caught.value.unavailable.unblock
    assert unblock
    assert unblock.action == "lambda:ListEventSourceMappings"
