from __future__ import annotations

import json
import shlex

import pytest

from tests.factories import function_record, image_config
from tests.launching import NO_TREE, aws_base, custom_base, custom_config, launched
from troubleshooter.checks.runtime.cmd_multiple_args import cmd_multiple_args as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Outcome


def test_a_servers_command_line() -> None:
    found = launched(aws_base(), image=image_config(command=("python", "-m", "backend.main"))).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert "3 arguments" in found.message
    assert found.remediation
    assert '["python", "-m", "backend.main"]' in found.remediation.text
    assert not any("--image-config" in c for c in found.remediation.commands)


def test_a_handler_among_the_words_goes_into_the_fix() -> None:
    function = function_record(override=ImageOverride(command=("python", "app.handler")))
    found = launched(aws_base(), function).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    words = shlex.split(found.remediation.commands[0])
    assert json.loads(words[words.index("--image-config") + 1]) == {"Command": ["app.handler"]}


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        pytest.param(("app.handler",), Outcome.PASS, id="one"),
        pytest.param(None, Outcome.PASS, id="none: cmd_missing"),
        pytest.param(("/bin/sh", "-c", "app.handler"), Outcome.PASS, id="shell form: cmd_shell_form"),
        pytest.param(("app.handler", ""), Outcome.FAIL, id="an empty second one"),
    ],
)
def test_look_alikes(command: tuple[str, ...] | None, outcome: Outcome) -> None:
    assert launched(aws_base(), image=image_config(command=command)).ask(the_check).outcome is outcome


def test_other_entrypoints_take_what_they_are_given() -> None:
    image = custom_config(command=("app.handler", "--verbose"))
    assert launched(custom_base(), image=image).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_the_marks_of_the_base_decide() -> None:
    assert launched(NO_TREE, image=image_config(command=("python", "app.py"))).ask(the_check).outcome is Outcome.FAIL
