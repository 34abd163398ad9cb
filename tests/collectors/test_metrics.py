"""CloudWatch's numbers of a function, over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import function_record
from tests.lab.aws import Account
from tests.lab.aws_observed import metrics
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.metrics import COARSE_S, read_metrics
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.given import GivenFunction, GivenText
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.model import Origin, Role, Subject

GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
TEXT = GivenText(reading=Reading("pasted text", Origin.PASTED), text="504")
NO_LOG = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
LOG = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)


def ago(hours: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)


def read(account: Account, *, changed: float = 2, timeline: Any = NO_LOG, text: Any = NO_TEXT, **given: Any) -> Any:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    function = function_record(last_modified=ago(changed))
    asked = GivenFunction(reading=GIVEN.reading, name="demo", **given)
    return read_metrics(asked, Subject(Role.DEPLOYED), function, timeline, text, aws)


def log(status: str) -> Timeline:
    return Timeline(reading=LOG, invocations=(Invocation("r", "s", "$LATEST", ago(1), ago(1), status=status),))


def test_since_when_and_how_often(aws_account: Account) -> None:
    metrics(aws_account, Invocations=[5, 5, 6], Errors=[0, 5, 6], Duration=[10, 310.5, 305])
    found = read(aws_account)
    assert isinstance(found, Metrics)
    assert (found.calls, found.failures, found.longest_ms) == (16, 11, 310.5)
    assert found.failing
    assert found.failing_since == found.errors[1].at
    assert found.since >= ago(2)
    assert aws_account.operations == ["cloudwatch:GetMetricData"]
    aws_account.assert_only_reads()


def test_what_was_before_the_last_change_is_left_out(aws_account: Account) -> None:
    metrics(aws_account, Invocations=[9] * 36, Errors=[9] * 24 + [0] * 12)
    found = read(aws_account, changed=0.9)
    assert found.failures == 0
    assert not found.failing
    assert found.failing_since is None


def test_a_change_of_long_ago_is_asked_for_in_hours(aws_account: Account) -> None:
    metrics(aws_account, Invocations=[1, 2, 3], Errors=[0, 0, 0])
    found = read(aws_account, changed=24 * 40)
    assert found.period_s == COARSE_S
    assert found.calls == 6
    assert found.since > ago(24 * 15)


def test_no_numbers_at_all_is_a_value(aws_account: Account) -> None:
    metrics(aws_account)
    found = read(aws_account)
    assert (found.calls, found.failing, found.longest_ms, found.blocked) == (0, False, None, False)


def test_where_calls_are_refused_the_reserved_concurrency_is_read(aws_account: Account) -> None:
    metrics(aws_account, Throttles=[3, 4])
    aws_account.answer("lambda", "GetFunctionConcurrency", {"ReservedConcurrentExecutions": 0})
    found = read(aws_account)
    assert found.blocked
    assert found.reserved == 0


def test_a_reserved_concurrency_that_may_not_be_read_takes_nothing_away(aws_account: Account) -> None:
    metrics(aws_account, Throttles=[3], Invocations=[1])
    aws_account.deny("lambda", "GetFunctionConcurrency")
    found = read(aws_account)
    assert (found.throttled, found.reserved) == (3, None)


def test_few_throttles_are_not_looked_into(aws_account: Account) -> None:
    metrics(aws_account, Throttles=[1], Invocations=[50])
    read(aws_account)
    assert aws_account.operations == ["cloudwatch:GetMetricData"]


def test_a_version_has_numbers_of_its_own(aws_account: Account) -> None:
    metrics(aws_account)
    read(aws_account, qualifier="live")
    query = aws_account.calls[0].parameters["MetricDataQueries"][0]
    assert query["MetricStat"]["Metric"]["Dimensions"][1] == {"Name": "Resource", "Value": "demo:live"}


@pytest.mark.parametrize(
    ("timeline", "text", "asked"), [(log("success"), NO_TEXT, 0), (log("success"), TEXT, 1), (log("error"), NO_TEXT, 1)]
)
def test_asked_only_where_the_log_leaves_a_question(
    timeline: Timeline, text: Any, asked: int, aws_account: Account
) -> None:
    metrics(aws_account)
    found = read(aws_account, timeline=timeline, text=text)
    assert len(aws_account.operations) == asked
    assert isinstance(found, Metrics) == bool(asked)


def test_a_missing_permission_is_told(aws_account: Account) -> None:
    aws_account.deny("cloudwatch", "GetMetricData")
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.reason is Reason.DENIED
    assert caught.value.unavailable.unblock
    assert caught.value.unavailable.unblock.action == "cloudwatch:GetMetricData"


def test_an_answer_without_sense_is_malformed(aws_account: Account) -> None:
    result = {"Id": "errors", "Timestamps": [], "Values": [1.0]}
    aws_account.answer("cloudwatch", "GetMetricData", {"MetricDataResults": [result]})
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.reason is Reason.MALFORMED
