from __future__ import annotations

import pytest

from tests.node_coding import a_source, a_zip, an_image
from troubleshooter.checks.handler.node_handler_dotted_file import node_handler_dotted_file as the_check
from troubleshooter.model import Outcome

CODE = "exports.handler = () => 1;"


@pytest.mark.parametrize(
    ("files", "handler", "outcome"),
    [
        pytest.param(("api.v2.js",), "api.v2.handler", Outcome.FAIL, id="dot in the name"),
        pytest.param(("dist/api.v2.mjs",), "dist/api.v2.handler", Outcome.FAIL, id="in a folder"),
        pytest.param(("a.b.c.js",), "a.b.c.handler", Outcome.FAIL, id="two dots"),
        pytest.param(("api.v2.js", "api.js"), "api.v2.handler", Outcome.FAIL, id="a file of the first part exists too"),
        pytest.param(("v1.2/index.js",), "v1.2/index.handler", Outcome.PASS, id="dot in a folder"),
        pytest.param(("index.js",), "index.handler", Outcome.PASS, id="no dot"),
        pytest.param(("index.js",), "index.js.handler", Outcome.PASS, id="extension: another mode"),
        pytest.param(("index.js",), "api.v2.handler", Outcome.PASS, id="no such file: another mode"),
        pytest.param(("index.js",), "index", Outcome.PASS, id="malformed: another mode"),
    ],
)
def test_outcome(files: tuple[str, ...], handler: str, outcome: Outcome) -> None:
    assert an_image(dict.fromkeys(files, CODE), handler).ask(the_check).outcome is outcome


def test_nothing_is_said_of_what_a_build_may_make() -> None:
    launched = a_source({"api.v2.js": CODE})
    assert launched.ask(the_check).outcome is Outcome.UNKNOWN


def test_the_failure_names_the_file_and_a_name_that_works() -> None:
    verdict = a_zip({"src/api.v2.js": CODE}, "src/api.v2.handler").ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[1].value == "/var/task/src/api.v2.js"
    assert verdict.remediation
    assert "api-v2.js" in verdict.remediation.text
    assert "src/api-v2.handler" in verdict.remediation.text
