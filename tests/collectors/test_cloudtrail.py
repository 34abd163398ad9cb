"""CloudTrail's record of changes, over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import RECORD, function_code, function_record
from tests.lab.aws import Account
from tests.lab.aws_observed import trail
from tests.lab.aws_wire import AwsError, Request
from troubleshooter.analysis.past.trail_questions import trail_questions
from troubleshooter.collectors import cloudtrail
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.cloudtrail import look_up_events
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.changes import Trail, Trouble
from troubleshooter.facts.given import GivenFunction, GivenText
from troubleshooter.facts.keys import KeyTrouble
from troubleshooter.facts.permissions import RoleQuestions
from troubleshooter.model import Origin, Role, Subject

GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
NOW = dt.datetime.now(dt.UTC)
TROUBLE = Trouble(reading=RECORD, why="it fails", since=NOW - dt.timedelta(hours=2))
GONE = Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of it")
ZIP = function_code(image_uri=None, resolved_image_uri=None)
CI = {"userIdentity": {"arn": "arn:aws:sts::123456789012:assumed-role/ci/run-7"}}


def event(name: str, hours: float, *, resource: str = "demo", **detail: Any) -> tuple[str, float, str, dict[str, Any]]:
    return name, hours, resource, {**CI, **detail}


def read(account: Account, *, code: Any = None, more: dict[str, Any] | None = None, **record: Any) -> Trail:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    function = function_record(last_modified=NOW - dt.timedelta(hours=3), **record)
    facts = {"role": GONE, "key": GONE, "text": GONE, **(more or {})}
    questions = trail_questions(TROUBLE, GIVEN, function, code or function_code(), **facts)
    found = look_up_events(questions, TROUBLE, function, Subject(Role.DEPLOYED), aws)
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


def asked(account: Account) -> list[tuple[str, str]]:
    found = [c.parameters["LookupAttributes"][0] for c in account.calls]
    return [(each["AttributeValue"], call.region) for each, call in zip(found, account.calls, strict=True)]


def test_an_image_that_is_gone_raises_the_question_who_removed_it(aws_account: Account) -> None:
    gone = event("PolicyExecutionEvent", 5, resource="arn:aws:ecr:eu-west-1:123456789012:repository/demo")
    by_hand = event("BatchDeleteImage", 6, requestParameters={"repositoryName": "demo"})
    rules = event("PutLifecyclePolicy", 7, requestParameters={"repositoryName": "demo", "lifecyclePolicyText": "{}"})
    trail(aws_account, gone, by_hand, rules)
    found = read(aws_account, state="Inactive", state_reason_code="ImageDeleted").events
    assert [e.name for e in found] == ["PolicyExecutionEvent", "BatchDeleteImage", "PutLifecyclePolicy"]
    assert not any("lifecyclePolicyText" in dict(e.details) for e in found)
    names = [name for name, _ in asked(aws_account)]
    assert names == ["demo", "PolicyExecutionEvent", "BatchDeleteImage", "PutLifecyclePolicy", "PutImage"]


def test_a_refused_image_raises_the_question_who_changed_the_repositorys_policy(aws_account: Account) -> None:
    policy = event("SetRepositoryPolicy", 5, requestParameters={"repositoryName": "demo", "policyText": "{}"})
    trail(
        aws_account,
        policy,
        event("SetRepositoryPolicy", 5, resource="x", requestParameters={"repositoryName": "another"}),
    )
    (found,) = read(aws_account, update_status="Failed", update_reason_code="ImageAccessDenied").events
    assert (found.name, found.resource, found.details) == ("SetRepositoryPolicy", "demo", ())


def test_a_role_is_asked_about_where_its_permissions_are_in_question_and_where_iam_records(
    aws_account: Account,
) -> None:
    role = "arn:aws:iam::123456789012:role/service-role/demo-role"
    trail(
        aws_account,
        event(
            "DetachRolePolicy", 4, resource="demo-role", requestParameters={"roleName": "demo-role", "policyArn": "p"}
        ),
    )
    aws_account.region = "us-east-1"
    more = {"role": RoleQuestions(reading=RECORD, questions=(("s3:GetObject", None),))}
    (found,) = read(aws_account, code=ZIP, more=more, role=role).events
    assert (found.name, found.resource, found.details) == ("DetachRolePolicy", "demo-role", (("policyArn", "p"),))
    assert asked(aws_account) == [("demo", "us-east-1"), ("demo-role", "us-east-1")]
    others = {role.replace("arn:aws:", f"arn:{p}:"): p for p in ("aws", "aws-cn", "aws-us-gov")}
    told = [
        trail_questions(TROUBLE, GIVEN, function_record(role=each), ZIP, more["role"], GONE, GONE).questions[1].region
        for each in others
    ]
    assert told == ["us-east-1", "cn-north-1", "us-gov-west-1"]


def test_a_role_with_more_events_than_a_page_is_asked_about_by_name(aws_account: Account) -> None:
    aws_account.answer("cloudtrail", "LookupEvents", {"Events": [], "NextToken": "more"})
    aws_account.region = "us-east-1"
    more = {"role": RoleQuestions(reading=RECORD)}
    found = read(aws_account, code=ZIP, more=more, role="arn:aws:iam::123456789012:role/demo-role")
    assert not found.complete
    names = [name for name, _ in asked(aws_account)]
    assert names == ["demo", "demo-role", "PutRolePolicy", "DetachRolePolicy", "DeleteRolePolicy"]


def test_a_region_that_refuses_hides_no_other(aws_account: Account) -> None:
    """IAM's region may be closed to this account; keys and repositories are asked about where the function is."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    trail(aws_account, event("DisableKey", 4, resource="k", requestParameters={"keyId": key}))
    inside = aws_account._answers["cloudtrail", "LookupEvents"]

    def answer(account: Account, request: Request) -> Any:
        if request.region == "us-east-1":
            raise AwsError("AccessDeniedException", "with an explicit deny in a service control policy", 403)
        return inside(account, request)

    aws_account.answer("cloudtrail", "LookupEvents", answer)
    more = {"role": RoleQuestions(reading=RECORD), "key": KeyTrouble(reading=RECORD)}
    found = read(aws_account, code=ZIP, more=more, key=key, role="arn:aws:iam::123456789012:role/demo-role")
    assert not found.complete
    assert [e.name for e in found.events] == ["DisableKey"]


def test_a_key_is_asked_about_where_it_is_the_trouble(aws_account: Account) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    mine = event("DisableKey", 4, resource="k", requestParameters={"keyId": key})
    other = event("DisableKey", 4, resource="k", requestParameters={"keyId": key.replace("1111", "9999")})
    policy = event("PutKeyPolicy", 5, resource="k", requestParameters={"keyId": key.rpartition("/")[2], "policy": "{}"})
    trail(aws_account, mine, other, policy)
    found = read(aws_account, code=ZIP, more={"key": KeyTrouble(reading=RECORD)}, key=key).events
    assert [e.name for e in found] == ["DisableKey", "PutKeyPolicy"]
    assert len(aws_account.operations) == 4


def test_a_tag_that_may_not_be_pushed_twice(aws_account: Account) -> None:
    trail(aws_account)
    text = GivenText(reading=RECORD, text="ImageTagAlreadyExistsException: the tag is immutable")
    read(aws_account, more={"text": text})
    assert [name for name, _ in asked(aws_account)] == ["demo", "PutImageTagMutability", "PutImage"]


def test_which_code_and_image_came_of_a_call(aws_account: Account) -> None:
    update = event("UpdateFunctionCode20150331v2", 3, responseElements={"codeSha256": "abc", "role": "r"})
    image = {"image": {"imageId": {"imageDigest": "sha256:1", "imageTag": "latest"}}}
    push = event("PutImage", 4, requestParameters={"repositoryName": "demo"}, responseElements=image)
    trail(aws_account, update, push)
    newest, pushed = read(aws_account).events
    assert newest.details == (("codeSha256", "abc"),)
    assert pushed.details == (("imageDigest", "sha256:1"),)


def test_a_zip_has_no_pushes(aws_account: Account) -> None:
    trail(aws_account)
    read(aws_account, code=ZIP)
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
    questions = trail_questions(TROUBLE, GIVEN, function_record(), ZIP, GONE, GONE, GONE)
    found = look_up_events(questions, TROUBLE, function_record(), Subject(Role.PROPOSED), aws)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []
