from __future__ import annotations

import pytest

from tests.factories import function_record, image_config, variable
from tests.launching import NO_FUNCTION, NO_TREE, aws_base, custom_base, custom_config, folder, launched, program
from troubleshooter.checks.runtime.exec_wrapper_missing import exec_wrapper_missing as the_check
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord
from troubleshooter.model import Origin, Outcome

NAME = "AWS_LAMBDA_EXEC_WRAPPER"


def wrapped(path: str, *more: str) -> FunctionRecord:
    return function_record(environment=(variable(NAME, path), *(variable(name, "x") for name in more)))


def test_a_wrapper_that_came_with_a_layer() -> None:
    found = launched(aws_base(), wrapped("/opt/otel-instrument")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [(e.value, e.origin) for e in found.evidence] == [
        ("/opt/otel-instrument", Origin.RECORD),
        ("nothing there", Origin.IMAGE),
    ]
    assert found.remediation
    assert "--environment" in found.remediation.commands[0]


def test_other_variables_are_not_thrown_away_by_the_fix() -> None:
    found = launched(aws_base(), wrapped("/opt/otel-instrument", "TABLE")).ask(the_check)
    assert found.remediation
    assert found.remediation.commands == ()
    assert "replaces all variables" in found.remediation.text


def test_set_in_the_image() -> None:
    image = image_config(environment=(variable(NAME, "/opt/gone"),))
    found = launched(aws_base(), NO_FUNCTION, image).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert found.remediation.commands[0].startswith("docker")


def test_a_folder_is_no_wrapper() -> None:
    assert launched({**aws_base(), "/opt/w": folder()}, wrapped("/opt/w")).ask(the_check).outcome is Outcome.FAIL


def test_a_wrapper_that_is_there() -> None:
    files = {**aws_base(), "/opt/w": program("#!/bin/sh\n", 0o644)}
    assert launched(files, wrapped("/opt/w")).ask(the_check).outcome is Outcome.PASS


@pytest.mark.parametrize("path", ["", None])
def test_a_variable_that_is_not_set(path: str | None) -> None:
    function = wrapped(path) if path is not None else None
    assert launched(aws_base(), function).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_launches_that_do_not_read_it() -> None:
    assert launched(custom_base(), wrapped("/gone"), custom_config()).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    without = {path: entry for path, entry in aws_base().items() if path != "/var/runtime/bootstrap"}
    assert launched(without, wrapped("/gone")).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE, wrapped("/gone")).ask(the_check).outcome is Outcome.UNKNOWN


def test_a_templates_expression_decides_nothing() -> None:
    function = function_record(environment=(EnvironmentVariable(NAME, 4, "expression", "0"),))
    assert launched(aws_base(), function).ask(the_check).outcome is Outcome.UNKNOWN
