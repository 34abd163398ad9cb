from __future__ import annotations

import pytest

from tests import coding
from tests.node_coding import an_image
from troubleshooter.checks.handler.handler_export_missing import handler_export_missing
from troubleshooter.checks.handler.node_handler_overwritten_by_bundler import (
    node_handler_overwritten_by_bundler as the_check,
)
from troubleshooter.model import Outcome

MADE = "exports.handler = async () => 1;\n"


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        pytest.param(MADE + "module.exports = { default: 1 };\n", Outcome.FAIL, id="replaced"),
        pytest.param("module." + MADE + "module.exports = require('./other');\n", Outcome.FAIL, id="by another module"),
        pytest.param(MADE, Outcome.PASS, id="kept"),
        pytest.param(
            "module.exports = { other: 1 };\n" + MADE.replace("exports", "module.exports"), Outcome.PASS, id="before"
        ),
        pytest.param("module.exports = { other: 1 };\n", Outcome.NOT_APPLICABLE, id="never there"),
        pytest.param(
            "// exports.handler = 1\nmodule.exports = { other: 1 };\n", Outcome.NOT_APPLICABLE, id="a comment"
        ),
        pytest.param("exports.other = 1;\n", Outcome.NOT_APPLICABLE, id="another name"),
    ],
)
def test_outcome(source: str, outcome: Outcome) -> None:
    target = an_image({"index.js": source, "other.js": "exports.main = 1;\n"})
    found = target.ask(the_check)
    assert found.outcome is outcome, found.message
    if outcome is Outcome.FAIL:
        assert target.ask(handler_export_missing).outcome is Outcome.FAIL
        assert found.remediation


def test_python_is_not_bundled() -> None:
    assert coding.an_image({"app.py": coding.HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
