from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.factories import SOURCE
from troubleshooter.collectors import source_requirements
from troubleshooter.collectors.source_requirements import source_manifests
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.redact import Secrets


def read(folder: Path, secrets: Secrets | None = None) -> SourceManifests:
    found = source_manifests(GivenSource(reading=SOURCE, path=folder), secrets or Secrets())
    assert isinstance(found, SourceManifests)
    return found


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_what_counts_and_what_does_not(tmp_path: Path) -> None:
    wanted = {
        "requirements.txt": "-r deps/inner.list\n-c pins.txt\n",
        "deps/inner.list": "six\n",
        "pins.txt": "six<2\n",
        "a/b/c/d/requirements-prod.txt": "",
        "requirements/base.txt": "",
        "package.json": "{}",
        ".npmrc": "",
        "Dockerfile.lambda": "FROM x",
    }
    others = {
        "app.py": "",
        "node_modules/x/package.json": "{}",
        ".venv/lib/requirements.txt": "",
        "a/b/c/d/e/requirements.txt": "",
        "bundle/thing-1.0.dist-info/METADATA": "",
        "bundle/thing/requirements.txt": "",
    }
    write(tmp_path, {**wanted, **others})
    found = read(tmp_path)
    assert set(found.files) == set(wanted)
    assert found.skipped == ()


def test_includes_do_not_leave_the_folder(tmp_path: Path) -> None:
    write(tmp_path, {"secret": "x", "src/requirements.txt": "-r ../secret\n-r /etc/hostname\n-r https://h.invalid/x\n"})
    assert set(read(tmp_path / "src").files) == {"requirements.txt"}


def test_caps_and_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "requirements.txt")
    write(tmp_path, {"package.json": "{}" + " " * 2000, "package-lock.json": "{}" + " " * 2000})
    (tmp_path / "requirements-gone.txt").symlink_to("nowhere")
    monkeypatch.setattr(source_requirements, "LARGEST", 1000)
    found = read(tmp_path)
    assert set(found.files) == {"package-lock.json"}
    assert len(found.skipped) == 3
    monkeypatch.setattr(source_requirements, "ENTRIES", 2)
    assert "2 entries" in read(tmp_path).skipped[-1]


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"out/requirements.txt": "six\n", "other/requirements.txt": "x"})
    (tmp_path / "other" / "up").symlink_to(tmp_path)
    assert set(read(tmp_path / "other").files) == {"requirements.txt"}


def test_encodings(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("requests==2\r\n".encode("utf-16"))
    (tmp_path / "requirements-b.txt").write_bytes(b"\xef\xbb\xbfsix\n")
    (tmp_path / "requirements-c.txt").write_bytes(b"\xff\x00")
    found = read(tmp_path).files
    assert found["requirements.txt"] == "requests==2\r\n"
    assert found["requirements-b.txt"] == "six\n"


def test_credentials_are_remembered_and_not_shown(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "--index-url https://user-canary:pass%2Fcanary@h.invalid/s\n",
        ".npmrc": "//h.invalid/:_authToken=token-canary\n//i.invalid/:_authToken=${TOKEN_NAME}\n",
    }
    write(tmp_path, files)
    secrets = Secrets()
    assert "canary" not in repr(read(tmp_path, secrets))
    for value in ("user-canary", "pass%2Fcanary", "pass/canary", "token-canary"):
        assert value not in secrets.redact(f"said {value} to")
    assert secrets.redact("said ${TOKEN_NAME} to") == "said ${TOKEN_NAME} to"


def test_no_folder(tmp_path: Path) -> None:
    found = source_manifests(GivenSource(reading=SOURCE, path=tmp_path / "gone"), Secrets())
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.MALFORMED
