from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.factories import SOURCE
from troubleshooter.collectors import source_folder
from troubleshooter.collectors.source_folder import code_of_source
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.tree import Kind
from troubleshooter.model import Origin, Role, Subject

PROPOSED = Subject(Role.PROPOSED)


def read(folder: Path) -> CodeTree:
    code = code_of_source(GivenSource(reading=SOURCE, path=folder), PROPOSED)
    assert isinstance(code, CodeTree)
    return code


def test_files_modes_and_content(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/app.py").write_text("x = 1\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    code = read(tmp_path)
    assert (code.kind, code.root, code.reading.origin) == ("source", "/", Origin.SOURCE)
    assert code.tree.children("/") == ["pkg", "run.sh"]
    assert code.tree.text("/pkg/app.py") == "x = 1\n"
    entry = code.tree.entry("/run.sh")
    assert entry
    assert (entry.mode, entry.head) == (0o755, b"#!/bin/sh\n")


def test_what_is_no_source_is_left_out(tmp_path: Path) -> None:
    for name in (".git", "node_modules", ".venv", "cdk.out", "__pycache__", "src"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text("")
    assert list(read(tmp_path).tree) == ["/src", "/src/x.py"]


def test_links_are_not_followed_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("secret")
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "out.py").symlink_to(tmp_path / "secret.py")
    (folder / "up").symlink_to(tmp_path)
    (folder / "in.py").symlink_to("real.py")
    (folder / "real.py").write_text("real")
    tree = read(folder).tree
    assert tree.text("/out.py") is None
    assert tree.text("/up/secret.py") is None
    assert tree.text("/in.py") == "real"
    os.mkfifo(folder / "pipe")
    pipe = read(folder).tree.entry("/pipe")
    assert pipe
    assert pipe.kind is Kind.OTHER


def test_caps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(5):
        (tmp_path / f"{i}.py").write_text("x" * 100)
    monkeypatch.setattr(source_folder, "MAX_FILE", 50)
    assert read(tmp_path).tree.read("/0.py") is None
    monkeypatch.setattr(source_folder, "MAX_FILES", 3)
    code = code_of_source(GivenSource(reading=SOURCE, path=tmp_path), PROPOSED)
    assert isinstance(code, Unavailable)
    assert code.reason is Reason.TOO_BIG


def test_it_is_only_what_is_proposed(tmp_path: Path) -> None:
    code = code_of_source(GivenSource(reading=SOURCE, path=tmp_path), Subject(Role.DEPLOYED))
    assert isinstance(code, Unavailable)
    assert not code.applies
