from __future__ import annotations

import pytest

from tests.coding import HANDLER, an_image, logged
from tests.factories import IMAGE, function_record
from troubleshooter.checks.handler.py_builtin_conflict import py_builtin_conflict as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param("time.handler", Outcome.FAIL, id="time"),
        pytest.param("sys.app.handler", Outcome.FAIL, id="first part counts"),
        pytest.param("sys/app.handler", Outcome.PASS, id="a slash is no dot yet"),
        pytest.param("app.handler", Outcome.PASS, id="own name"),
        pytest.param("app.time.handler", Outcome.PASS, id="inside a package"),
        pytest.param("math.handler", Outcome.PASS, id="compiled in by some builds only: undecided"),
        pytest.param("json.handler", Outcome.PASS, id="a module of files"),
    ],
)
def test_outcome(handler: str, outcome: Outcome) -> None:
    files = {"time.py": HANDLER, "app.py": HANDLER, "math.py": HANDLER, "json.py": HANDLER}
    assert an_image(files, handler).ask(the_check).outcome is outcome


def test_node_has_no_such_modules() -> None:
    resolution = HandlerResolution(reading=IMAGE, handler="time.handler", language="node", problem="")
    assert the_check(resolution, NONE, function_record(), NONE, NONE, NONE).outcome is Outcome.NOT_APPLICABLE


def test_failure_quotes_the_client() -> None:
    logs = logged("Cannot use built-in module time as a handler module")
    found = an_image({"time.py": HANDLER}, "time.handler", timeline=logs).ask(the_check)
    assert found.evidence[0].value == '["time.handler"]'
    assert found.evidence[-1].label == "error in the log"
    assert found.remediation
    assert "Rename time.py" in found.remediation.text or "rename time.py" in found.remediation.text
