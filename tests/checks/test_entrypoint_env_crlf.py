from __future__ import annotations

import pytest

from tests.launching import NO_TREE, custom_base, launched, program, script_config
from troubleshooter.checks.runtime.entrypoint_env_crlf import entrypoint_env_crlf as the_check
from troubleshooter.model import Outcome, Verdict


def verdict(content: str) -> Verdict:
    return launched({**custom_base(), "/run.py": program(content)}, image=script_config("/run.py")).ask(the_check)


def test_env_is_asked_for_a_name_with_a_carriage_return() -> None:
    found = verdict("#!/usr/bin/env python3\r\nimport app\r\n")
    assert found.outcome is Outcome.FAIL
    assert r"python3\r" in found.message
    assert any(r"#!/usr/bin/env python3\r" in e.value for e in found.evidence)
    assert found.remediation
    assert "*.py text eol=lf" in found.remediation.text


@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        pytest.param("#!/usr/bin/env python3\n", Outcome.PASS, id="clean"),
        pytest.param("#!/usr/bin/env -S python3 -u\r\n", Outcome.PASS, id="-S splits at it"),
        pytest.param("#!/usr/bin/env node\n", Outcome.NOT_APPLICABLE, id="the program is missing"),
        pytest.param("#!/bin/sh\r\n", Outcome.NOT_APPLICABLE, id="directly: entrypoint_crlf"),
    ],
)
def test_look_alikes(content: str, outcome: Outcome) -> None:
    assert verdict(content).outcome is outcome


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
