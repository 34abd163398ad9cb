"""With half the permissions, a broken network or nonsense for answers: the rest goes on, and the gap is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import demo_account, images
from tests.lab.aws import Account
from troubleshooter import playbook, reports, session
from troubleshooter.collectors.aws import operations
from troubleshooter.model import Outcome, Status, Target
from troubleshooter.reports import Report

CAUSE = "arch_image_function_mismatch"
NEEDED = {("lambda", "GetFunction"), ("ecr", "BatchGetImage"), ("ecr", "GetDownloadUrlForLayer")}
"""Calls without which the mismatch cannot be proven."""
USED = NEEDED | {("logs", "FilterLogEvents"), ("sts", "GetCallerIdentity")}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> object:
    with demo_account.mismatch() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def diagnosed(tmp_path: Path, target: Target | None = None) -> tuple[Report, session.Session]:
    walk = session.new(target or Target(function="demo"), playbook.load(), within=tmp_path)
    walk.run()
    walk.end()
    return reports.from_journal(walk.journal.records), walk


@pytest.mark.parametrize(("service", "operation"), sorted(operations()))
def test_each_denied_call_is_told_with_the_action_to_allow(
    service: str, operation: str, account: Account, tmp_path: Path
) -> None:
    account.deny(service, operation)
    report, walk = diagnosed(tmp_path)
    status = report["diagnosis"]["status"]
    if (service, operation) in NEEDED:
        assert status in ("suspected", "inconclusive")
        assert report["diagnosis"]["causes"] == []
    else:
        assert report["diagnosis"]["causes"] == [CAUSE]
    if (service, operation) in USED:
        actions = [gap["unblock"]["action"] for gap in report["unread"] if gap["unblock"]]
        assert operations()[service, operation]["action"] in actions
    assert not any(f.verdict.our_fault for f in walk.findings.values())
    account.assert_only_reads()


BROKEN = {
    "403 from something that is not AWS": (403, "text/html", b"<html>forbidden</html>"),
    "a captive portal": (200, "text/html", b"<html>please log in</html>"),
    "nothing": (200, "application/json", b""),
    "half an answer": (200, "application/json", b'{"Configuration": {"Func'),
    "another shape": (200, "application/json", b"[]"),
    "keys are missing": (200, "application/json", b"{}"),
    "not UTF-8": (200, "application/json", b'{"Configuration": "\xff\xfe"}'),
    "deep JSON": (200, "application/json", b"[" * 100_000),
    "wrong types": (
        200,
        "application/json",
        b'{"Configuration": 7, "Code": [], "images": {}, "events": 3, "downloadUrl": 1}',
    ),
    "a server's error page": (503, "text/html", b"<html>unavailable</html>"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize(("service", "operation"), sorted(USED))
def test_no_verdict_comes_from_a_broken_answer(
    service: str, operation: str, body: tuple[int, str, bytes], account: Account, tmp_path: Path
) -> None:
    status, kind, content = body
    account.reply_raw(service, operation, content, status=status, kind=kind)
    report, walk = diagnosed(tmp_path)
    if (service, operation) in NEEDED:
        assert report["diagnosis"]["causes"] == []
        assert report["unread"]
    else:
        assert report["diagnosis"]["causes"] == [CAUSE]
    assert not any(f.verdict.our_fault for f in walk.findings.values()), [
        f.verdict.message for f in walk.findings.values() if f.verdict.our_fault
    ]


def test_a_function_that_does_not_exist_is_said_to_be_absent(account: Account, tmp_path: Path) -> None:
    report, walk = diagnosed(tmp_path, Target(function="no-such-function"))
    assert report["diagnosis"]["status"] == "inconclusive"
    assert any(gap["reason"] == "absent" for gap in report["unread"])
    assert not walk.blind


def test_without_logs_the_mismatch_is_still_proven(account: Account, tmp_path: Path) -> None:
    account.groups.clear()
    report, _ = diagnosed(tmp_path)
    assert report["diagnosis"]["causes"] == [CAUSE]


def test_a_local_image_of_the_same_digest_stands_in_for_a_registry_that_refuses(
    account: Account, tmp_path: Path
) -> None:
    account.deny("ecr", "BatchGetImage")
    same = demo_account.amd64_image()
    (tmp_path / "image.tar").write_bytes(same.oci_archive())
    report, _ = diagnosed(tmp_path, Target(function="demo", image=f"oci-archive:{tmp_path / 'image.tar'}"))
    assert report["diagnosis"]["causes"] == [CAUSE]
    assert report["subjects"] == ["deployed"]


def test_another_local_image_is_never_blamed_for_what_runs(account: Account, tmp_path: Path) -> None:
    account.deny("ecr", "BatchGetImage")
    other = images.image({"/var/task/app.py": "x = 1\n"})
    (tmp_path / "image.tar").write_bytes(other.oci_archive())
    report, walk = diagnosed(tmp_path, Target(function="demo", image=f"oci-archive:{tmp_path / 'image.tar'}"))
    assert report["diagnosis"]["causes"] == []
    assert report["diagnosis"]["status"] == Status.SUSPECTED
    assert report["subjects"] == ["deployed", "proposed"]
    proposed = [f for f in walk.findings.values() if f.check == CAUSE and str(f.subject) == "proposed"]
    assert [f.outcome for f in proposed] == [Outcome.FAIL]
