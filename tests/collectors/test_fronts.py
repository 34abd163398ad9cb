"""API Gateway's integrations with a function, over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import RECORD, function_record
from tests.lab.aws import Account
from tests.lab.aws_observed import apis
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.fronts import APIS, read_fronts
from troubleshooter.facts import CallLog, Reason, SourceError, Unavailable
from troubleshooter.facts.account import PolicyStatement
from troubleshooter.facts.callers import FunctionPolicy
from troubleshooter.facts.fronts import ApiFronts, FrontQuestion
from troubleshooter.model import Role, Subject

NO_POLICY = Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of it")
ASKED = FrontQuestion(reading=RECORD, why="the text says “504”")


def target(name: str = "demo", account: str = "123456789012", qualifier: str = "") -> str:
    function = f"arn:aws:lambda:eu-west-1:{account}:function:{name}{qualifier}"
    return f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}/invocations"


def method(uri: str, **more: Any) -> dict[str, Any]:
    return {"httpMethod": "POST", "methodIntegration": {"type": "AWS_PROXY", "uri": uri, **more}}


def read(account: Account, policy: FunctionPolicy | None = None) -> ApiFronts:
    found = read_fronts(ASKED, function_record(), Subject(Role.DEPLOYED), policy or NO_POLICY, aws(account))
    assert isinstance(found, ApiFronts)
    return found


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def test_a_rest_api_and_what_it_waits(aws_account: Account) -> None:
    resources: list[dict[str, Any]] = [
        {"id": "r0", "path": "/"},
        {"id": "r1", "path": "/chat", "resourceMethods": {"POST": method(target(), timeoutInMillis=29000)}},
        {
            "id": "r2",
            "path": "/s",
            "resourceMethods": {"GET": method(target(qualifier=":live"), responseTransferMode="STREAM")},
        },
        {
            "id": "r3",
            "path": "/o",
            "resourceMethods": {"GET": method(target("other")), "OPTIONS": {"httpMethod": "OPTIONS"}},
        },
    ]
    arn = "arn:aws:iam::123456789012:role/api"
    resources[2]["resourceMethods"]["GET"]["methodIntegration"]["credentials"] = arn
    apis(aws_account, rest={"a1": ("chat", resources)})
    chat, stream = read(aws_account).integrations
    assert (chat.kind, chat.api, chat.name, chat.place, chat.timeout_ms) == ("REST", "a1", "chat", "POST /chat", 29000)
    assert (stream.streams, stream.qualifier, stream.timeout_ms) == (True, ":live"[1:], 29000)
    assert not chat.asynchronous
    assert (chat.own_role, stream.own_role) == (False, True)
    aws_account.assert_only_reads()


def test_an_asynchronous_integration_waits_for_nothing(aws_account: Account) -> None:
    header = {"integration.request.header.X-Amz-Invocation-Type": "'Event'"}
    resource = {"id": "r1", "path": "/", "resourceMethods": {"POST": method(target(), requestParameters=header)}}
    apis(aws_account, rest={"a1": ("jobs", [resource])})
    assert read(aws_account).integrations[0].asynchronous


def test_http_and_websocket_apis(aws_account: Account) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:demo"
    apis(
        aws_account,
        http={
            "h1": ("front", "HTTP", [{"IntegrationId": "i1", "IntegrationType": "AWS_PROXY", "IntegrationUri": arn}]),
            "w1": (
                "chat",
                "WEBSOCKET",
                [{"IntegrationId": "i2", "IntegrationUri": target(), "TimeoutInMillis": 20000}],
            ),
        },
    )
    front, chat = read(aws_account).integrations
    assert (front.kind, front.timeout_ms, front.place) == ("HTTP", 30000, "integration i1")
    assert (chat.kind, chat.timeout_ms) == ("WEBSOCKET", 20000)


def test_a_function_of_the_same_name_in_another_account_is_another(aws_account: Account) -> None:
    resource = {"id": "r1", "path": "/", "resourceMethods": {"POST": method(target(account="999999999999"))}}
    apis(aws_account, rest={"a1": ("theirs", [resource])})
    assert read(aws_account).integrations == ()


def test_many_apis_are_read_within_a_budget(aws_account: Account) -> None:
    apis(aws_account, rest={f"a{n}": (f"api {n}", []) for n in range(APIS + 3)})
    found = read(aws_account)
    assert not found.complete
    assert found.unread == tuple(f"api {n}" for n in range(APIS, APIS + 3))
    assert "3 of the account's APIs were not read: api 12, api 13, api 14" in found.left_out
    assert aws_account.operations.count("apigateway:GetResources") == APIS


def test_the_likeliest_apis_are_read_first(aws_account: Account) -> None:
    """Those that the function's policy lets in, then those that are called like it."""
    resource = {"id": "r1", "path": "/", "resourceMethods": {"POST": method(target())}}
    many: dict[str, Any] = {f"a{n}": (f"api {n}", []) for n in range(APIS + 3)}
    many |= {"x1": ("someone's", [resource]), "x2": ("prod-demo-api", [resource])}
    apis(aws_account, rest=many)
    arn = "arn:aws:execute-api:eu-west-1:123456789012:x1/*/POST/chat"
    statement = PolicyStatement(
        "Allow", ("apigateway.amazonaws.com",), ("lambda:InvokeFunction",), (("ArnLike", "AWS:SourceArn", arn),)
    )
    found = read(aws_account, FunctionPolicy(reading=RECORD, statements=(statement,)))
    assert [i.api for i in found.integrations] == ["x1", "x2"]
    assert len(found.unread) == 5


def test_one_generation_that_is_denied_hides_the_other_not(aws_account: Account) -> None:
    resource = {"id": "r1", "path": "/", "resourceMethods": {"POST": method(target())}}
    apis(aws_account, rest={"a1": ("chat", [resource])})
    aws_account.deny("apigatewayv2", "GetApis")
    found = read(aws_account)
    assert len(found.integrations) == 1
    assert not found.complete


def test_a_missing_permission_is_told(aws_account: Account) -> None:
    apis(aws_account)
    aws_account.deny("apigateway", "GetRestApis")
    with pytest.raises(SourceError) as caught:
        read(aws_account)
    assert caught.value.unavailable.unblock
    assert caught.value.unavailable.unblock.action == "apigateway:GET"


def test_what_is_only_proposed_has_no_callers(aws_account: Account) -> None:
    found = read_fronts(ASKED, function_record(), Subject(Role.PROPOSED), NO_POLICY, aws(aws_account))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []
