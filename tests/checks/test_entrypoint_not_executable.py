from __future__ import annotations

import pytest

from tests.analysis.elf_bytes import elf
from tests.launching import NO_TREE, Files, aws_base, custom_base, folder, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_not_executable import entrypoint_not_executable as the_check
from troubleshooter.model import Outcome, Rung, Verdict

SCRIPT = "#!/bin/sh\nexec python\n"


def verdict(files: Files) -> Verdict:
    return launched({**custom_base(), **files}, image=script_config()).ask(the_check)


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o744, 0o754, 0o774])
def test_others_may_not_execute_it(mode: int) -> None:
    found = verdict({"/entry.sh": program(SCRIPT, mode)})
    assert found.outcome is Outcome.FAIL
    assert f"{mode:04o}" in found.message
    assert found.remediation
    assert "chmod 755 /entry.sh" in found.remediation.text
    assert found.rung is Rung.SPAWN


@pytest.mark.parametrize("mode", [0o755, 0o555, 0o4755])
def test_others_may(mode: int) -> None:
    assert verdict({"/entry.sh": program(SCRIPT, mode)}).outcome is Outcome.PASS


def test_an_interpreter_and_a_loader_count_too() -> None:
    tool = verdict({"/entry.sh": program("#!/opt/tool\n"), "/opt/tool": program(elf(), 0o644)})
    assert tool.outcome is Outcome.FAIL
    assert "/opt/tool" in tool.message
    loader = verdict({"/entry.sh": program(elf(interpreter="/ld.so")), "/ld.so": program(elf(), 0o644)})
    assert loader.outcome is Outcome.FAIL


def test_what_the_entry_script_starts_bites_later() -> None:
    files = {**aws_base(), "/var/runtime/bootstrap": program("#!/bin/bash\n", 0o644)}
    found = launched(files).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


def test_look_alikes_are_others() -> None:
    assert verdict({"/entry.sh": folder()}).outcome is Outcome.NOT_APPLICABLE
    assert verdict({"/": folder(), "/entry.sh": program("x")}).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
