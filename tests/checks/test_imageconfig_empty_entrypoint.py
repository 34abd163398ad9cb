from __future__ import annotations

import json
import shlex

import pytest

from tests.factories import AT, function_record, image_config
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, launch_error, launch_errors, launched
from troubleshooter.checks.spawn.imageconfig_empty_entrypoint import imageconfig_empty_entrypoint as the_check
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Origin, Outcome

EMPTY = function_record(override=ImageOverride(entrypoint=(), command=("app.handler",), workdir="/var/task"))
SAID = launch_errors(launch_error("Couldn't find valid bootstrap(s): [app.handler]"))


@pytest.mark.parametrize("image", [None, DENIED])
def test_the_record_and_the_platforms_line_prove_it(image: Unavailable | None) -> None:
    found = launched(NO_TREE, EMPTY, image, timeline=SAID).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [e.origin for e in found.evidence] == [Origin.RECORD, Origin.PLATFORM_LOG]
    assert found.remediation
    words = shlex.split(found.remediation.commands[0])
    document = json.loads(words[words.index("--image-config") + 1])
    assert document == {"Command": ["app.handler"], "WorkingDirectory": "/var/task"}


def test_an_empty_list_that_falls_back_is_harmless() -> None:
    started = launch_errors(launch_error("ProcessSpawnFailed", entrypoint="/lambda-entrypoint.sh"))
    assert launched(NO_TREE, EMPTY, timeline=started).ask(the_check).outcome is Outcome.PASS
    assert launched(NO_TREE, EMPTY, timeline=launch_errors()).ask(the_check).outcome is Outcome.PASS
    assert launched(NO_TREE, EMPTY).ask(the_check).outcome is Outcome.PASS


def test_without_the_log_an_empty_list_decides_nothing() -> None:
    found = the_check(EMPTY, image_config(), DENIED)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


def test_a_template_may_carry_an_empty_list() -> None:
    function = function_record(
        reading=Reading("template.yaml", Origin.TEMPLATE, AT), override=ImageOverride(entrypoint=())
    )
    assert the_check(function, DENIED, DENIED).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "override",
    [
        ImageOverride(),
        ImageOverride(command=("app.handler",)),
        ImageOverride(workdir="/var/task"),
        ImageOverride(entrypoint=("/x",)),
    ],
)
def test_partial_overrides_are_complete(override: ImageOverride) -> None:
    assert launched(NO_TREE, function_record(override=override), timeline=SAID).ask(the_check).outcome is Outcome.PASS


def test_other_kinds() -> None:
    assert launched(NO_TREE, NO_FUNCTION).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert launched(NO_TREE, DENIED).ask(the_check).outcome is Outcome.UNKNOWN
    zipped = function_record(package_type="Zip")
    assert launched(NO_TREE, zipped).ask(the_check).outcome is Outcome.NOT_APPLICABLE
