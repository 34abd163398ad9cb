from __future__ import annotations

import pytest

from tests.factories import SOURCE
from tests.launching import NO_TREE, aws_base, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_crlf import entrypoint_crlf as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import EntryScript
from troubleshooter.model import Outcome, Rung, Verdict


def verdict(content: str) -> Verdict:
    files = {**custom_base(), "/entry.sh": program(content), "/s2": program("#!/bin/sh\r\n")}
    return launched(files, image=script_config()).ask(the_check)


def test_a_carriage_return_after_the_interpreter() -> None:
    found = verdict("#!/bin/sh\r\nexec python\r\n")
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.SPAWN
    assert any(r"#!/bin/sh\r" in e.value for e in found.evidence)
    assert found.remediation
    assert "*.sh text eol=lf" in found.remediation.text
    assert "sed -i 's/\\r$//' /entry.sh" in found.remediation.text


def test_behind_another_script() -> None:
    found = verdict("#!/s2\n")
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/s2 Unix line ends" in found.remediation.text


def test_after_an_option_the_interpreter_starts() -> None:
    found = verdict("#!/bin/sh -e\r\n")
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


def test_in_the_bootstrap() -> None:
    found = launched({**aws_base(), "/var/runtime/bootstrap": program("#!/bin/bash\r\n")}).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        pytest.param("#!/bin/sh\nexec python\n", Outcome.PASS, id="clean"),
        pytest.param("#!/bin/sh\nexec python\r\n", Outcome.PASS, id="further down"),
        pytest.param("#!/bin/zsh\n", Outcome.NOT_APPLICABLE, id="interpreter really missing"),
        pytest.param("#!/usr/bin/env python3\r\n", Outcome.NOT_APPLICABLE, id="through env: entrypoint_env_crlf"),
        pytest.param("exec python\r\n", Outcome.NOT_APPLICABLE, id="no first line"),
    ],
)
def test_look_alikes(content: str, outcome: Outcome) -> None:
    assert verdict(content).outcome is outcome


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN


def of_source(first_line: str, *, rewritten: bool = False) -> Verdict:
    script = EntryScript(
        reading=SOURCE,
        path="/entry.sh",
        origin="bin/entry.sh",
        copied_at="Dockerfile:3",
        mode=0o755,
        first_line=first_line,
        mode_set=True,
        rewritten=rewritten,
    )
    gone = Unavailable(Reason.NOT_GIVEN, "no image was given")
    return the_check(gone, script, gone, gone, gone, gone)


def test_the_file_of_the_source_folder_where_no_image_was_built() -> None:
    found = of_source("#!/bin/sh\r")
    assert found.outcome is Outcome.FAIL
    assert [e.source for e in found.evidence] == ["bin/entry.sh:1", "Dockerfile:3"]
    assert found.remediation
    assert "entry.sh text eol=lf" in found.remediation.text


def test_a_step_that_may_convert_it_leaves_it_open() -> None:
    assert of_source("#!/bin/sh\r", rewritten=True).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("line", ["#!/bin/sh", "echo\r", "\x7fELF"])
def test_other_first_lines_of_the_source_pass(line: str) -> None:
    assert of_source(line).outcome is Outcome.PASS
