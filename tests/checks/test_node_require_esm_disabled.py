from __future__ import annotations

import pytest

from tests.coding import logged
from tests.node_coding import a_zip, an_image
from troubleshooter.checks.handler.node_require_esm_disabled import node_require_esm_disabled as the_check
from troubleshooter.model import Outcome

GOT = {
    "node_modules/got/package.json": '{"name": "got", "type": "module", "exports": "./index.js"}',
    "node_modules/got/index.js": "export default 1;",
    "node_modules/dual/package.json": '{"exports": {"import": "./i.mjs", "require": "./r.cjs"}}',
    "node_modules/dual/r.cjs": "module.exports = 1;",
    "node_modules/wraps/index.js": "module.exports = require('got');",
    "own.mjs": "export default 1;",
}
HANDLER = "exports.handler = async () => 1;\n"
ON = {"NODE_OPTIONS": "--experimental-require-module"}


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("require('got');", Outcome.FAIL, id="package of ES modules"),
        pytest.param("require('./own.mjs');", Outcome.FAIL, id="own file"),
        pytest.param("require('wraps');", Outcome.FAIL, id="by a package"),
        pytest.param("require('dual');", Outcome.PASS, id="package of both kinds"),
        pytest.param("import('got').catch(() => {});", Outcome.PASS, id="import()"),
        pytest.param("const late = () => require('got');", Outcome.PASS, id="in a function"),
        pytest.param("try { require('got'); } catch {}", Outcome.PASS, id="caught"),
    ],
)
def test_outcome(code: str, outcome: Outcome) -> None:
    files = {**GOT, "index.js": code + "\n" + HANDLER}
    assert an_image(files).ask(the_check).outcome is outcome
    assert a_zip(files, node=22).ask(the_check).outcome is outcome


def test_it_can_be_switched_on_again() -> None:
    files = {**GOT, "index.js": "require('got');\n" + HANDLER}
    assert an_image(files, environment=ON).ask(the_check).outcome is Outcome.PASS


def test_a_file_that_was_not_understood_leaves_it_open() -> None:
    files = {"index.js": "require('./lib');\n" + HANDLER, "lib.js": "const = require(;"}
    assert an_image(files).ask(the_check).outcome is Outcome.UNKNOWN


def test_python_handlers_are_not_asked() -> None:
    from tests import coding

    assert coding.an_image({"app.py": coding.HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_the_failure_names_line_and_flags() -> None:
    text = "Error [ERR_REQUIRE_ESM]: require() of ES Module /var/task/node_modules/got/index.js not supported."
    files = {**GOT, "index.js": "'use strict';\nrequire('got');\n" + HANDLER}
    verdict = an_image(files, timeline=logged(text)).ask(the_check)
    assert verdict.evidence[0].source == "image /var/task/index.js:2"
    assert "--no-experimental-require-module" in verdict.evidence[1].value
    assert verdict.evidence[-1].value == text
    assert verdict.remediation
    assert "await import()" in verdict.remediation.text
