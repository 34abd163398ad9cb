"""Policies to ask for: of everything, of one playbook, for one function; and out of what was denied."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import aws_observed, demo_account
from tests.lab.aws import Account
from troubleshooter import cli, grants, permissions, playbook, reports, session
from troubleshooter.collectors.aws import operations
from troubleshooter.errors import UsageError
from troubleshooter.exit import ExitCode
from troubleshooter.model import Target


def statements(policy: Any) -> dict[str, tuple[list[str], Any]]:
    return {s["Sid"]: (s["Action"], s["Resource"]) for s in policy["Statement"]}


def test_everything_is_what_the_list_holds() -> None:
    assert permissions.actions() == {entry["action"] for entry in operations().values()}


def test_a_playbook_asks_less_than_everything_and_always_what_triage_reads() -> None:
    for name in playbook.load().by_name:
        asked = permissions.actions(name)
        assert {"lambda:GetFunction", "logs:FilterLogEvents"} <= asked <= permissions.actions()
    assert "lambda:ListFunctionUrlConfigs" not in permissions.actions("build")
    with pytest.raises(UsageError, match="no such playbook"):
        permissions.actions("spwan")


def test_resources_stand_in_statements_of_their_own() -> None:
    asked = ["lambda:GetFunction", "ecr:BatchGetImage", "ec2:DescribeSubnets", "sts:GetCallerIdentity"]
    got = statements(grants.for_actions(asked, {"partition": "aws", "region": "eu-west-1", "account": "1" * 12}))
    assert got["ReadEverything"] == (["ec2:DescribeSubnets"], "*")
    assert got["ReadFunction"] == (["lambda:GetFunction"], f"arn:aws:lambda:eu-west-1:{'1' * 12}:function:*")
    assert "sts" not in json.dumps(got)


def test_the_command_fills_in_what_is_known_of_the_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo_account.mismatch() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        assert cli.main(["permissions", "demo"]) == ExitCode.OK
        got = statements(json.loads(capsys.readouterr().out))
        where = f"{account.region}:{account.account_id}"
        assert got["ReadFunction"][1] == [account.arn("demo"), account.arn("demo") + ":*"]
        assert got["ReadRepository"][1] == f"arn:aws:ecr:{where}:repository/demo"
        assert got["ReadLogGroup"][1] == [f"arn:aws:logs:{where}:log-group:/aws/lambda/demo{end}" for end in ("", ":*")]
        account.deny("*")
        assert cli.main(["permissions", "demo", "--playbook", "spawn"]) == ExitCode.OK
        printed = capsys.readouterr()
        assert statements(json.loads(printed.out))["ReadFunction"][1][0].endswith(":function:demo")
        assert "some names stay open" in printed.err


def test_what_was_denied_becomes_one_policy_and_names_the_checks_it_blocks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    with demo_account.mismatch() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        aws_observed.metrics(account)
        account.deny("ecr", "BatchGetImage")
        account.deny("logs", "FilterLogEvents", explicit=True)
        report = _diagnosed(tmp_path)
        missing = report["missing_permissions"]
        by_action = {entry["action"]: entry for entry in missing["actions"]}
        repository = f"arn:aws:ecr:{account.region}:{account.account_id}:repository/demo"
        assert by_action["ecr:BatchGetImage"]["resource"] == repository
        assert "arch_image_function_mismatch" in by_action["ecr:BatchGetImage"]["checks"]
        assert by_action["logs:FilterLogEvents"]["lift"] == "an identity-based policy"
        assert statements(missing["policy"]) == {"Troubleshooter1": (["ecr:BatchGetImage"], repository)}
        text = reports.render(report, "markdown")
        assert '"ecr:BatchGetImage"' in text
        assert "have the deny of logs:FilterLogEvents" in text
        _validate(report)


@pytest.mark.parametrize(
    "kind",
    [
        "service control policy",
        "permissions boundary",
        "session policy",
        "resource-based policy",
        "VPC endpoint policy",
    ],
)
def test_what_another_policy_does_not_allow_is_told_apart(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    with demo_account.mismatch() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        aws_observed.metrics(account)
        account.deny("ecr", "BatchGetImage")
        arn = f"arn:aws:logs:{account.region}:{account.account_id}:log-group:/aws/lambda/demo:log-stream:"
        why = f"because no {kind} allows the logs:FilterLogEvents action"
        message = (
            f"User: {account.principal} is not authorized to perform: logs:FilterLogEvents on resource: {arn} {why}"
        )
        account.fail("logs", "FilterLogEvents", "AccessDeniedException", message)
        report = _diagnosed(tmp_path)
        missing = report["missing_permissions"]
        told = {entry["action"]: (entry["in_policy"], entry["lift"]) for entry in missing["actions"]}
        assert told == {"ecr:BatchGetImage": (True, None), "logs:FilterLogEvents": (False, None)}
        assert [s["Action"] for s in missing["policy"]["Statement"]] == [["ecr:BatchGetImage"]]
        text = reports.render(report, "markdown")
        assert "No policy beside the caller mends these" in text
        assert kind in text
        _validate(report)


def _validate(report: Any) -> None:
    import jsonschema

    jsonschema.validate(report, reports.schema())


def _diagnosed(tmp_path: Any) -> Any:
    walk = session.new(Target(function="demo"), playbook.load(), within=tmp_path)
    walk.run()
    walk.end()
    return reports.from_journal(walk.journal.records)


def test_nothing_denied_asks_for_nothing(aws_account: Account, tmp_path: Any) -> None:
    aws_account.add_function("demo")
    aws_observed.metrics(aws_account)
    assert _diagnosed(tmp_path)["missing_permissions"] == {"actions": [], "policy": None}
