from __future__ import annotations

import pytest

from tests.node_coding import an_image
from troubleshooter.checks.invoke.streaming_handler_contract import streaming_handler_contract as the_check
from troubleshooter.model import Outcome


def streams(function: str) -> str:
    return f"exports.handler = awslambda.streamifyResponse({function});\n"


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        pytest.param("(event, stream) => { stream.write('x'); stream.end(); }", Outcome.FAIL, id="not async"),
        pytest.param("async (event, stream) => { stream.write('x'); }", Outcome.FAIL, id="never ended"),
        pytest.param(
            "async (event, stream) => { stream.setContentType('a/b'); stream.write('x'); }", Outcome.FAIL, id="typed"
        ),
        pytest.param("async (event, stream) => { stream.write('x'); stream.end(); }", Outcome.PASS, id="ended"),
        pytest.param("async (event, stream) => { stream.end('x'); }", Outcome.PASS, id="ended with the body"),
        pytest.param("(event, stream) => pipeline(source, stream)", Outcome.PASS, id="returns a promise"),
        pytest.param("async (event, stream) => { await pipeline(source, stream); }", Outcome.PASS, id="piped"),
        pytest.param(
            "async (event, stream) => { source.pipe(stream); stream.write('x'); }", Outcome.PASS, id="handed on"
        ),
        pytest.param(
            "async (event, stream) => { stream = awslambda.HttpResponseStream.from(stream, {}); stream.write('x'); }",
            Outcome.PASS,
            id="put in another",
        ),
        pytest.param(
            "async (event, stream) => { const out = stream; out.write('x'); out.end(); }", Outcome.PASS, id="renamed"
        ),
    ],
)
def test_outcome(function: str, outcome: Outcome) -> None:
    found = an_image({"index.js": streams(function)}).ask(the_check)
    assert found.outcome is outcome, found.message


def test_other_handlers() -> None:
    source = "exports.handler = async (event, stream) => { stream.write('x'); };\n"
    assert an_image({"index.js": source}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
