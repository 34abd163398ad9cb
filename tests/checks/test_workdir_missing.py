from __future__ import annotations

import json
import shlex

from tests.factories import function_record, image_config
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, aws_base, launch_error, launch_errors, launched, link
from troubleshooter.checks.spawn.workdir_missing import workdir_missing as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Origin, Outcome

ELSEWHERE = function_record(override=ImageOverride(command=("app.handler",), workdir="/usr/src/app"))
SAID = launch_errors(launch_error("the working directory doesn't exist: /usr/src/app", workdir="/usr/src/app"))


def test_the_override_names_a_folder_of_another_image() -> None:
    found = launched(aws_base(), ELSEWHERE).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [(e.label, e.value) for e in found.evidence] == [
        ("ImageConfig.WorkingDirectory", "/usr/src/app"),
        ("image /usr/src/app", "nothing there"),
    ]
    assert found.remediation
    words = shlex.split(found.remediation.commands[0])
    assert json.loads(words[words.index("--image-config") + 1]) == {"Command": ["app.handler"]}


def test_a_file_is_no_directory() -> None:
    function = function_record(override=ImageOverride(workdir="/var/task/app.py"))
    found = launched(aws_base(), function).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[1].value == "file"


def test_a_hand_made_image_with_a_workdir_that_nobody_made() -> None:
    found = launched(aws_base(), NO_FUNCTION, image_config(workdir="/nowhere")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "mkdir -p /nowhere" in found.remediation.text


def test_folders_that_are_there() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.PASS
    assert (
        launched({**aws_base(), "/app": link("/var/task")}, image=image_config(workdir="/app")).ask(the_check).outcome
        is Outcome.PASS
    )
    assert launched(aws_base(), image=image_config(workdir=None)).ask(the_check).outcome is Outcome.PASS


def test_a_relative_one_is_another_mode() -> None:
    function = function_record(override=ImageOverride(workdir="app"))
    assert launched(aws_base(), function).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_the_platforms_own_words_prove_it_without_the_image() -> None:
    for image in (None, DENIED):
        found = launched(NO_TREE, ELSEWHERE, image, timeline=SAID).ask(the_check)
        assert found.outcome is Outcome.FAIL
        assert found.evidence[-1].origin is Origin.PLATFORM_LOG
        assert found.remediation
        assert found.remediation.commands


def test_without_either_it_stays_open() -> None:
    assert launched(NO_TREE, ELSEWHERE).ask(the_check).outcome is Outcome.UNKNOWN
    other = launch_errors(launch_error("ProcessSpawnFailed", entrypoint="/x"))
    assert launched(NO_TREE, ELSEWHERE, DENIED, timeline=other).ask(the_check).outcome is Outcome.UNKNOWN


def test_the_image_is_believed_over_an_older_line() -> None:
    assert launched(aws_base(), timeline=SAID).ask(the_check).outcome is Outcome.PASS
