from __future__ import annotations

import pytest

from tests.factories import variable
from tests.launching import NO_TREE, Files, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_relative_path import entrypoint_relative_path as the_check
from troubleshooter.model import Outcome, Verdict


def verdict(name: str, files: Files | None = None, path: str = "/usr/local/bin:/usr/bin:/bin") -> Verdict:
    image = script_config(name, environment=(variable("PATH", path),))
    return launched({**custom_base(), **(files or {})}, image=image).ask(the_check)


def test_a_bare_name_that_no_folder_of_path_holds() -> None:
    found = verdict("start.sh")
    assert found.outcome is Outcome.FAIL
    assert found.evidence[1].label == "PATH of the image"
    assert "/usr/local/bin:/usr/bin:/bin" in found.message


def test_the_absolute_path_is_named_where_the_program_lies_elsewhere() -> None:
    found = verdict("python", path="/opt/venv/bin")
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/usr/local/bin/python" in found.remediation.text
    beside = verdict("start.sh", {"/function/start.sh": program("#!/bin/sh\n")})
    assert beside.remediation
    assert "/function/start.sh" in beside.remediation.text


def test_a_relative_path() -> None:
    assert verdict("./bin/start").outcome is Outcome.FAIL
    assert verdict("./bin/start", {"/function/bin/start": program("#!/bin/sh\n")}).outcome is Outcome.PASS


@pytest.mark.parametrize("name", ["/usr/local/bin/python", "/gone", "python"])
def test_absolute_paths_and_names_that_resolve(name: str) -> None:
    assert verdict(name).outcome is Outcome.PASS


def test_without_a_path_variable_the_engines_default_counts() -> None:
    image = script_config("python", environment=())
    assert launched(custom_base(), image=image).ask(the_check).outcome is Outcome.PASS


def test_what_is_found_and_fails_otherwise_is_another_mode() -> None:
    broken = verdict("tool", {"/usr/bin/tool": program("#!/bin/zsh\n")})
    assert broken.outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
