"""Versions, aliases, URLs and policies, over real HTTP."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from tests.factories import function_record
from tests.lab.aws import Account
from troubleshooter.collectors import versions as collector
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.lambda_records import PAGES, get_policies, list_urls
from troubleshooter.collectors.versions import list_aliases
from troubleshooter.facts import CallLog, Reading, Reason, SourceError, Store, Unavailable, providers_in
from troubleshooter.facts.account import Alias, FunctionUrls, PolicyStatement, UrlPolicies, Versions
from troubleshooter.facts.changes import PublishedVersions, Trouble
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets

GIVEN = GivenFunction(reading=Reading("command line", Origin.ANSWER), name="demo")
DEPLOYED = Subject(Role.DEPLOYED)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "lambda:InvokeFunction",
            "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": True}},
        },
        {"Effect": "Allow", "Principal": {"AWS": ["*"]}, "NotAction": ["lambda:Get*"]},
    ],
}


def aws(account: Account) -> Aws:
    return Aws(CallLog(), region=account.region, endpoint_url=account.url)


def store(account: Account, *facts: object) -> Store:
    missing = {Trouble: Unavailable(Reason.NOT_OF_THIS_KIND, "nothing is failing")} if not facts else {}
    return Store(providers_in([collector]), [GIVEN, DEPLOYED, aws(account), Secrets(), *facts], missing=missing)


def url(account: Account, qualifier: str = "$LATEST", **changes: str) -> dict[str, str]:
    return {
        "FunctionUrl": "https://a.lambda-url.eu-west-1.on.aws/",
        "FunctionArn": account.arn("demo", qualifier),
        "AuthType": "NONE",
        "CreationTime": "2026-01-02T03:04:05.678Z",
        "LastModifiedTime": "2026-01-02T03:04:05.678Z",
        **changes,
    }


def versions(account: Account) -> Versions:
    found = store(account).get(Versions)
    assert isinstance(found, Versions)
    return found


def urls(account: Account) -> FunctionUrls:
    found = list_urls(GIVEN, DEPLOYED, aws(account))
    assert isinstance(found, FunctionUrls)
    return found


def policies(account: Account) -> UrlPolicies:
    return get_policies(urls(account), GIVEN, function_record(), aws(account))


def test_versions_and_aliases(aws_account: Account) -> None:
    aws_account.add_function("demo", package=b"new", LastModified="2026-01-05T00:00:00.000+0000")
    aws_account.add_function("demo", package=b"old", version="7")
    aws_account.add_alias("demo", "live", "7")
    found = versions(aws_account)
    assert found.aliases == (Alias("live", "7"),)
    seven, latest = found.version("7"), found.version("$LATEST")
    assert seven
    assert latest
    assert seven.code_sha256 != latest.code_sha256
    assert latest.last_modified == dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert found.complete


def test_without_an_alias_versions_are_not_asked_for(aws_account: Account) -> None:
    aws_account.add_function("demo")
    assert versions(aws_account).aliases == ()
    assert aws_account.operations == ["lambda:ListAliases"]


def test_where_something_fails_versions_are_read_without_an_alias(aws_account: Account) -> None:
    aws_account.add_function("demo", package=b"new")
    aws_account.add_function("demo", package=b"old", version="7", Timeout=3)
    trouble = Trouble(reading=GIVEN.reading, why="it fails")
    found = store(aws_account, trouble).get(PublishedVersions)
    assert isinstance(found, PublishedVersions)
    assert {r.version: r.timeout_s for r in found.records} == {"$LATEST": 30, "7": 3}
    assert aws_account.operations.count("lambda:ListVersionsByFunction") == 1


def test_where_something_fails_and_an_alias_names_a_version_they_are_read_once(aws_account: Account) -> None:
    aws_account.add_function("demo", package=b"old", version="7")
    aws_account.add_function("demo", package=b"new")
    aws_account.add_alias("demo", "live", "7")
    aws_account.deny("lambda", "ListVersionsByFunction")
    found = store(aws_account, Trouble(reading=GIVEN.reading, why="it fails"))
    for kind in (Versions, PublishedVersions):
        gap = found.get(kind)
        assert isinstance(gap, Unavailable)
        assert gap.reason is Reason.DENIED
    assert aws_account.operations.count("lambda:ListVersionsByFunction") == 1


def test_weights_are_kept(aws_account: Account) -> None:
    aws_account.add_function("demo")
    routing = {"AdditionalVersionWeights": {"8": 0.1}}
    alias = {"AliasArn": "arn", "Name": "live", "FunctionVersion": "7", "RoutingConfig": routing}
    aws_account.answer("lambda", "ListAliases", {"Aliases": [alias]})
    assert versions(aws_account).aliases == (Alias("live", "7", (("8", 0.1),)),)


def test_reading_stops_at_a_budget_of_pages(aws_account: Account) -> None:
    aws_account.add_function("demo")
    page = {"Aliases": [{"AliasArn": "arn", "Name": "live", "FunctionVersion": "7"}], "NextMarker": "more"}
    aws_account.answer("lambda", "ListAliases", page)
    found = versions(aws_account)
    assert aws_account.operations.count("lambda:ListAliases") == PAGES
    assert not found.complete


def test_no_url_is_a_value_and_no_policy_is_asked_for(aws_account: Account) -> None:
    aws_account.add_function("demo")
    assert urls(aws_account).urls == ()
    assert policies(aws_account).policies == ()
    assert "lambda:GetPolicy" not in aws_account.operations


def test_urls_of_function_and_alias(aws_account: Account) -> None:
    aws_account.add_function("demo")
    pair = [url(aws_account), url(aws_account, "live", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM")]
    aws_account.answer("lambda", "ListFunctionUrlConfigs", {"FunctionUrlConfigs": pair})
    own, live = urls(aws_account).urls
    assert (own.qualifier, own.auth_type, own.invoke_mode) == (None, "NONE", "BUFFERED")
    assert own.created == dt.datetime(2026, 1, 2, 3, 4, 5, 678000, dt.UTC)
    assert (live.qualifier, live.auth_type, live.invoke_mode) == ("live", "AWS_IAM", "RESPONSE_STREAM")


def test_no_policy_is_a_value(aws_account: Account) -> None:
    aws_account.add_function("demo")
    aws_account.answer("lambda", "ListFunctionUrlConfigs", {"FunctionUrlConfigs": [url(aws_account)]})
    (found,) = policies(aws_account).policies
    assert found.statements is None


def test_a_policy_is_taken_apart(aws_account: Account) -> None:
    aws_account.add_function("demo")
    aws_account.answer("lambda", "ListFunctionUrlConfigs", {"FunctionUrlConfigs": [url(aws_account, "live")]})
    aws_account.answer("lambda", "GetPolicy", {"Policy": json.dumps(POLICY)})
    (found,) = policies(aws_account).policies
    condition = ("Bool", "lambda:InvokedViaFunctionUrl", "true")
    assert found.statements == (
        PolicyStatement("Allow", ("*",), ("lambda:InvokeFunction",), (condition,)),
        PolicyStatement("Allow", ("*",), (), (), negated=True),
    )
    assert aws_account.calls[-1].parameters["Qualifier"] == "live"


@pytest.mark.parametrize("text", ["{", "[]", "7", '{"Statement": [7]}', '{"Statement": [{}]}', "[" * 5000])
def test_a_policy_without_sense_is_malformed(text: str, aws_account: Account) -> None:
    aws_account.add_function("demo")
    aws_account.answer("lambda", "ListFunctionUrlConfigs", {"FunctionUrlConfigs": [url(aws_account)]})
    aws_account.answer("lambda", "GetPolicy", {"Policy": text})
    with pytest.raises(SourceError) as caught:
        policies(aws_account)
    assert caught.value.unavailable.reason is Reason.MALFORMED


def test_what_is_only_proposed_has_no_record(aws_account: Account) -> None:
    for found in (
        list_aliases(GIVEN, Subject(Role.PROPOSED), aws(aws_account)),
        list_urls(GIVEN, Subject(Role.ATTEMPTED), aws(aws_account)),
    ):
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []
