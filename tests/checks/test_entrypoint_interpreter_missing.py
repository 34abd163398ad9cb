from __future__ import annotations

import pytest

from tests.launching import NO_TREE, Files, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_interpreter_missing import entrypoint_interpreter_missing as the_check
from troubleshooter.model import Outcome, Rung, Verdict


def verdict(content: str, files: Files | None = None) -> Verdict:
    made = {**custom_base(), "/entry.sh": program(content), **(files or {})}
    return launched(made, image=script_config()).ask(the_check)


def test_an_interpreter_that_is_not_there() -> None:
    found = verdict("#!/bin/zsh\n")
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.SPAWN
    assert "/bin/zsh" in found.message
    assert found.remediation
    assert "/bin/sh" in found.remediation.text


def test_the_same_program_elsewhere_is_pointed_out() -> None:
    found = verdict("#!/usr/bin/python3\n")
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/usr/local/bin/python3" in found.remediation.text


def test_through_env_the_start_succeeds() -> None:
    found = verdict("#!/usr/bin/env node\n")
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME
    assert "/usr/local/bin:/usr/bin:/bin" in found.message


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        pytest.param("#!/bin/bash\n", Outcome.PASS, id="there, by a linked folder"),
        pytest.param("#!/usr/bin/env python3\n", Outcome.PASS, id="env finds it"),
        pytest.param("#!/bin/sh\r\n", Outcome.NOT_APPLICABLE, id="carriage return"),
        pytest.param("#!/usr/bin/env python3\r\n", Outcome.NOT_APPLICABLE, id="carriage return through env"),
        pytest.param("exec x\n", Outcome.NOT_APPLICABLE, id="no first line"),
    ],
)
def test_look_alikes(content: str, outcome: Outcome) -> None:
    assert verdict(content).outcome is outcome


def test_an_image_without_a_shell_says_so() -> None:
    found = launched({"/entry.sh": program("#!/bin/sh\n")}, image=script_config(workdir="/")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "no shell at all" in found.remediation.text


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
