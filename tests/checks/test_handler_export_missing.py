from __future__ import annotations

import pytest

from tests.coding import HANDLER, an_image, logged
from tests.factories import IMAGE, function_record
from troubleshooter.checks.handler.handler_export_missing import handler_export_missing as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        pytest.param(HANDLER, Outcome.PASS, id="function"),
        pytest.param("handler = lambda e, c: 1\n", Outcome.PASS, id="assignment"),
        pytest.param("from elsewhere import main as handler\n", Outcome.PASS, id="import"),
        pytest.param("class handler:\n    pass\n", Outcome.PASS, id="class"),
        pytest.param("@wrap\ndef handler(e, c):\n    pass\n", Outcome.PASS, id="decorated"),
        pytest.param(
            "try:\n    from a import handler\nexcept ImportError:\n    def handler(e, c): pass\n",
            Outcome.PASS,
            id="either way",
        ),
        pytest.param("def lambda_handler(e, c):\n    pass\n", Outcome.FAIL, id="another name"),
        pytest.param("def outer():\n    def handler(e, c): pass\n", Outcome.FAIL, id="inside a function"),
        pytest.param("class App:\n    def handler(self, e, c): pass\n", Outcome.FAIL, id="a method"),
        pytest.param("# handler\nx = 'handler'\n", Outcome.FAIL, id="only text"),
        pytest.param("if __name__ == '__main__':\n    handler = 1\n", Outcome.FAIL, id="only when run as a program"),
        pytest.param("from elsewhere import *\n", Outcome.UNKNOWN, id="star import"),
        pytest.param("def __getattr__(name): ...\n", Outcome.UNKNOWN, id="module __getattr__"),
        pytest.param("if FLAG:\n    handler = 1\n", Outcome.UNKNOWN, id="conditional"),
        pytest.param("def broken(:\n", Outcome.UNKNOWN, id="cannot be parsed"),
    ],
)
def test_outcome(source: str, outcome: Outcome) -> None:
    assert an_image({"app.py": source}).ask(the_check).outcome is outcome


def test_a_folder_in_place_of_a_file() -> None:
    found = an_image({"src/handler.py": "def lambda_handler(event, context): ...\n"}, "src.handler").ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert "folder" in found.message
    assert found.remediation
    assert "src.handler.lambda_handler" in found.remediation.text


def test_other_problems_come_first() -> None:
    assert an_image({}, "gone.handler").ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_an_override_that_hides_the_images_own_handler_is_another_mode() -> None:
    source = {"app.py": HANDLER}
    assert an_image(source, "app.handler", override="app.worker").ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert an_image(source, "gone.handler", override="app.worker").ask(the_check).outcome is Outcome.FAIL


def test_failure_offers_the_function_that_is_there() -> None:
    logs = logged("Handler 'handler' missing on module 'app'")
    found = an_image({"app.py": "def lambda_handler(event, context): ...\n"}, timeline=logs).ask(the_check)
    assert found.evidence[1].source == "image /var/task/app.py"
    assert found.evidence[-1].label == "error in the log"
    assert found.remediation
    assert "app.lambda_handler" in found.remediation.text


def test_node_is_served_by_the_same_facts() -> None:
    resolution = HandlerResolution(
        reading=IMAGE,
        handler="index.handler",
        language="node",
        problem="export missing",
        path="/var/task/index.js",
        export="handler",
    )
    assert the_check(resolution, NONE, function_record(), NONE, NONE, NONE).outcome is Outcome.FAIL
