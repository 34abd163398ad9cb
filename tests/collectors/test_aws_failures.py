"""What AWS's refusals amount to: which action, which resource, which kind of policy, and what renews credentials."""

from __future__ import annotations

import datetime as dt
import email.utils
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session as BotocoreSession

from troubleshooter import playbook
from troubleshooter.collectors import aws as aws_module
from troubleshooter.collectors.aws_failures import client_error, foreign, login_command, skew
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.journal import Journal
from troubleshooter.model import Target
from troubleshooter.session import Session
from troubleshooter.world import World

WHO = "User: arn:aws:sts::123456789012:assumed-role/dev/me is not authorized to perform: lambda:GetFunction"
ON = "on resource: arn:aws:lambda:eu-west-1:123456789012:function:demo"
ASKED = "arn:aws:lambda:eu-west-1:*:function:demo"
REAL = "arn:aws:lambda:eu-west-1:123456789012:function:demo"
LOGIN = "log in again: `aws sso login --profile dev`"


def failed(code: str, message: str = "", *, status: int = 400, headers: dict[str, str] | None = None) -> Unavailable:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}, "RequestId": "r"}
    error = ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": meta}, "GetFunction")  # type: ignore[typeddict-item]
    return client_error(error, "lambda:GetFunction", "lambda:GetFunction", ASKED, LOGIN)


@pytest.mark.parametrize(
    ("wording", "place"),
    {
        "because no identity-based policy allows the lambda:GetFunction action": "an identity-based policy",
        "because no permissions boundary allows the lambda:GetFunction action": "a permissions boundary",
        "because no session policy allows the lambda:GetFunction action": "a session policy",
        "because no VPC endpoint policy allows the lambda:GetFunction action": "a VPC endpoint policy",
        "because no service control policy allows the lambda:GetFunction action": (
            "a service control policy of the organisation"
        ),
        "because no resource-based policy allows the lambda:GetFunction action": "a resource-based policy",
        "": "an identity-based policy",
    }.items(),
)
def test_a_missing_allow_names_action_resource_and_where_to_put_it(wording: str, place: str) -> None:
    gap = failed("AccessDeniedException", f"{WHO} {ON} {wording}", status=403)
    assert gap.reason is Reason.DENIED
    assert gap.unblock is not None
    assert (gap.unblock.action, gap.unblock.resource) == ("lambda:GetFunction", REAL)
    assert (gap.unblock.grant_in, gap.unblock.lift) == (place, None)


@pytest.mark.parametrize(
    ("wording", "lift"),
    {
        "with an explicit deny in an identity-based policy": "an identity-based policy",
        "with an explicit deny in a permissions boundary: arn:aws:iam::123456789012:policy/edge.": (
            "a permissions boundary (arn:aws:iam::123456789012:policy/edge)"
        ),
        "with an explicit deny in a service control policy: "
        "arn:aws:organizations::210987654321:policy/o-a/service_control_policy/p-b": (
            "a service control policy of the organisation "
            "(arn:aws:organizations::210987654321:policy/o-a/service_control_policy/p-b)"
        ),
        "with an explicit deny in a resource control policy": "a resource control policy of the organisation",
        "with an explicit deny in a session policy": "a session policy",
        "with an explicit deny in a VPC endpoint policy": "a VPC endpoint policy",
        "with an explicit deny": "a policy that AWS does not name",
    }.items(),
)
def test_an_explicit_deny_asks_for_no_allow(wording: str, lift: str) -> None:
    gap = failed("AccessDeniedException", f"{WHO} {ON} {wording}", status=403)
    assert gap.unblock is not None
    assert (gap.unblock.grant_in, gap.unblock.lift) == (None, lift)
    assert "lifted" in gap.unblock.text


def test_where_aws_names_no_resource_it_is_the_one_that_was_asked_in_the_account_of_who_asked() -> None:
    gap = failed("AccessDeniedException", f"{WHO} because no identity-based policy allows the action", status=403)
    assert gap.unblock is not None
    assert gap.unblock.resource == REAL


def test_an_encoded_message_is_not_kept() -> None:
    text = f"You are not authorized to perform this operation. {WHO} Encoded authorization failure message: S3cr3tBlob"
    gap = failed("UnauthorizedOperation", text, status=403)
    assert "S3cr3t" not in repr(gap)


@pytest.mark.parametrize(
    "message",
    [
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: kms:Decrypt on resource: "
        "arn:aws:kms:eu-west-1:123456789012:key/k because no resource-based policy allows the kms:Decrypt action",
        "Lambda was unable to decrypt because KMS access was denied: arn:aws:kms:eu-west-1:123456789012:key/k",
    ],
)
def test_a_key_that_may_not_be_used_is_told_from_the_call(message: str) -> None:
    gap = failed("KMSAccessDeniedException" if "Lambda" in message else "AccessDeniedException", message, status=403)
    assert gap.unblock is not None
    assert (gap.unblock.action, gap.unblock.resource) == ("kms:Decrypt", "arn:aws:kms:eu-west-1:123456789012:key/k")
    assert "encryption key" in gap.detail


def test_a_web_page_is_no_denial() -> None:
    assert failed("403", "Forbidden", status=403, headers={"content-type": "text/html"}).reason is Reason.MALFORMED
    assert foreign({"content-type": "Text/HTML; charset=utf-8"})
    assert not foreign({"content-type": "application/json"})


@pytest.mark.parametrize("ahead", [400, -400])
def test_a_refused_signature_tells_by_how_much_the_clock_is_wrong(ahead: int) -> None:
    theirs = email.utils.format_datetime(dt.datetime.now(dt.UTC) - dt.timedelta(seconds=ahead), usegmt=True)
    gap = failed("InvalidSignatureException", "Signature expired", status=403, headers={"date": theirs})
    assert gap.reason is Reason.EXPIRED
    side = "ahead of" if ahead > 0 else "behind"
    assert any(f"clock is {abs(ahead) + more} s {side}" in gap.detail for more in (-1, 0, 1)), gap.detail


def test_a_refused_signature_with_the_right_clock_is_the_wrong_key() -> None:
    now = email.utils.format_datetime(dt.datetime.now(dt.UTC), usegmt=True)
    assert "secret key" in failed("SignatureDoesNotMatch", "", status=403, headers={"date": now}).detail


def test_an_answer_without_a_date_says_nothing_of_the_clock() -> None:
    assert skew({}) is None
    assert skew({"date": "yesterday"}) is None


def test_expired_credentials_name_the_command_and_how_to_go_on() -> None:
    gap = failed("ExpiredTokenException", "The security token included in the request is expired", status=403)
    assert gap.reason is Reason.EXPIRED
    assert gap.unblock is not None
    assert gap.unblock.text == f"{LOGIN}, then go on with `troubleshooter resume`"


@pytest.mark.parametrize(
    ("profile", "settings", "command"),
    [
        ("dev", {"sso_session": "corp"}, "log in again: `aws sso login --profile dev`"),
        ("my team", {"sso_start_url": "https://x"}, "log in again: `aws sso login --profile 'my team'`"),
        (None, {"sso_session": "corp"}, "log in again: `aws sso login`"),
        ("dev", {"login_session": "arn"}, "log in again: `aws login --profile dev`"),
        ("dev", {"role_arn": "arn", "source_profile": "base"}, "renew the credentials of profile base"),
        (None, {}, "renew the credentials (`aws sso login`, or the AWS_* variables of the environment)"),
    ],
)
def test_the_login_is_the_profile_s_own(profile: str | None, settings: dict[str, str], command: str) -> None:
    assert login_command(profile, settings) == command


def test_closing_waits_for_no_client_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    began, over = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> None:
        began.set()
        over.wait()

    monkeypatch.setattr(aws_module, "PREPARE_S", 0.1)
    monkeypatch.setattr(aws_module, "CALL_S", 0.1)
    monkeypatch.setattr(aws_module, "CLOSE_S", 0.1)
    monkeypatch.setattr(BotocoreSession, "create_client", hang)
    aws = aws_module.Aws(CallLog(), region="eu-west-1")
    with pytest.raises(SourceError) as caught:
        aws.call("lambda", "GetFunction", FunctionName="demo")
    assert caught.value.unavailable.reason is Reason.UNREACHABLE
    assert "no credentials came" in caught.value.unavailable.detail
    assert began.is_set()
    closed = threading.Thread(target=aws.close, daemon=True)
    closed.start()
    closed.join(30)
    over.set()
    assert not closed.is_alive()


@pytest.mark.parametrize("configured", ["eu-west-1", None])
def test_a_global_service_s_region_is_not_the_region_of_the_others(
    configured: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(request: Any, **_: object) -> None:
        asked.append(request.url)
        raise SourceError(Unavailable(Reason.DENIED, "denied"))

    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    aws = aws_module.Aws(CallLog(), region=configured, answerer=answer)
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("iam", "GetRole", {"RoleName": "demo"}),
        ("lambda", "GetFunction", {"FunctionName": "demo"}),
    )
    for service, operation, parameters in calls:
        with pytest.raises(SourceError) as caught:
            aws.call(service, operation, **parameters)
    assert aws.region == (configured or "")
    assert asked[0].startswith("https://iam.amazonaws.com/")
    if configured:
        assert asked[1].startswith("https://lambda.eu-west-1.amazonaws.com/")
    else:
        assert caught.value.unavailable.detail == "lambda:GetFunction: no region is configured"


@pytest.mark.parametrize(
    ("option", "regions", "asked"),
    [
        (None, {"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        (None, {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-north-1"),
        (None, {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ("us-east-1", {"AWS_REGION": "eu-north-1"}, "us-east-1"),
        (None, {}, ""),
    ],
)
def test_the_region_is_the_aws_cli_s(
    option: str | None, regions: dict[str, str], asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in regions.items():
        monkeypatch.setenv(name, value)
    assert aws_module.Aws(CallLog(), region=option).region == asked


def test_a_profile_that_is_not_there_is_no_bug_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    given = Target(function="demo", profile="nope")
    walk = Session(given, World.real(given), playbook.load(), Journal.in_memory(str))
    walk.run()
    walk.end()
    gap = walk.stores.first.get(FunctionRecord)
    assert isinstance(gap, Unavailable)
    assert gap.reason is Reason.EXPIRED
    assert gap.detail == "lambda:GetFunction: The config profile (nope) could not be found"
    assert not [g for g in walk.stores.first.gaps().values() if g.reason is Reason.FAULT]
    assert walk.blind


def test_an_address_that_is_none_says_which_option_to_correct() -> None:
    aws = aws_module.Aws(CallLog(), region="eu-west-1", endpoint_url="nonsense")
    with pytest.raises(SourceError) as caught:
        aws.call("lambda", "GetFunction", FunctionName="demo")
    gap = caught.value.unavailable
    assert gap.reason is Reason.UNREACHABLE
    assert gap.detail == "lambda:GetFunction was not sent: Invalid endpoint: nonsense"
    assert gap.unblock is not None
    assert "--endpoint-url" in gap.unblock.text
