"""Environments that were to be kept ready and whose init failed."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import RECORD, function_record
from tests.lab.aws import Account
from troubleshooter.analysis.provisioned_failure import provisioned_failure
from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.provisioned import list_provisions
from troubleshooter.facts import CallLog, Reason, Unavailable
from troubleshooter.facts.account import Alias, Aliases, Version, Versions
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import InitRecord, Timeline
from troubleshooter.facts.provisioned import Provision, ProvisionedConcurrency, ProvisionedFailure
from troubleshooter.model import Role, Rung, RungState, Subject
from troubleshooter.triage import triage

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
GIVEN = GivenFunction(reading=RECORD, name="demo")
GONE = Unavailable(Reason.DENIED, "denied")
BROKEN = Provision("live", "FAILED", "FUNCTION_ERROR_INIT_FAILURE")
LATEST = function_record(version="$LATEST", last_modified=AT)
FIVE = Version("5", "a" * 64, AT)


def ask(
    *provisions: Provision, given: GivenFunction = GIVEN, record: Any = LATEST, versions: Any = (FIVE,), **alias: Any
) -> ProvisionedFailure | Unavailable:
    found = ProvisionedConcurrency(reading=RECORD, provisions=provisions or (BROKEN,))
    named = (Alias(**{"name": "live", "version": "5", **alias}),)
    known = Versions(reading=RECORD, versions=versions, aliases=named) if isinstance(versions, tuple) else versions
    return provisioned_failure(given, record, found, known)


@pytest.mark.parametrize("provision", [BROKEN, replace(BROKEN, qualifier="5")])
def test_the_code_of_latest_could_not_be_made_ready(provision: Provision) -> None:
    found = ask(provision)
    assert isinstance(found, ProvisionedFailure)
    assert found.reason == "FUNCTION_ERROR_INIT_FAILURE"


def test_the_alias_or_version_that_is_asked_about() -> None:
    record = function_record(version="5")
    assert isinstance(ask(given=replace(GIVEN, qualifier="live"), record=record, versions=GONE), ProvisionedFailure)
    five = replace(BROKEN, qualifier="5")
    assert isinstance(ask(five, given=replace(GIVEN, qualifier="live"), record=record), ProvisionedFailure)
    assert isinstance(ask(given=replace(GIVEN, qualifier="other"), record=record), Unavailable)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(ask(replace(BROKEN, status="READY")), id="ready now"),
        pytest.param(ask(replace(BROKEN, reason="InsufficientConcurrency")), id="a quota"),
        pytest.param(ask(replace(BROKEN, reason="")), id="no reason"),
        pytest.param(ask(versions=(replace(FIVE, code_sha256="b" * 64),)), id="other code"),
        pytest.param(ask(record=replace(LATEST, last_modified=AT + dt.timedelta(hours=1))), id="put right since"),
        pytest.param(ask(versions=()), id="the version is not told"),
        pytest.param(ask(versions=GONE), id="versions were not read"),
        pytest.param(ask(weights=(("6", 0.5),)), id="two versions behind the alias"),
    ],
)
def test_what_says_nothing_of_this_code(found: ProvisionedFailure | Unavailable) -> None:
    assert isinstance(found, Unavailable)


def test_it_stands_in_for_a_log_that_tells_nothing() -> None:
    failure = ask()
    assert isinstance(failure, ProvisionedFailure)
    result = triage(Role.DEPLOYED, LATEST, Timeline(reading=RECORD), GONE, None, failure)
    assert result.symptom.rung is Rung.INIT
    assert not result.symptom.healthy
    assert "provisioned concurrency of live" in result.symptom.summary
    states = {r.rung: r.state for r in result.ladder}
    assert states[Rung.INIT] is RungState.FAILED
    assert states[Rung.SPAWN] is RungState.UNKNOWN


def read(account: Account, *, timeline: Any = GONE, qualifier: str | None = None, aliases: Any = None) -> Any:
    aws = Aws(CallLog(), region=account.region, endpoint_url=account.url)
    named = Aliases(reading=RECORD, aliases=(Alias("live", "5"),)) if aliases is None else aliases
    given = replace(GIVEN, qualifier=qualifier)
    return list_provisions(given, Subject(Role.DEPLOYED), timeline, named, aws)


def test_what_lambda_lists(aws_account: Account) -> None:
    one = {
        "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:demo:live",
        "RequestedProvisionedConcurrentExecutions": 1,
        "Status": "FAILED",
        "StatusReason": "FUNCTION_ERROR_INIT_FAILURE",
        "LastModified": "2026-01-02T00:00:00+0000",
    }
    aws_account.answer("lambda", "ListProvisionedConcurrencyConfigs", {"ProvisionedConcurrencyConfigs": [one]})
    found = read(aws_account)
    assert isinstance(found, ProvisionedConcurrency)
    assert found.provisions == (replace(BROKEN, at=AT),)
    aws_account.assert_only_reads()


def test_it_is_not_asked_where_it_cannot_be_or_the_log_tells(aws_account: Account) -> None:
    log = Timeline(reading=RECORD, inits=(InitRecord(AT, "s", 9.0, "init", "error"),))
    for facts in ({"timeline": log}, {"aliases": Aliases(reading=RECORD)}, {"aliases": GONE}):
        found = read(aws_account, **facts)
        assert isinstance(found, Unavailable)
        assert found.reason is Reason.NOT_OF_THIS_KIND
    assert aws_account.operations == []
