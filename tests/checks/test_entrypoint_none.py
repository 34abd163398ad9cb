from __future__ import annotations

import pytest

from tests.factories import function_record
from tests.launching import (
    DENIED,
    NO_FUNCTION,
    NO_TREE,
    aws_base,
    custom_base,
    custom_config,
    launch_error,
    launch_errors,
    launched,
    program,
)
from troubleshooter.checks.spawn.entrypoint_none import entrypoint_none as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Origin, Outcome

NONE = custom_config(entrypoint=None)
SAID = launch_errors(launch_error("Couldn't find valid bootstrap(s): [app.handler]"))


def test_a_handler_is_executed_and_not_found() -> None:
    found = launched(custom_base(), image=NONE).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [e.label for e in found.evidence[:2]] == ["image ENTRYPOINT", "image CMD"]
    assert found.remediation
    assert "awslambdaric" in found.remediation.text


def test_nothing_at_all() -> None:
    found = launched(custom_base(), image=custom_config(entrypoint=(), command=())).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [e.value for e in found.evidence] == ["[]", "[]"]


def test_a_command_of_the_override_counts() -> None:
    function = function_record(override=ImageOverride(command=("other.handler",)))
    found = launched(custom_base(), function, custom_config(entrypoint=None, command=("python",))).ask(the_check)
    assert found.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "command",
    [("python", "-m", "server"), ("/usr/local/bin/python", "x"), ("/bin/sh", "-c", "exec python server.py")],
)
def test_a_command_that_is_a_program(command: tuple[str, ...]) -> None:
    assert (
        launched(custom_base(), image=custom_config(entrypoint=None, command=command)).ask(the_check).outcome
        is Outcome.PASS
    )


def test_a_program_that_fails_otherwise_is_another_mode() -> None:
    files = {**custom_base(), "/run.sh": program("#!/bin/sh\r\n")}
    found = launched(files, image=custom_config(entrypoint=None, command=("/run.sh",))).ask(the_check)
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_an_entrypoint_excludes_it_without_any_layer() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.PASS
    assert launched(aws_base(), NO_FUNCTION).ask(the_check).outcome is Outcome.PASS


def test_the_platforms_own_words_prove_it_without_the_image() -> None:
    found = launched(NO_TREE, image=DENIED, timeline=SAID).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].origin is Origin.PLATFORM_LOG


def test_other_words_do_not() -> None:
    named = launch_errors(launch_error("Couldn't find valid bootstrap(s): [/var/task/bootstrap]", entrypoint="/x"))
    assert launched(NO_TREE, image=DENIED, timeline=named).ask(the_check).outcome is Outcome.UNKNOWN
    assert launched(NO_TREE, image=DENIED).ask(the_check).outcome is Outcome.UNKNOWN
    assert launched(NO_TREE, image=NONE).ask(the_check).outcome is Outcome.UNKNOWN


def test_an_empty_list_in_the_override_is_another_mode() -> None:
    function = function_record(override=ImageOverride(entrypoint=()))
    assert launched(NO_TREE, function, DENIED, timeline=SAID).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_a_record_that_was_denied_leaves_it_open() -> None:
    assert launched(custom_base(), DENIED, NONE).ask(the_check).outcome is Outcome.UNKNOWN
