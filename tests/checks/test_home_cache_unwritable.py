from __future__ import annotations

from typing import Any

from tests.checks.happened import exited_in_init, told, went_well
from tests.factories import function_code, function_record, image_config, variable
from tests.launching import launched
from troubleshooter.checks.handler.home_cache_unwritable import home_cache_unwritable as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Outcome, Rung, Verdict

NO_LOGS = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
NPX = ("/usr/local/bin/npx", "aws-lambda-ric")
GAVE_UP = told(exited_in_init("with error: exit status 226", "npm error rofs EROFS: read-only file system"))


def ask(
    timeline: Timeline | Unavailable,
    entrypoint: tuple[str, ...] = NPX,
    own: tuple[EnvironmentVariable, ...] = (),
    **config: Any,
) -> Verdict:
    function, image = function_record(environment=own), image_config(entrypoint=entrypoint, **config)
    launch = launched({}, function, image).get(EffectiveLaunch)
    return the_check(launch, image, function, timeline, function_code())


def test_npm_gave_up_for_want_of_a_folder() -> None:
    found = ask(GAVE_UP)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME
    assert found.remediation
    assert "npm_config_cache" in found.remediation.text


def test_a_folder_is_given() -> None:
    home = variable("HOME", "/tmp")
    assert ask(GAVE_UP, environment=(home,)).outcome is Outcome.PASS
    assert ask(GAVE_UP, own=(EnvironmentVariable("npm_config_cache", 9, "path", "0" * 12),)).outcome is Outcome.PASS


def test_without_its_end_it_could_not_be_told() -> None:
    other = told(exited_in_init("with error: exit status 1"))
    for timeline in (NO_LOGS, told(went_well()), other):
        found = ask(timeline)
        assert found.outcome is Outcome.UNKNOWN
        assert found.unblock


def test_the_client_itself_wants_none() -> None:
    assert ask(GAVE_UP, ("/function/node_modules/.bin/aws-lambda-ric",)).outcome is Outcome.NOT_APPLICABLE
    assert ask(GAVE_UP, ("/lambda-entrypoint.sh",)).outcome is Outcome.NOT_APPLICABLE
