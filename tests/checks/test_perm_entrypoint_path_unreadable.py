from __future__ import annotations

from tests.analysis.elf_bytes import elf
from tests.launching import NO_TREE, Files, custom_base, custom_config, folder, launched, link, program, script_config
from troubleshooter.checks.spawn.perm_entrypoint_path_unreadable import perm_entrypoint_path_unreadable as the_check
from troubleshooter.model import Outcome, Rung, Verdict


def verdict(name: str, files: Files | None = None) -> Verdict:
    return launched({**custom_base(), **(files or {})}, image=script_config(name)).ask(the_check)


PYENV = "/root/.pyenv/versions/3.12.1/bin/python"


def test_below_roots_home() -> None:
    found = verdict(PYENV, {PYENV: program(elf())})
    assert found.outcome is Outcome.FAIL
    assert "/root (mode 0700)" in found.message
    assert found.rung is Rung.SPAWN
    assert any(e.value == "directory, mode 0700" for e in found.evidence)


def test_behind_a_link_and_behind_a_first_line() -> None:
    assert verdict("/usr/bin/py", {"/usr/bin/py": link(PYENV), PYENV: program(elf())}).outcome is Outcome.FAIL
    assert verdict("/entry.sh", {"/entry.sh": program(f"#!{PYENV}\n"), PYENV: program(elf())}).outcome is Outcome.FAIL


def test_a_closed_working_directory_is_an_open_question() -> None:
    files = {**custom_base(), "/srv": folder(0o750), "/srv/app/x": "x"}
    for workdir in ("/srv", "/srv/app"):
        found = launched(files, image=custom_config(workdir=workdir)).ask(the_check)
        assert found.outcome is Outcome.UNKNOWN
        assert found.unblock
        assert found.evidence[0].source == "image /srv"
    relative = launched({**files, "/srv/run": program(elf())}, image=script_config("./run", workdir="/srv")).ask(
        the_check
    )
    assert relative.outcome is Outcome.FAIL


def test_a_script_that_may_be_executed_but_not_read() -> None:
    found = verdict("/entry.sh", {"/entry.sh": program("#!/bin/sh\n", 0o711)})
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


def test_open_folders_and_unreadable_programs_are_fine() -> None:
    assert verdict("/opt/x", {"/opt": folder(0o711), "/opt/x": program(elf())}).outcome is Outcome.PASS
    assert verdict("/opt/x", {"/opt/x": program(elf(), 0o711)}).outcome is Outcome.PASS


def test_the_files_own_mode_is_another_mode() -> None:
    assert verdict("/opt/x", {"/opt/x": program(elf(), 0o700)}).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
