from __future__ import annotations

import pytest

from tests.coding import logged
from tests.node_coding import a_zip, an_image
from troubleshooter.checks.handler.node_cjs_in_esm import node_cjs_in_esm as the_check
from troubleshooter.model import Outcome

MODULE = '{"type": "module"}'
HANDLER = "export const handler = async () => 1;\n"
SHIM = """var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
  get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
}) : x)(function(x) {
  if (typeof require !== "undefined") return require.apply(this, arguments);
  throw Error('Dynamic require of "' + x + '" is not supported');
});
var __commonJS = (cb, mod) => function __require2() {
  return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
};
var require_dep = __commonJS({ "node_modules/dep/index.js"(exports, module) { module.exports = __require("fs"); } });
"""
"""What esbuild puts into an ES module that holds CommonJS packages."""
BANNER = "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("const a = require('node:crypto');\nmodule.exports.handler = () => 1;", Outcome.FAIL, id="bundle"),
        pytest.param("exports.handler = () => 1;", Outcome.FAIL, id="exports"),
        pytest.param(HANDLER + "const here = __dirname;", Outcome.FAIL, id="__dirname beside export"),
        pytest.param(HANDLER + "(() => { require('fs'); })();", Outcome.FAIL, id="called where it stands"),
        pytest.param(HANDLER + "function setup() { require('fs'); }\nsetup();", Outcome.FAIL, id="in a function that is called"),
        pytest.param(HANDLER + "if (require.main === module) { run(); }", Outcome.FAIL, id="the condition itself"),
        pytest.param("return;\n", Outcome.FAIL, id="return at module level"),
        pytest.param(SHIM + "require_dep();\n" + HANDLER, Outcome.FAIL, id="stand-in that throws"),
        pytest.param(BANNER + SHIM + "require_dep();\n" + HANDLER, Outcome.PASS, id="stand-in with a require"),
        pytest.param(SHIM + HANDLER, Outcome.PASS, id="stand-in that nothing calls"),
        pytest.param(BANNER + "const fs = require('fs');\n" + HANDLER, Outcome.PASS, id="createRequire"),
        pytest.param("globalThis.require = () => 1;\nrequire('fs');\n" + HANDLER, Outcome.PASS, id="made global"),
        pytest.param(HANDLER + "typeof module !== 'undefined' && (module.exports = 1);", Outcome.PASS, id="guarded by typeof"),
        pytest.param(HANDLER + "if (typeof exports === 'object') { exports.a = 1; }", Outcome.PASS, id="guarded by if"),
        pytest.param(HANDLER + "try { require('fs'); } catch {}", Outcome.PASS, id="caught"),
        pytest.param(HANDLER + "export const later = () => require('fs');", Outcome.PASS, id="in a function"),
        pytest.param(HANDLER + "0 && (module.exports = { handler });", Outcome.PASS, id="annotation"),
        pytest.param(HANDLER + "const all = { require: 1, module: 2 }; all.require;", Outcome.PASS, id="properties"),
        pytest.param(HANDLER + "// require('x')\nconst text = 'module.exports';", Outcome.PASS, id="text"),
        pytest.param(HANDLER + "(function (module, exports) { exports.a = module; })({}, {});", Outcome.PASS, id="parameters"),
        pytest.param("import module from 'node:module';\nmodule.builtinModules;\n" + HANDLER, Outcome.PASS, id="imported name"),
        pytest.param("import './shim.js';\nrequire('fs');\n" + HANDLER, Outcome.UNKNOWN, id="a shim may make it global"),
        pytest.param("if (process.env.X) { exports.handler = 1; }", Outcome.UNKNOWN, id="perhaps run"),
    ],
)  # fmt: skip
def test_outcome(code: str, outcome: Outcome) -> None:
    files = {"index.js": code, "package.json": MODULE, "shim.js": "globalThis.require = () => 1;"}
    assert an_image(files).ask(the_check).outcome is outcome


def test_commonjs_files_are_not_asked() -> None:
    assert an_image({"index.js": "exports.handler = () => 1;"}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert a_zip({"index.cjs": "exports.handler = () => 1;"}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_own_files_that_are_imported_are_asked() -> None:
    files = {
        "index.mjs": "export { handler } from './lib.mjs';",
        "lib.mjs": "module.exports = 1;\nexport const handler = 1;",
    }
    verdict = an_image(files).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source == "image /var/task/lib.mjs:1"


def test_the_failure_shows_the_line_and_the_package_json() -> None:
    text = "require is not defined in ES module scope, you can use import instead"
    files = {"index.js": "'use strict';\nconst a = require('fs');", "package.json": MODULE}
    verdict = an_image(files, timeline=logged(text)).ask(the_check)
    assert verdict.evidence[0].source == "image /var/task/index.js:2"
    assert verdict.evidence[1].source == "image /var/task/package.json"
    assert text in verdict.evidence[-1].value
    assert verdict.remediation
    assert "/var/task/index.cjs" in verdict.remediation.text


def test_a_throwing_stand_in_needs_a_banner() -> None:
    verdict = an_image({"index.mjs": SHIM + "require_dep();\n" + HANDLER}).ask(the_check)
    assert 'Dynamic require of "fs"' in verdict.evidence[2].value
    assert verdict.remediation
    assert "createRequire" in verdict.remediation.text
