"""CloudTrail's record of changes, over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import RECORD, function_code, function_record
from tests.lab.aws import Account
from tests.lab.aws_observed import trail
from troubleshooter.collectors import cloudtrail
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.cloudtrail import look_up_events
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.changes import Trail, Trouble
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Origin, Role, Subject

GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
NOW = dt.datetime.now(dt.UTC)
TROUBLE = Trouble(reading=RECORD, why="it fails", since=NOW - dt.timedelta(hours=2))
CI = {"userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/ci/run-7"}}


def event(name: str, hours: float, *, resource: str = "demo", **detail: Any) -> tuple[str, float, str, dict[str, Any]]:
    return name, hours, resource, {**CI, **detail}


def read(account: Account, *, code: Any = None, **record: Any) -> Trail:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    function = function_record(last_modified=NOW - dt.timedelta(hours=3), **record)
    found = look_up_events(TROUBLE, GIVEN, function, code or function_code(), Subject(Role.DEPLOYED), aws)
    assert isinstance(found, Trail)
    return found


def test_who_changed_what_and_when(aws_account: Account) -> None:
    update = event(
        "UpdateFunctionConfiguration20150331v2",
        3,
        requestParameters={"timeout": 3, "environment": {"variables": {"A": "secret"}}},
    )
    push = event(
        "PutImage",
        4,
        resource="x",
        requestParameters={"repositoryName": "demo", "imageTag": "latest", "imageManifest": "{}"},
    )
    trail(aws_account, update, push)
    newest, pushed = read(aws_account).events
    assert (newest.name, newest.by) == (
        "UpdateFunctionConfiguration",
        "arn:aws:sts::123456789012:assumed-role/ci/run-7",
    )
    assert newest.details == (("timeout", "3"),)
    assert (pushed.name, pushed.resource, pushed.details) == ("PutImage", "demo", (("imageTag", "latest"),))
    assert aws_account.operations == ["cloudtrail:LookupEvents"] * 2
    aws_account.assert_only_reads()


def test_pushes_to_other_repositories_reads_and_refused_calls_are_no_changes(aws_account: Account) -> None:
    other = event("PutImage", 4, resource="x", requestParameters={"repositoryName": "other"})
    refused = event("UpdateFunctionCode20150331v2", 3, errorCode="AccessDenied")
    trail(aws_account, other, refused, event("GetFunction20150331v2", 1))
    assert read(aws_account).events == ()


def test_what_was_long_before_is_not_asked_for(aws_account: Account) -> None:
    trail(aws_account, event("UpdateFunctionCode20150331v2", 24 * 12))
    assert read(aws_account).events == ()


def test_an_image_that_is_gone_has_a_third_question(aws_account: Account) -> None:
    gone = event("PolicyExecutionEvent", 5, resource="arn:aws:ecr:eu-west-1:123456789012:repository/demo")
    trail(aws_account, gone)
    (found,) = read(aws_account, state="Inactive", state_reason_code="ImageDeleted").events
    assert found.name == "PolicyExecutionEvent"
    assert len(aws_account.operations) == 3


def test_a_zip_has_no_pushes(aws_account: Account) -> None:
    trail(aws_account)
    read(aws_account, code=function_code(image_uri=None, resolved_image_uri=None))
    assert len(aws_account.operations) == 1


def test_a_deadline_ends_the_reading(aws_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudtrail, "SECONDS", 0.05)
    trail(aws_account, event("UpdateFunctionCode20150331v2", 3))
    aws_account.delay(0.2, "cloudtrail")
    found = read(aws_account)
    assert len(found.events) == 1
    assert not found.complete
    assert len(aws_account.operations) == 1


def test_a_missing_permission_is_told(aws_account: Account) -> None:
    aws_account.deny("cloudtrail", "LookupEvents")
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.unblock
    assert caught.value.unavailable.unblock.action == "cloudtrail:LookupEvents"
    assert len(aws_account.operations) == 1


@pytest.mark.parametrize("detail", ["{", "[]", "7", '{"requestParameters": 7}', "[" * 5000])
def test_details_without_sense_leave_the_event(detail: str, aws_account: Account) -> None:
    answer = {
        "Events": [
            {
                "EventId": "1",
                "EventName": "UpdateFunctionCode20150331v2",
                "EventTime": NOW,
                "CloudTrailEvent": detail,
                "Username": "ci",
            }
        ]
    }
    aws_account.answer("cloudtrail", "LookupEvents", answer)
    (found,) = read(aws_account).events
    assert (found.name, found.by, found.details) == ("UpdateFunctionCode", "ci", ())


def test_what_is_only_proposed_has_no_past(aws_account: Account) -> None:
    aws = Aws(CallLog(), region=aws_account.region, endpoint_url=aws_account.url)
    found = look_up_events(TROUBLE, GIVEN, function_record(), function_code(), Subject(Role.PROPOSED), aws)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []
