from __future__ import annotations

import pytest

from tests.node_coding import an_image
from troubleshooter.checks.invoke.node24_callback_removed import node24_callback_removed as the_check
from troubleshooter.model import Outcome

CALLBACK = "exports.handler = (event, context, callback) => { callback(null, 1); };\n"


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        pytest.param(CALLBACK, Outcome.FAIL, id="arrow"),
        pytest.param(
            "exports.handler = function (e, c, done) { setTimeout(() => done(null, 1), 1); };\n",
            Outcome.FAIL,
            id="later",
        ),
        pytest.param(
            "exports.handler = async (event, context, callback) => { callback(null, 1); };\n", Outcome.PASS, id="async"
        ),
        pytest.param("exports.handler = async (event) => 1;\n", Outcome.PASS, id="one parameter"),
        pytest.param(
            "exports.handler = (event, context) => work(event).then((r) => r);\n", Outcome.PASS, id="a promise"
        ),
        pytest.param(
            "exports.handler = awslambda.streamifyResponse(async (event, stream, context) => { stream.end(); });\n",
            Outcome.PASS,
            id="a stream's third is its context",
        ),
        pytest.param(
            "exports.handler = (event, context, callback) => work(event);\n", Outcome.UNKNOWN, id="never called"
        ),
    ],
)
def test_outcome(source: str, outcome: Outcome) -> None:
    found = an_image({"index.js": source}, node=24).ask(the_check)
    assert found.outcome is outcome, found.message


def test_older_versions_take_callbacks() -> None:
    for version in (20, 22):
        assert an_image({"index.js": CALLBACK}, node=version).ask(the_check).outcome is Outcome.NOT_APPLICABLE
