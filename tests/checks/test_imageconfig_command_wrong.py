from __future__ import annotations

import json
import shlex

import pytest

from tests.coding import HANDLER, a_zip, an_image
from tests.launching import NO_TREE, launched
from troubleshooter.checks.handler.imageconfig_command_wrong import imageconfig_command_wrong as the_check
from troubleshooter.model import Outcome

JOBS = {"jobs/__init__.py": "", "jobs/hourly.py": HANDLER, "jobs/nightly_report.py": HANDLER}


@pytest.mark.parametrize(
    ("own", "override", "outcome"),
    [
        pytest.param("jobs.hourly.handler", "jobs.nightly.handler", Outcome.FAIL, id="names no file"),
        pytest.param(
            "jobs.hourly.handler", "jobs.hourly.run", Outcome.FAIL, id="names no function, the image's own does"
        ),
        pytest.param("gone.handler", "jobs.hourly.run", Outcome.PASS, id="function missing on both sides"),
        pytest.param("gone.handler", "jobs.hourly.handler", Outcome.PASS, id="right"),
        pytest.param("jobs.hourly.handler", None, Outcome.NOT_APPLICABLE, id="no override"),
        pytest.param("gone.handler", None, Outcome.NOT_APPLICABLE, id="the image's own is wrong"),
        pytest.param("jobs.hourly.handler", "jobs", Outcome.PASS, id="malformed: another mode"),
        pytest.param("jobs.hourly.handler", "calendar.handler", Outcome.UNKNOWN, id="undecided"),
    ],
)
def test_outcome(own: str, override: str | None, outcome: Outcome) -> None:
    assert an_image(JOBS, own, override).ask(the_check).outcome is outcome


def test_zip_functions_have_no_command() -> None:
    assert a_zip({"app.py": HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_without_the_layers_nothing_is_said() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is not Outcome.FAIL


def test_failure_shows_both_commands_and_sets_the_right_one() -> None:
    found = an_image(JOBS, "jobs.hourly.handler", "jobs.nightly.handler").ask(the_check)
    assert [e.value for e in found.evidence[:2]] == ['["jobs.nightly.handler"]', '["jobs.hourly.handler"]']
    assert found.remediation
    words = shlex.split(found.remediation.commands[0])
    assert json.loads(words[words.index("--image-config") + 1]) == {"Command": ["jobs.hourly.handler"]}
