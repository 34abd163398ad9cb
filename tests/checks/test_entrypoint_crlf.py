from __future__ import annotations

import pytest

from tests.launching import NO_TREE, aws_base, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_crlf import entrypoint_crlf as the_check
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
