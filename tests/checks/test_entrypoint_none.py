from __future__ import annotations

import pytest

from tests.factories import SOURCE, function_record
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
from troubleshooter.analysis.dockerfile.image import image_of_recipe, image_recipe
from troubleshooter.checks.spawn.entrypoint_none import entrypoint_none as the_check
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Origin, Outcome, Role, Subject, Verdict
from troubleshooter.redact import Secrets

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


SLIM = "FROM python:3.12-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"


def built(dockerfile: str, function: FunctionRecord | None = None, requirements: str = "requests==2.32.3\n") -> Verdict:
    manifests = SourceManifests(
        reading=SOURCE, root="/p", files={"Dockerfile": dockerfile, "requirements.txt": requirements}
    )
    recipe = image_recipe(manifests, DENIED, Secrets(b"salt"), Subject(Role.PROPOSED))
    assert isinstance(recipe, ImageRecipe)
    image = image_of_recipe(recipe, DENIED, function or NO_FUNCTION, DENIED)
    return launched(NO_TREE, function or NO_FUNCTION, image, recipe=recipe).ask(the_check)


def test_a_dockerfile_without_a_client_whose_command_is_a_handler() -> None:
    found = built(SLIM + 'CMD ["app.handler"]\n')
    assert found.outcome is Outcome.FAIL
    assert [(e.value, e.source) for e in found.evidence] == [
        ("python:3.12-slim", "Dockerfile:1"),
        ('["app.handler"]', "Dockerfile:4"),
    ]


@pytest.mark.parametrize(
    "dockerfile",
    [
        SLIM + "RUN pip install awslambdaric\n",
        SLIM + "COPY --from=public.ecr.aws/awsguru/aws-lambda-adapter:0.9.1 /lambda-adapter /opt/extensions/\n",
        SLIM + "COPY --from=registry.example.com/base:1 /opt /opt\n",
    ],
)
def test_a_client_that_may_be_in_it_is_started_by_what_is_not_told(dockerfile: str) -> None:
    found = built(dockerfile + 'CMD ["app.handler"]\n')
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


def test_a_client_among_the_requirements() -> None:
    assert built(SLIM + 'CMD ["app.handler"]\n', requirements="awslambdaric\n").outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("command", ['["python", "app.py"]', '["gunicorn", "app:app"]', '["run.sh"]', "app.handler"])
def test_other_commands_of_a_dockerfile_prove_nothing(command: str) -> None:
    assert built(f"{SLIM}CMD {command}\n").outcome is not Outcome.FAIL


def test_a_function_that_sets_the_entrypoint() -> None:
    function = function_record(override=ImageOverride(entrypoint=("/usr/local/bin/python", "-m", "awslambdaric")))
    assert built(SLIM + 'CMD ["app.handler"]\n', function).outcome is Outcome.PASS


def test_a_base_that_is_not_known() -> None:
    assert built('FROM company/base:1\nCMD ["app.handler"]\n').outcome is not Outcome.FAIL
