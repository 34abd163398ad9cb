from __future__ import annotations

import json
import shlex

from tests.factories import function_record, image_config, variable
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, aws_base, custom_base, custom_config, launched, program
from troubleshooter.checks.runtime.cmd_missing import cmd_missing as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Outcome

NO_CMD = image_config(command=None)


def test_no_handler_anywhere() -> None:
    found = launched(aws_base(), image=NO_CMD).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [e.label for e in found.evidence] == ["image ENTRYPOINT", "image CMD", "entry script"]
    assert found.evidence[2].source == "image /lambda-entrypoint.sh:2"


def test_the_only_handler_of_the_image_fills_the_command_in() -> None:
    found = launched(aws_base(), image=NO_CMD).ask(the_check)
    assert found.remediation
    words = shlex.split(found.remediation.commands[-1])
    assert json.loads(words[words.index("--image-config") + 1]) == {"Command": ["app.handler"]}
    two = launched({**aws_base(), "/var/task/b.py": "def handler(e, c): ...\n"}, image=NO_CMD).ask(the_check)
    assert two.remediation
    assert not any("--image-config" in c for c in two.remediation.commands)


def test_before_deployment() -> None:
    found = launched(aws_base(), NO_FUNCTION, NO_CMD).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert not any(c.startswith("aws") for c in found.remediation.commands)


def test_without_layers_an_aws_base_is_known_by_its_marks() -> None:
    marked = image_config(command=None, environment=(variable("LAMBDA_RUNTIME_DIR", "/var/runtime"),))
    assert launched(NO_TREE, image=marked).ask(the_check).outcome is Outcome.FAIL
    assert launched(NO_TREE, image=image_config(command=None, environment=())).ask(the_check).outcome is Outcome.UNKNOWN


def test_a_handler_from_any_side() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.PASS
    for override in (
        ImageOverride(command=("app.handler",)),
        ImageOverride(entrypoint=("/lambda-entrypoint.sh", "app.handler")),
    ):
        assert launched(aws_base(), function_record(override=override), NO_CMD).ask(the_check).outcome is Outcome.PASS


def test_other_entrypoints_may_need_none() -> None:
    assert launched(custom_base(), image=custom_config(command=None)).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    own = {**aws_base(), "/lambda-entrypoint.sh": program("#!/bin/sh\nexec python -m awslambdaric app.handler\n")}
    assert launched(own, image=NO_CMD).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert launched(NO_TREE, image=custom_config(command=None)).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_a_record_that_was_denied_may_hold_the_command() -> None:
    assert launched(aws_base(), DENIED, NO_CMD).ask(the_check).outcome is Outcome.UNKNOWN
