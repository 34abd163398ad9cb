from __future__ import annotations

import json
import shlex

from tests.factories import AT, function_record, image_config
from tests.launching import (
    DENIED,
    NO_FUNCTION,
    NO_TREE,
    Launched,
    aws_base,
    custom_base,
    launched,
    program,
    script_config,
)
from troubleshooter.checks.spawn.entrypoint_override_wrong import entrypoint_override_wrong as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Origin, Outcome, Remediation


def overridden(*entrypoint: str, **members: object) -> Launched:
    override = ImageOverride(entrypoint=entrypoint, **members)  # type: ignore[arg-type]
    return launched(aws_base(), function_record(override=override), image_config(command=None))


def sent(fix: Remediation | None) -> dict[str, object]:
    """The ImageConfig of the fix's command."""
    assert fix
    words = shlex.split(fix.commands[0])
    document: dict[str, object] = json.loads(words[words.index("--image-config") + 1])
    return document


def test_the_handler_in_the_place_of_the_entrypoint_moves_to_command() -> None:
    found = overridden("app.handler").ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].label == "ImageConfig.EntryPoint"
    assert any(e.label == "image ENTRYPOINT" for e in found.evidence)
    assert sent(found.remediation) == {"Command": ["app.handler"]}


def test_the_other_members_are_sent_again() -> None:
    found = overridden("/gone", command=("app.handler",), workdir="/var/task").ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert sent(found.remediation) == {"Command": ["app.handler"], "WorkingDirectory": "/var/task"}


def test_alone_the_override_is_cleared() -> None:
    assert sent(overridden("/gone").ask(the_check).remediation) == {}


def test_an_override_that_starts() -> None:
    assert overridden("/lambda-entrypoint.sh", command=("app.handler",)).ask(the_check).outcome is Outcome.PASS


def test_an_image_that_does_not_start_either_is_at_fault_itself() -> None:
    function = function_record(override=ImageOverride(entrypoint=("/gone",)))
    found = launched(custom_base(), function, script_config("/gone-too")).ask(the_check)
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_a_broken_program_that_the_override_names_rightly_has_its_own_mode() -> None:
    function = function_record(override=ImageOverride(entrypoint=("/entry.sh",)))
    for content, mode in (("#!/bin/sh\r\n", 0o755), ("exec x\n", 0o755), ("#!/bin/sh\n", 0o644)):
        files = {**aws_base(), "/entry.sh": program(content, mode)}
        assert launched(files, function).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_an_override_there_is_nothing_to_ask() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert launched(aws_base(), NO_FUNCTION).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    command = function_record(override=ImageOverride(command=("app.handler",)))
    assert launched(aws_base(), command).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_what_cannot_be_read_is_not_judged() -> None:
    assert launched(aws_base(), DENIED).ask(the_check).outcome is Outcome.UNKNOWN
    function = function_record(override=ImageOverride(entrypoint=("/gone",)))
    assert launched(NO_TREE, function).ask(the_check).outcome is Outcome.UNKNOWN


def test_a_template_gets_no_commands_for_a_function_that_is_not_there_yet() -> None:
    function = function_record(
        reading=Reading("template.yaml", Origin.TEMPLATE, AT), arn=None, override=ImageOverride(entrypoint=("/gone",))
    )
    found = launched(aws_base(), function).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert found.remediation.commands == ()
