"""From a failing function to the report: what was changed, and the local image beside the deployed one, over real HTTP."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
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


def diagnosed(tmp_path: Path, image: str | None = None, *, deep: bool = False) -> Report:
    walk = session.new(Target(function="demo", image=image, deep=deep), playbook.load(), within=tmp_path)
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


def with_package(name: str, version: str) -> dict[str, images.Content]:
    return {f"/var/task/{name}-{version}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n"}


def test_what_the_image_before_held(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    old = images.image(with_package("requests", "2.31.0"), cmd=["app.old"])
    new = images.image(with_package("requests", "2.32.0") | with_package("extra", "1.0"), cmd=["app.handler"])
    account.add_image("demo", "old", old)
    uri = account.add_image("demo", "latest", new)
    where = uri.partition(":")[0]
    account.add_function("demo", image_uri=uri, Architectures=["arm64"])
    account.add_function("demo", image_uri=f"{where}@{old.digest}", version="7", Architectures=["arm64"])
    report = diagnosed(tmp_path / "a")
    told = {c["what"]: (c["before"], c["after"]) for c in report["changes"]}
    assert told["the image's CMD"] == ('["app.old"]', '["app.handler"]')
    assert not any("package" in what for what in told if what != "package type")
    assert any("--deep" in note for note in report["changes_notes"])
    assert "With --deep" in reports.render(report, "markdown")
    assert "With --deep" in reports.render(report, "html")
    assert len([c for c in account.calls if c.operation == "BatchGetImage"]) == 2
    deep = diagnosed(tmp_path / "b", deep=True)
    packages = {c["what"]: (c["before"], c["after"]) for c in deep["changes"] if "Python package" in c["what"]}
    assert packages == {
        "Python package requests has another version": ("2.31.0", "2.32.0"),
        "Python package extra added": (None, "1.0"),
    }
    assert deep["changes_notes"] == []
    account.assert_only_reads()


def test_what_the_package_before_held(account: Account, tmp_path: Path) -> None:
    old, new = (zipped(with_package("requests", version)) for version in ("2.31.0", "2.32.0"))
    account.add_function("demo", package=new, Architectures=["arm64"])
    account.add_function("demo", package=old, version="7", Architectures=["arm64"])
    assert not any("Python package" in c["what"] for c in diagnosed(tmp_path / "a")["changes"])
    report = diagnosed(tmp_path / "b", deep=True)
    told = {c["what"]: (c["before"], c["after"]) for c in report["changes"]}
    assert told["Python package requests has another version"] == ("2.31.0", "2.32.0")
    assert "X-Amz-Signature" not in reports.render(report, "json")


def zipped(files: dict[str, images.Content]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in files.items():
            archive.writestr(path.removeprefix("/var/task/"), str(text))
    return content.getvalue()


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
