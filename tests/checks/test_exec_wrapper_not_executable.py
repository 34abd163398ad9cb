from __future__ import annotations

import pytest

from tests.factories import function_record, variable
from tests.launching import NO_TREE, aws_base, launched, program
from troubleshooter.checks.runtime.exec_wrapper_not_executable import exec_wrapper_not_executable as the_check
from troubleshooter.model import Outcome

WRAPPED = function_record(environment=(variable("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap"),))


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [(0o644, Outcome.FAIL), (0o744, Outcome.FAIL), (0o755, Outcome.PASS), (0o555, Outcome.PASS)],
)
def test_the_execute_bit_for_others(mode: int, outcome: Outcome) -> None:
    found = launched({**aws_base(), "/opt/wrap": program("#!/bin/sh\n", mode)}, WRAPPED).ask(the_check)
    assert found.outcome is outcome
    assert found.evidence[1].value == f"file, mode {mode:04o}"


def test_the_fix_names_the_file() -> None:
    found = launched({**aws_base(), "/opt/wrap": program("#!/bin/sh\n", 0o644)}, WRAPPED).ask(the_check)
    assert found.remediation
    assert "chmod 755 /opt/wrap" in found.remediation.text


def test_no_file_is_another_mode() -> None:
    assert launched(aws_base(), WRAPPED).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert launched(aws_base()).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE, WRAPPED).ask(the_check).outcome is Outcome.UNKNOWN
