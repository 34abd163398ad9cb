from __future__ import annotations

import pytest

from tests import coding
from tests.node_coding import an_image
from troubleshooter.checks.invoke.node_promise_never_settles import node_promise_never_settles as the_check
from troubleshooter.model import Outcome


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param("await new Promise(() => {});", Outcome.FAIL, id="no callbacks"),
        pytest.param(
            "const x = await new Promise((resolve, reject) => { start(); });", Outcome.FAIL, id="neither is called"
        ),
        pytest.param("return new Promise((resolve) => { setTimeout(() => {}, 10); });", Outcome.FAIL, id="returned"),
        pytest.param("await new Promise((resolve) => setTimeout(resolve, 10));", Outcome.PASS, id="handed on"),
        pytest.param(
            "await new Promise((resolve) => { emitter.on('end', () => resolve()); });", Outcome.PASS, id="later"
        ),
        pytest.param("await new Promise((_, reject) => { reject(new Error('x')); });", Outcome.PASS, id="rejected"),
        pytest.param("await new Promise(() => { throw new Error('x'); });", Outcome.PASS, id="throws"),
        pytest.param("await new Promise(function () { arguments[0](); });", Outcome.PASS, id="by arguments"),
        pytest.param("await new Promise(run);", Outcome.PASS, id="a function elsewhere"),
        pytest.param("if (event.wait) await new Promise(() => {});", Outcome.PASS, id="in a branch"),
        pytest.param("await Promise.race([new Promise(() => {}), work()]);", Outcome.PASS, id="in a race"),
        pytest.param("const never = new Promise(() => {}); return 1;", Outcome.PASS, id="not waited for"),
    ],
)
def test_outcome(body: str, outcome: Outcome) -> None:
    source = f"exports.handler = async (event) => {{ {body} }};\n"
    found = an_image({"index.js": source}).ask(the_check)
    assert found.outcome is outcome, found.message


def test_python_has_no_promises() -> None:
    assert coding.an_image({"app.py": coding.HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        pytest.param(
            "(event, context, callback) => { callback(null, 1); return new Promise(() => {}); }",
            Outcome.PASS,
            id="callback",
        ),
        pytest.param(
            "(event, context) => { context.succeed(1); return new Promise(() => {}); }", Outcome.PASS, id="old"
        ),
        pytest.param(
            "async (event, context) => { run(context); await new Promise(() => {}); }", Outcome.PASS, id="handed on"
        ),
        pytest.param("async (...all) => { all[2](null, 1); await new Promise(() => {}); }", Outcome.PASS, id="rest"),
        pytest.param(
            "async (event, context) => { log(context.awsRequestId); await new Promise(() => {}); }",
            Outcome.FAIL,
            id="its id",
        ),
        pytest.param(
            "async (event, context, callback) => { await new Promise(() => {}); }", Outcome.FAIL, id="callback unused"
        ),
    ],
)
def test_an_answer_in_another_way(handler: str, outcome: Outcome) -> None:
    found = an_image({"index.js": f"exports.handler = {handler};\n"}).ask(the_check)
    assert found.outcome is outcome, found.message
