from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import RECORD, function_record
from tests.lab.aws import Account
from troubleshooter.analysis.left_behind import left_behind
from troubleshooter.checks.stale.alias_points_to_old_version__trigger import (
    alias_points_to_old_version__trigger as the_check,
)
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.triggers import bound_triggers
from troubleshooter.facts import CallLog, Reading, Reason, Unavailable
from troubleshooter.facts.account import (
    Alias,
    FunctionUrl,
    FunctionUrls,
    PolicyStatement,
    UrlPolicies,
    UrlPolicy,
    Version,
    Versions,
)
from troubleshooter.facts.callers import BoundTriggers, LeftBehind
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Origin, Outcome, Severity

NOW = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
READ = Reading("lambda:ListVersionsByFunction", Origin.RECORD, NOW.isoformat())
GIVEN = GivenFunction(reading=RECORD, name="demo")
GONE = Unavailable(Reason.NOT_OF_THIS_KIND, "not asked")
LIVE = Alias("live", "4")
NEW = Version("5", "new", NOW - dt.timedelta(hours=1))
OLD = Version("4", "old", NOW - dt.timedelta(days=9))


def versions(*known: Version, aliases: tuple[Alias, ...] = (LIVE,), complete: bool = True) -> Versions:
    latest = Version("$LATEST", "newer still", NOW)
    return Versions(reading=READ, versions=(latest, *(known or (OLD, NEW))), aliases=aliases, complete=complete)


def behind(**more: Any) -> LeftBehind:
    found = left_behind(function_record(), versions(**more))
    assert isinstance(found, LeftBehind)
    return found


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(versions(aliases=()), id="no alias"),
        pytest.param(versions(aliases=(Alias("live", "5"),)), id="on the newest, with $LATEST ahead"),
        pytest.param(versions(aliases=(replace(LIVE, weights=(("5", 0.1),)),)), id="canary"),
        pytest.param(versions(aliases=(LIVE, Alias("stage", "5"))), id="released by stages"),
        pytest.param(versions(OLD, replace(NEW, code_sha256="old")), id="published without new code"),
        pytest.param(versions(OLD, replace(NEW, last_modified=NOW - dt.timedelta(minutes=2))), id="just published"),
        pytest.param(versions(OLD, replace(NEW, last_modified=None)), id="when it was published is not told"),
        pytest.param(versions(NEW), id="the alias's version is not told"),
        pytest.param(versions(aliases=(Alias("live", "$LATEST"),)), id="the alias is $LATEST's"),
        pytest.param(versions(complete=False), id="not every version was read"),
        pytest.param(versions(replace(OLD, code_sha256=None), NEW), id="code is not told"),
    ],
)
def test_who_is_not_left_behind(found: Versions) -> None:
    assert isinstance(left_behind(function_record(), found), Unavailable)


def test_a_version_that_is_asked_about_is_what_is_meant() -> None:
    assert isinstance(left_behind(function_record(version="4"), versions()), Unavailable)


def read(account: Account, **facts: Any) -> BoundTriggers:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    given = {"urls": GONE, "policies": GONE, "fronts": GONE, **facts}
    return bound_triggers(behind(), GIVEN, aws=aws, **given)


STATEMENT = {
    "Effect": "Allow",
    "Principal": {"Service": "events.amazonaws.com"},
    "Action": "lambda:InvokeFunction",
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:eu-west-1:123456789012:rule/nightly"}},
}


def test_what_is_bound_to_the_alias(aws_account: Account) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:jobs"
    on = {"UUID": "1", "EventSourceArn": queue, "State": "Enabled"}
    aws_account.around.sources = [on, {**on, "UUID": "2", "State": "Disabled"}]
    aws_account.answer("lambda", "GetPolicy", {"Policy": json.dumps({"Statement": [STATEMENT]})})
    url = FunctionUrl(
        arn="arn:aws:lambda:eu-west-1:123456789012:function:demo:live", qualifier="live", auth_type="AWS_IAM"
    )
    front = Integration("REST", "a1", "chat", "POST /chat", 29_000, qualifier="live")
    found = read(
        aws_account,
        urls=FunctionUrls(reading=RECORD, urls=(url, replace(url, qualifier=None))),
        fronts=ApiFronts(reading=RECORD, integrations=(front, replace(front, qualifier=""))),
    )
    assert [(t.kind, t.qualifier) for t in found.triggers] == [
        ("function URL", "live"),
        ("REST API", "live"),
        ("event source mapping", "live"),
        ("events", "live"),
    ]
    assert found.triggers[-1].name.endswith("rule/nightly")
    asked = [c.parameters for c in aws_account.calls]
    assert [a.get("FunctionName") for a in asked] == ["demo:live", "demo"]
    assert asked[1]["Qualifier"] == "live"
    aws_account.assert_only_reads()
    verdict = the_check(function_record(), versions(), behind(), found)
    assert verdict.outcome is Outcome.FAIL
    assert the_check.__check__[1] is Severity.INFO  # type: ignore[attr-defined]
    assert "and 3 more" in verdict.message
    assert verdict.remediation
    assert "--function-version 5" in verdict.remediation.commands[0]


def test_a_policy_that_was_read_for_a_url_is_not_read_again(aws_account: Account) -> None:
    aws_account.around.sources = []
    url = FunctionUrl(arn="a", qualifier="live", auth_type="NONE")
    statement = PolicyStatement("Allow", ("s3.amazonaws.com",), ("lambda:InvokeFunction",))
    policies = UrlPolicies(reading=RECORD, policies=(UrlPolicy(url, (statement,)),))
    found = read(aws_account, policies=policies)
    assert [(t.kind, t.name) for t in found.triggers] == [("s3", "s3.amazonaws.com")]
    assert aws_account.operations == ["lambda:ListEventSourceMappings"]


def test_what_could_not_be_read_is_said(aws_account: Account) -> None:
    aws_account.deny("lambda", "ListEventSourceMappings")
    aws_account.fail("lambda", "GetPolicy", "ResourceNotFoundException", status=404)
    found = read(aws_account)
    assert found.triggers == ()
    verdict = the_check(function_record(), versions(), behind(), found)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "ListEventSourceMappings" in verdict.message


def test_an_alias_that_nothing_calls() -> None:
    verdict = the_check(function_record(), versions(), behind(), BoundTriggers(reading=RECORD))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
