from __future__ import annotations

import pytest

from tests.coding import HANDLER, an_image, logged
from tests.factories import IMAGE, function_record
from troubleshooter.checks.handler.py_handler_leading_slash import py_handler_leading_slash as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param("/app.handler", Outcome.FAIL, id="slash"),
        pytest.param("./app.handler", Outcome.FAIL, id="dot slash"),
        pytest.param("../app.handler", Outcome.FAIL, id="parent"),
        pytest.param("/var/task/app.handler", Outcome.FAIL, id="absolute"),
        pytest.param("src/app.handler", Outcome.PASS, id="slash inside"),
        pytest.param("app.handler", Outcome.PASS, id="plain"),
        pytest.param("app", Outcome.PASS, id="malformed: another mode"),
    ],
)
def test_outcome(handler: str, outcome: Outcome) -> None:
    assert an_image({"app.py": HANDLER, "src/app.py": HANDLER}, handler).ask(the_check).outcome is outcome


def test_node_takes_absolute_paths() -> None:
    resolution = HandlerResolution(reading=IMAGE, handler="/var/task/index.handler", language="node", problem="")
    assert the_check(resolution, NONE, function_record(), NONE, NONE, NONE).outcome is Outcome.NOT_APPLICABLE


def test_failure_offers_the_handler_without_it() -> None:
    logs = logged("the 'package' argument is required to perform a relative import for '.app'")
    found = an_image({"app.py": HANDLER}, "/app.handler", timeline=logs).ask(the_check)
    assert {e.label for e in found.evidence} >= {"image CMD", "what the interpreter says", "error in the log"}
    assert found.remediation
    assert '["app.handler"]' in found.remediation.text
