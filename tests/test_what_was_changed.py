"""From a failing function to the report: what was changed, and the local image beside the deployed one, over real HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from tests.lab import demo_account, images
from tests.lab.aws import Account
from tests.lab.aws_observed import metrics, trail
from troubleshooter import playbook, reports, session
from troubleshooter.model import Target
from troubleshooter.reports import Report

NOW = dt.datetime.now(dt.UTC)
WHO = {
    "userIdentity": {"arn": "arn:aws:iam::123456789012:user/someone"},
    "requestParameters": {"architectures": ["arm64"]},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Function `demo` fails since an hour; it was changed an hour and a half ago, and there is a version from before."""
    with demo_account.mismatch() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        uri = next(f["Code"]["ImageUri"] for f in made.functions.values())
        changed = (NOW - dt.timedelta(hours=1.5)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        made.add_function("demo", image_uri=uri, Architectures=["arm64"], LastModified=changed)
        made.add_function("demo", image_uri=uri, version="7", Timeout=60)
        trail(
            made, ("UpdateFunctionConfiguration20150331v2", 1.5, "demo", WHO), ("UpdateAlias20150331", 30, "demo", WHO)
        )
        yield made


def diagnosed(tmp_path: Path, image: str | None = None) -> Report:
    walk = session.new(Target(function="demo", image=image), playbook.load(), within=tmp_path)
    walk.run()
    walk.end()
    report = reports.from_journal(walk.journal.records)
    jsonschema.validate(report, reports.schema())
    return report


def test_changes_are_leads_beside_the_proof(account: Account, tmp_path: Path) -> None:
    report = diagnosed(tmp_path)
    assert report["diagnosis"]["causes"] == ["arch_image_function_mismatch"]
    told = {c["what"]: (c["before"], c["after"], c["by"]) for c in report["changes"]}
    assert told["architecture"] == ("x86_64", "arm64", None)
    assert told["timeout in seconds"] == ("60", "30", None)
    assert told["configuration updated (demo)"][2] == "arn:aws:iam::123456789012:user/someone"
    assert [c["what"] for c in report["changes"][-2:]] == [
        "alias moved (demo)",
        "image pushed under the tag latest of demo",
    ]
    assert report["changes_complete"]
    text = reports.render(report, "markdown")
    assert "Leads, not causes" in text
    account.assert_only_reads()


def test_a_healthy_function_is_not_asked_for_its_past(account: Account, tmp_path: Path) -> None:
    account.groups.clear()
    account.log(
        "/aws/lambda/demo",
        "START RequestId: 1 Version: $LATEST",
        "END RequestId: 1",
        "REPORT RequestId: 1\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 512 MB\tMax Memory Used: 88 MB",
    )
    report = diagnosed(tmp_path)
    assert report["changes"] == []
    asked = set(account.operations)
    assert not asked & {"cloudtrail:LookupEvents", "cloudwatch:GetMetricData", "lambda:ListVersionsByFunction"}


def test_how_often_and_since_when(account: Account, tmp_path: Path) -> None:
    metrics(account, Invocations=[5, 5, 6], Errors=[5, 5, 6])
    report = diagnosed(tmp_path)
    shown = [report["evidence"][e] for e in report["symptom"]["evidence"]]
    assert any(e["label"] == "how often" and e["value"].startswith("16 of 16 invocations failed") for e in shown)


def test_a_local_image_is_held_against_the_deployed_one(account: Account, tmp_path: Path) -> None:
    same, other = tmp_path / "same.tar", tmp_path / "other.tar"
    same.write_bytes(demo_account.amd64_image().oci_archive())
    other.write_bytes(images.image({"/var/task/app.py": "other"}, cmd=["app.main"]).oci_archive())
    assert diagnosed(tmp_path / "a", image=f"oci-archive:{same}")["image_comparison"]["relation"] == "same"
    compared = diagnosed(tmp_path / "b", image=f"oci-archive:{other}")["image_comparison"]
    assert compared["relation"] == "different"
    assert ["command", '["app.main"]', '["app.handler"]'] in compared["members"]
    assert compared["layers"][0] == 0
