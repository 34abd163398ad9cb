from __future__ import annotations

import pytest

from tests.factories import function_record, image_config
from tests.launching import NO_TREE, aws_base, custom_base, custom_config, launched
from troubleshooter.checks.runtime.cmd_shell_form import cmd_shell_form as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Outcome


@pytest.mark.parametrize("text", ["app.handler", "['app.handler']", "exec app.handler"])
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_shells_command_line_for_the_entry_script(shell: str, text: str) -> None:
    found = launched(aws_base(), image=image_config(command=(shell, "-c", text))).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert text in found.evidence[1].value


def test_the_handler_that_was_meant_goes_into_the_fix() -> None:
    for text in ("app.handler", "['app.handler']"):
        found = launched(aws_base(), image=image_config(command=("/bin/sh", "-c", text))).ask(the_check)
        assert found.remediation
        assert 'CMD ["app.handler"]' in found.remediation.text
        assert "app.handler" in found.remediation.commands[-1]


def test_in_the_override() -> None:
    function = function_record(override=ImageOverride(command=("/bin/sh", "-c", "app.handler")))
    found = launched(aws_base(), function).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert [c.split()[2] for c in found.remediation.commands] == ["update-function-configuration"]


def test_an_entrypoint_in_shell_form_drops_the_command() -> None:
    found = launched(aws_base(), image=image_config(entrypoint=("/bin/sh", "-c", "/lambda-entrypoint.sh"))).ask(
        the_check
    )
    assert found.outcome is Outcome.FAIL
    assert "CMD is dropped" in found.message
    whole = image_config(entrypoint=("/bin/sh", "-c", "exec /lambda-entrypoint.sh app.handler"))
    assert launched(aws_base(), image=whole).ask(the_check).outcome is Outcome.PASS


def test_json_form() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.PASS
    assert launched(aws_base(), image=image_config(command=("a", "b"))).ask(the_check).outcome is Outcome.PASS


def test_on_other_bases_a_shell_is_fine() -> None:
    shell = custom_config(entrypoint=None, command=("/bin/sh", "-c", "python server.py"))
    assert launched(custom_base(), image=shell).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    unbalanced = custom_config(entrypoint=("/bin/sh", "-c", "echo 'x"), command=None)
    assert launched(custom_base(), image=unbalanced).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_layers_the_marks_of_the_base_decide() -> None:
    image = image_config(command=("/bin/sh", "-c", "app.handler"))
    assert launched(NO_TREE, image=image).ask(the_check).outcome is Outcome.FAIL
