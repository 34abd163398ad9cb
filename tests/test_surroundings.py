"""The account as it is: credentials that expire in the middle, another region, a function that changes while it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.lab import demo_account
from tests.lab.aws import Account
from tests.lab.aws_answers import HANDLERS
from troubleshooter import journal, playbook, reports, session, steadiness, verification
from troubleshooter.collectors import aws_regions
from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import CallLog
from troubleshooter.model import Target
from troubleshooter.verification import verify
from troubleshooter.world import World

CAUSE = "arch_image_function_mismatch"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(verification, "POLL_S", 0.02)
    with demo_account.mismatch() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def walked(tmp_path: Path, **target: Any) -> session.Session:
    walk = session.new(Target(function="demo", **target), playbook.load(), within=tmp_path)
    walk.run()
    walk.end()
    return walk


def report_of(walk: session.Session) -> Any:
    return reports.from_journal(walk.journal.records)


def path_of(walk: session.Session) -> Path:
    assert walk.journal.path is not None
    return walk.journal.path


def verified(walk: session.Session, before: Any) -> verification.Verification:
    surroundings = World.real(walk.target)
    try:
        return verify(walk.target, surroundings, before, 0.05, lambda _: None)
    finally:
        surroundings.close()


@pytest.mark.parametrize("operation", [("ecr", "*"), ("*", "*")])
def test_credentials_that_expire_in_the_middle_end_with_the_login_and_resume_goes_on(
    operation: tuple[str, str], account: Account, tmp_path: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = isolated / "config"
    config.write_text(
        "[profile team a]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\nregion = eu-west-1\n"
        "[sso-session corp]\nsso_start_url = https://example.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setattr(Aws, "login", property(lambda self: "log in again: `aws sso login --profile 'team a'`"))
    account.fail(
        *operation, "ExpiredTokenException", "The security token included in the request is expired", status=403
    )
    cut = walked(tmp_path)
    report = report_of(cut)
    assert report["diagnosis"]["causes"] == []
    told = [gap["unblock"]["text"] for gap in report["unread"] if gap["reason"] == "expired"]
    assert told
    assert all("aws sso login --profile 'team a'" in text and "troubleshooter resume" in text for text in told)
    account._rules.clear()
    again = session.resume(path_of(cut), playbook.load())
    again.open()
    assert not again.done
    assert again.run().causes == (CAUSE,)
    again.end()
    assert report_of(again)["diagnosis"]["causes"] == [CAUSE]


def test_the_login_names_the_profile_whose_credentials_were_used(
    isolated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = isolated / "config"
    config.write_text("[profile team]\nsso_session = corp\n[sso-session corp]\nsso_region = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert Aws(CallLog(), profile="team").login == "log in again: `aws sso login --profile team`"
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert Aws(CallLog()).login == "log in again: `aws sso login --profile team`"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    assert "environment" in Aws(CallLog()).login


def test_a_granted_permission_is_taken_up_by_the_same_session(account: Account, tmp_path: Path) -> None:
    account.deny("ecr", "BatchGetImage")
    walk = session.new(Target(function="demo"), playbook.load(), within=tmp_path)
    assert walk.run().causes == ()
    account._rules.clear()
    walk.renew()
    assert walk.run().causes == (CAUSE,)
    walk.end()


def test_what_the_engineer_answered_before_the_gap_stays(account: Account, tmp_path: Path) -> None:
    account.deny("ecr", "BatchGetImage")
    walk = session.new(Target(function="demo"), playbook.load(), within=tmp_path)
    walk.open()
    walk.reply(walk.evaluate(), "spawn", by="engineer", note="I saw it")
    walk.run()
    account._rules.clear()
    walk.renew()
    walk.run()
    assert (walk.steps[0].by, walk.steps[0].reply) == ("engineer", "spawn")
    walk.end()


def test_a_name_of_another_region_is_offered(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_regions, "SEARCH_S", 60.0)
    account.region = "us-east-1"
    for (name, version), answer in list(account.functions.items()):
        answer["Configuration"]["FunctionArn"] = account.arn(name, version)
    report = report_of(walked(tmp_path, region="eu-west-1"))
    (gap,) = [gap for gap in report["unread"] if "the name exists in" in gap["detail"]]
    assert "no function demo in eu-west-1" in gap["detail"]
    assert f"account {account.account_id}" in gap["detail"]
    assert gap["unblock"]["text"] == "ask there: `--region us-east-1`"
    assert report["caller"]["arn"] == account.principal
    assert report["diagnosis"]["status"] == "inconclusive"


def test_a_name_that_is_nowhere_and_a_qualifier_that_is_not_there(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_regions, "SEARCH_S", 60.0)
    walk = session.new(Target(function="nobody"), playbook.load(), within=tmp_path)
    walk.run()
    walk.end()
    assert any("nor in 16 other regions" in gap["detail"] for gap in report_of(walk)["unread"])
    report = report_of(walked(tmp_path, qualifier="live"))
    assert any("check --qualifier" in (gap["unblock"] or {}).get("text", "") for gap in report["unread"])


def test_a_function_that_changes_while_it_is_read_is_read_again_once(account: Account, tmp_path: Path) -> None:
    configuration = account.functions["demo", "$LATEST"]["Configuration"]

    def events(stand_in: Account, request: Any) -> Mapping[str, Any]:
        if configuration["Architectures"] == ["arm64"]:
            configuration.update(Architectures=["x86_64"], RevisionId="2", LastModified="2026-01-02T04:00:00.000+0000")
        return HANDLERS["logs", "FilterLogEvents"](stand_in, request)

    account.answer("logs", "FilterLogEvents", events)
    walk = walked(tmp_path)
    report = report_of(walk)
    (notice,) = report["notices"]
    assert "RevisionId 00000000-aaaa-bbbb-cccc-000000000000 → 2" in notice
    assert "read again" in notice
    assert report["diagnosis"]["causes"] == []
    assert account.operations.count("lambda:GetFunction") == 2
    assert "changed while it was read" in reports.render(report, "markdown")


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_function_that_changes_while_it_is_read_is_walked_again_and_the_answers_by_hand_stay(
    by_hand: bool, account: Account, tmp_path: Path
) -> None:
    configuration = account.functions["demo", "$LATEST"]["Configuration"]
    walk = session.new(Target(function="demo"), playbook.load(), within=tmp_path)
    walk.open()
    evaluation = walk.evaluate()
    while evaluation.node.ask:
        walk.reply(evaluation, evaluation.proposed or evaluation.node.unattended, by="engineer")
        evaluation = walk.evaluate()
    if by_hand:
        walk.reply(evaluation, "pass", by="engineer", note="seen in the console")
    while not walk.done:
        evaluation = walk.evaluate()
        walk.reply(evaluation, evaluation.proposed or evaluation.node.unattended)
    before = [(step.node.name, step.reply, step.by) for step in walk.steps]
    configuration.update(Architectures=["x86_64"], RevisionId="2", LastModified="2026-01-02T04:00:00.000+0000")
    walk.conclude()
    walk.end()
    after = [(step.node.name, step.reply, step.by) for step in walk.steps]
    assert [step for step in after if step[2] == "engineer"] == [step for step in before if step[2] == "engineer"]
    assert [f.verdict.message for f in walk.findings.values() if f.said] == ["seen in the console"] * by_hand
    assert walk.done
    assert by_hand or (before[-1][1] == "fail" and after[-1] != before[-1])
    assert all(f.outcome.value != "fail" for f in walk.findings.values())


def test_a_function_that_keeps_changing_is_read_twice_and_no_more(account: Account, tmp_path: Path) -> None:
    number = iter(range(100))

    def changing(stand_in: Account, request: Any) -> Mapping[str, Any]:
        answer = HANDLERS["lambda", "GetFunctionConfiguration"](stand_in, request)
        return {**answer, "RevisionId": str(next(number))}

    account.answer("lambda", "GetFunctionConfiguration", changing)
    report = report_of(walked(tmp_path))
    assert len(report["notices"]) == 2
    assert "once more" in report["notices"][1]
    assert account.operations.count("lambda:GetFunction") == 2


def test_one_time_told_twice_with_a_second_between_is_no_change(account: Account, tmp_path: Path) -> None:
    def later(stand_in: Account, request: Any) -> Mapping[str, Any]:
        answer = HANDLERS["lambda", "GetFunctionConfiguration"](stand_in, request)
        return {**answer, "LastModified": "2026-01-02T03:04:06.000+0000"}

    account.answer("lambda", "GetFunctionConfiguration", later)
    assert report_of(walked(tmp_path))["notices"] == []


def test_a_wrong_clock_is_said_with_the_seconds() -> None:
    aws = Aws(CallLog())
    for ahead, said in ((None, ""), (59, ""), (300, "300 s ahead of AWS's"), (-90, "90 s behind AWS's")):
        aws.clock_ahead_s = ahead
        assert said in steadiness.clock(aws)
        assert bool(said) == bool(steadiness.clock(aws))


def test_verify_waits_for_the_update_and_closes_with_proof(account: Account, tmp_path: Path) -> None:
    walk = walked(tmp_path)
    before = verification.last_causes(journal.read(path_of(walk)))
    configuration = account.functions["demo", "$LATEST"]["Configuration"]
    polls = iter(range(100))

    def updating(stand_in: Account, request: Any) -> Mapping[str, Any]:
        done = next(polls) >= 2
        configuration.update(
            Architectures=["x86_64" if done else "arm64"], LastUpdateStatus="Successful" if done else "InProgress"
        )
        return HANDLERS["lambda", "GetFunction"](stand_in, request)

    account.answer("lambda", "GetFunction", updating)
    said: list[str] = []
    again = session.resume(path_of(walk), playbook.load())
    result = again.verify(before, say=said.append)
    again.end("fixed")
    assert result.fixed is True
    assert len(said) == 2
    assert "in progress" in said[0]
    report = report_of(again)
    (proof,) = report["verifications"]
    assert "waited for the update" in proof["note"]
    assert [f["outcome"] for f in proof["after"]] == ["pass"]
    assert all(report["evidence"][e]["value"] for f in proof["after"] for e in f["evidence"])
    assert "waited for the update" in reports.render(report, "markdown")


def test_an_update_that_does_not_end_cannot_be_told(account: Account, tmp_path: Path) -> None:
    walk = walked(tmp_path)
    before = verification.last_causes(journal.read(path_of(walk)))
    account.functions["demo", "$LATEST"]["Configuration"]["LastUpdateStatus"] = "InProgress"
    result = verified(walk, before)
    assert result.fixed is None
    assert "still in progress" in result.note


def test_what_cannot_be_read_again_is_neither_fixed_nor_not(account: Account, tmp_path: Path) -> None:
    walk = walked(tmp_path)
    before = verification.last_causes(journal.read(path_of(walk)))
    account.deny("ecr")
    assert verified(walk, before).fixed is None
