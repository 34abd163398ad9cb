from __future__ import annotations

import shlex

import pytest

from tests.coding import HANDLER, a_zip, an_image, logged
from tests.factories import IMAGE, function_record
from troubleshooter.checks.handler.handler_malformed import handler_malformed as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Origin, Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param("app", Outcome.FAIL, id="no dot"),
        pytest.param("$HANDLER", Outcome.FAIL, id="a variable that no shell puts in"),
        pytest.param("lambda_handler", Outcome.FAIL, id="a function alone"),
        pytest.param(".handler", Outcome.FAIL, id="no module"),
        pytest.param("app.py", Outcome.FAIL, id="a file name"),
        pytest.param("app.py.handler", Outcome.FAIL, id="extension inside"),
        pytest.param("app.handler", Outcome.PASS, id="right"),
        pytest.param("gone.handler", Outcome.PASS, id="well-formed, file missing"),
        pytest.param("app.handlr", Outcome.PASS, id="well-formed, function missing"),
        pytest.param("other.py.handler", Outcome.PASS, id="extension, but no such file: nothing to conclude from it"),
    ],
)
def test_outcome(handler: str, outcome: Outcome) -> None:
    assert an_image({"app.py": HANDLER}, handler).ask(the_check).outcome is outcome


def test_a_module_that_is_named_py_is_no_extension() -> None:
    assert an_image({"app/py.py": HANDLER}, "app.py.handler").ask(the_check).outcome is Outcome.PASS


def test_failure_names_where_it_is_set_and_what_would_work() -> None:
    found = an_image({"app.py": HANDLER}, "app", timeline=logged("Bad handler 'app': not enough values")).ask(the_check)
    assert [e.label for e in found.evidence] == [
        "image CMD",
        "what the runtime client says",
        "handlers that would be found",
        "error in the log",
    ]
    assert found.evidence[-1].origin is Origin.PLATFORM_LOG
    assert found.remediation
    assert '["app.handler"]' in found.remediation.text


def test_zip_functions_get_a_complete_command() -> None:
    found = a_zip({"app.py": HANDLER}, "app").ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    (command,) = map(shlex.split, found.remediation.commands)
    assert command[command.index("--handler") + 1] == "app.handler"
    assert command[command.index("--region") + 1] == "eu-west-1"


def test_nodes_own_malformed_handlers_are_served_too() -> None:
    resolution = HandlerResolution(
        reading=IMAGE, handler="../index.handler", language="node", problem="malformed", detail="handler contains .."
    )
    found = the_check(resolution, NONE, function_record(), NONE, NONE, NONE)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].value == "../index.handler"
    javascript = HandlerResolution(
        reading=IMAGE,
        handler="dist/index.js.handler",
        language="node",
        problem="module missing",
        alternatives=("dist/index.handler",),
    )
    assert "extension .js" in the_check(javascript, NONE, function_record(), NONE, NONE, NONE).message
