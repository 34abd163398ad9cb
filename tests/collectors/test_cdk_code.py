from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.factories import SOURCE
from troubleshooter.collectors import cdk_code as collector
from troubleshooter.collectors.cdk_code import cdk_code
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.template import CdkCode
from troubleshooter.model import Origin, Role, Subject

PYTHON = "from aws_cdk import aws_lambda\n"
SCRIPT = "import * as cdk from 'aws-cdk-lib';\n"


def read(folder: Path, role: Role = Role.PROPOSED) -> CdkCode | Unavailable:
    return cdk_code(GivenSource(reading=SOURCE, path=folder), Subject(role))


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def code(folder: Path) -> CdkCode:
    found = read(folder)
    assert isinstance(found, CdkCode)
    return found


def test_only_files_that_import_the_cdk_are_taken(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py=PYTHON, cdk__stack_dot_py=PYTHON, lib__a_dot_ts=SCRIPT, src__main_dot_py="import os\n")
    found = code(tmp_path)
    assert sorted(found.files) == ["app.py", "cdk/stack.py", "lib/a.ts"]
    assert found.files["app.py"] == PYTHON
    assert found.reading.origin is Origin.SOURCE


def test_tests_and_what_was_installed_or_built_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py=PYTHON, tests__a_dot_py=PYTHON, cdk__test_stack_dot_py=PYTHON, a_dot_test_dot_ts=SCRIPT)
    write(
        tmp_path,
        node_modules__x__a_dot_js=SCRIPT,
        cdk_dot_out__a_dot_js=SCRIPT,
        _dot_venv__a_dot_py=PYTHON,
        a_dot_d_dot_ts=SCRIPT,
    )
    assert sorted(code(tmp_path).files) == ["app.py"]


def test_a_folder_without_cdk_code(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py="print('aws-cdk')\n")
    found = read(tmp_path)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


def test_what_runs_is_not_the_source_folders(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py=PYTHON)
    assert isinstance(read(tmp_path, Role.DEPLOYED), Unavailable)


def test_no_folder(tmp_path: Path) -> None:
    found = read(tmp_path / "nothing")
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.MALFORMED


def test_hostile_entries_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, app_dot_py=PYTHON)
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "large.py").write_text(PYTHON + "#" * collector.LARGEST)
    (tmp_path / "dangling.py").symlink_to(tmp_path / "gone")
    found = code(tmp_path)
    assert list(found.files) == ["app.py"]
    assert found.skipped == ("dangling.py could not be read (FileNotFoundError)",)


def test_it_stops_at_its_caps_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a_dot_py=PYTHON, b_dot_py=PYTHON, c_dot_py=PYTHON)
    monkeypatch.setattr(collector, "FILES", 2)
    found = code(tmp_path)
    assert sorted(found.files) == ["a.py", "b.py"]
    assert found.skipped == ("c.py and what comes after it",)
