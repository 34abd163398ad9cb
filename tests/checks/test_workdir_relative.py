from __future__ import annotations

import json
import shlex

from tests.factories import function_record, image_config
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, aws_base, launched
from troubleshooter.checks.spawn.workdir_relative import workdir_relative as the_check
from troubleshooter.facts.function import ImageOverride
from troubleshooter.model import Origin, Outcome

RELATIVE = function_record(override=ImageOverride(command=("app.handler",), workdir="app"))


def test_the_record_alone_proves_it() -> None:
    found = launched(NO_TREE, RELATIVE, DENIED, DENIED).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert [(e.value, e.origin) for e in found.evidence] == [("app", Origin.RECORD)]
    assert found.remediation
    words = shlex.split(found.remediation.commands[0])
    assert json.loads(words[words.index("--image-config") + 1]) == {"Command": ["app.handler"]}
    assert "/var/task/app" in found.remediation.text


def test_a_hand_made_image() -> None:
    found = launched(aws_base(), NO_FUNCTION, image_config(workdir="srv/app")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].origin is Origin.REGISTRY


def test_absolute_paths_pass_from_whichever_side_counts() -> None:
    absolute = function_record(override=ImageOverride(workdir="/srv"))
    assert launched(NO_TREE, absolute, DENIED).ask(the_check).outcome is Outcome.PASS
    assert launched(NO_TREE, absolute, image_config(workdir="relative")).ask(the_check).outcome is Outcome.PASS
    for workdir in ("/var/task", "", None):
        assert launched(NO_TREE, image=image_config(workdir=workdir)).ask(the_check).outcome is Outcome.PASS


def test_what_is_missing() -> None:
    assert launched(NO_TREE, image=DENIED).ask(the_check).outcome is Outcome.UNKNOWN
    assert launched(NO_TREE, DENIED).ask(the_check).outcome is Outcome.UNKNOWN
    assert launched(NO_TREE, NO_FUNCTION).ask(the_check).outcome is Outcome.PASS
    zipped = function_record(package_type="Zip", override=ImageOverride(workdir="app"))
    assert launched(NO_TREE, zipped).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_a_slash_that_was_forgotten() -> None:
    function = function_record(override=ImageOverride(workdir="var/task"))
    found = launched(NO_TREE, function, image_config(workdir="/var/task")).ask(the_check)
    assert found.remediation
    assert "as /var/task, if" in found.remediation.text
