from __future__ import annotations

import shlex

import pytest

from tests.coding import invoked, logged
from tests.node_coding import a_source, a_zip, an_image
from troubleshooter.checks.handler.node_dep_missing import node_dep_missing as the_check
from troubleshooter.model import Outcome, Rung

HANDLER = "exports.handler = async () => 1;\n"
LAYER = ("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",)
STACK = "Error: Cannot find module 'uuid'\nRequire stack:\n- /var/task/index.js\n- /var/runtime/index.mjs"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("const { v4 } = require('uuid');", Outcome.FAIL, id="not there"),
        pytest.param("require('needs');", Outcome.FAIL, id="a package's own dependency"),
        pytest.param("require('./gone');", Outcome.FAIL, id="a file of one's own"),
        pytest.param("require('dep/none.js');", Outcome.FAIL, id="a file of a package"),
        pytest.param("(function () { require('uuid'); })();", Outcome.FAIL, id="called where it stands"),
        pytest.param("try { require('uuid'); } finally { }", Outcome.FAIL, id="a try that catches nothing"),
        pytest.param("require('dep'); require('fs'); require('node:test');", Outcome.PASS, id="there, and builtin"),
        pytest.param("require('@aws-sdk/client-s3'); require('@aws-sdk/client-sqs');", Outcome.PASS, id="brought by the runtime"),
        pytest.param("try { require('uuid'); } catch {}", Outcome.PASS, id="caught"),
        pytest.param("if (process.env.DEBUG) require('uuid');", Outcome.PASS, id="under a condition"),
        pytest.param("const late = () => require('uuid');", Outcome.PASS, id="in a function"),
        pytest.param("const late = () => import('uuid');", Outcome.PASS, id="import() in a function"),
        pytest.param("(function (require) { require('uuid'); })(() => 1);", Outcome.PASS, id="a parameter"),
        pytest.param("require('optional');", Outcome.PASS, id="a package's optional dependency"),
        pytest.param("require('layered');", Outcome.PASS, id="along NODE_PATH"),
        pytest.param("// require('uuid')\nconst text = \"require('uuid')\";", Outcome.PASS, id="text"),
        pytest.param("require(process.env.NAME);", Outcome.PASS, id="a name that only running tells"),
        pytest.param("require('dep'); require('broken');", Outcome.UNKNOWN, id="a package that is not understood"),
        pytest.param("require('module')._initPaths(); require('uuid');", Outcome.UNKNOWN, id="look-up changed"),
        pytest.param("require('mapped/hidden');", Outcome.UNKNOWN, id="a path that is not exported"),
    ],
)  # fmt: skip
def test_outcome(code: str, outcome: Outcome) -> None:
    files = {
        "index.js": code + "\n" + HANDLER,
        "node_modules/dep/index.js": "module.exports = 1;",
        "node_modules/needs/index.js": "require('deep-missing');",
        "node_modules/optional/index.js": "try { require('uuid'); } catch (error) { module.exports = 0; }",
        "node_modules/broken/index.js": "const = require(;",
        "node_modules/mapped/package.json": '{"exports": {".": "./index.js"}}',
        "/opt/nodejs/node_modules/layered/index.js": "module.exports = 1;",
    }
    assert an_image(files).ask(the_check).outcome is outcome


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("import { v4 } from 'uuid';", Outcome.FAIL, id="package"),
        pytest.param("import { a } from './lib';", Outcome.FAIL, id="without its extension"),
        pytest.param("await import('uuid');", Outcome.FAIL, id="awaited import()"),
        pytest.param("export * from 'uuid';", Outcome.FAIL, id="re-export"),
        pytest.param("import { a } from './lib.mjs';", Outcome.PASS, id="with its extension"),
        pytest.param("import 'layered';", Outcome.PASS, id="along NODE_PATH, as AWS's builds do"),
        pytest.param("import('uuid').catch(() => {});", Outcome.PASS, id="import() that is not awaited"),
    ],
)
def test_es_modules(code: str, outcome: Outcome) -> None:
    files = {
        "index.mjs": code + "\nexport const handler = () => 1;\n",
        "lib.mjs": "export const a = 1;",
        "/opt/nodejs/node_modules/layered/index.js": "module.exports = 1;",
    }
    assert an_image(files).ask(the_check).outcome is outcome


def test_the_missing_extension_is_named() -> None:
    files = {
        "index.mjs": "import { a } from './lib';\nexport const handler = () => a;",
        "lib.mjs": "export const a = 1;",
    }
    verdict = an_image(files).ask(the_check)
    assert "`./lib.mjs` is there" in verdict.message
    assert verdict.remediation
    assert "`./lib.mjs`" in verdict.remediation.text


def test_a_source_folder_does_not_show_what_is_installed() -> None:
    assert a_source({"index.js": "require('uuid');\n" + HANDLER}).ask(the_check).outcome is Outcome.UNKNOWN


def test_layers_that_were_not_read_may_hold_it() -> None:
    files = {"index.js": "require('uuid');\n" + HANDLER}
    assert a_zip(files, layers=LAYER).ask(the_check).outcome is Outcome.UNKNOWN
    told = a_zip(files, layers=LAYER, timeline=logged(STACK)).ask(the_check)
    assert told.outcome is Outcome.FAIL
    assert told.evidence[-1].origin.proves
    spoken = a_zip(files, layers=LAYER, timeline=logged(STACK, platform=False)).ask(the_check)
    assert spoken.outcome is Outcome.UNKNOWN


def test_what_the_runtime_may_bring_along_is_not_called_missing() -> None:
    files = {"index.js": "require('tslib');\n" + HANDLER}
    assert a_zip(files).ask(the_check).outcome is Outcome.UNKNOWN
    assert an_image(files).ask(the_check).outcome is Outcome.FAIL


def test_at_call_time_only_a_failed_invocation_proves_it() -> None:
    files = {"index.js": "exports.handler = async () => require('uuid').v4();\n"}
    assert an_image(files).ask(the_check).outcome is Outcome.PASS
    timeline = logged(invocations=(invoked(status="error", error="Cannot find module 'uuid'"),))
    verdict = an_image(files, timeline=timeline).ask(the_check)
    assert (verdict.outcome, verdict.rung) == (Outcome.FAIL, Rung.INVOKE)


def test_the_failure_cites_file_line_and_package_json() -> None:
    files = {
        "index.js": "'use strict';\nconst { v4 } = require('uuid');\n" + HANDLER,
        "package.json": '{\n  "devDependencies": {\n    "uuid": "9.0.1"\n  }\n}\n',
    }
    verdict = an_image(files, timeline=logged(STACK)).ask(the_check)
    assert verdict.evidence[0].source == "image /var/task/index.js:2"
    assert "uuid among the devDependencies" in [e.value for e in verdict.evidence]
    assert verdict.evidence[-1].origin.proves
    assert verdict.remediation
    assert "devDependencies" in verdict.remediation.text
    install, build, update = map(shlex.split, verdict.remediation.commands)
    assert install == ["npm", "install", "--save-prod", "uuid"]
    assert build[:3] == ["docker", "buildx", "build"]
    assert update[:3] == ["aws", "lambda", "update-function-code"]


def test_a_package_that_nobody_asks_for_is_not_installed_for_its_name_alone() -> None:
    verdict = an_image({"index.js": "require('expresss');\n" + HANDLER}).ask(the_check)
    assert verdict.remediation
    assert not [c for c in verdict.remediation.commands if c.startswith("npm")]
    assert "there may be somebody else's" in verdict.remediation.text


def test_the_package_whose_file_imports_it_asks_for_it() -> None:
    files = {
        "index.js": "require('needs');\n" + HANDLER,
        "node_modules/needs/index.js": "require('deep-missing');",
        "node_modules/needs/package.json": '{"dependencies": {"deep-missing": "^1"}}',
    }
    verdict = an_image(files).ask(the_check)
    assert verdict.remediation
    assert verdict.remediation.commands[0] == "npm install --save-prod deep-missing"


def test_other_languages_are_not_asked() -> None:
    from tests import coding

    assert (
        coding.an_image({"app.py": "import uuid\n" + coding.HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    )


def test_a_node_path_of_ones_own_takes_the_runtimes_packages_away() -> None:
    files = {"index.js": "require('@aws-sdk/client-s3');\nexports.handler = async () => 1;\n"}
    assert an_image(files, environment={"NODE_PATH": "/opt/libs"}).ask(the_check).outcome is Outcome.FAIL
    kept = an_image(files, environment={"NODE_PATH": "/opt/libs:/var/runtime/node_modules"}).ask(the_check)
    assert kept.outcome is Outcome.PASS
    own = {**files, "node_modules/@aws-sdk/client-s3/package.json": '{"name": "@aws-sdk/client-s3", "main": "i.js"}'}
    own["node_modules/@aws-sdk/client-s3/i.js"] = "module.exports = {};\n"
    assert an_image(own, environment={"NODE_PATH": "/opt/libs"}).ask(the_check).outcome is Outcome.PASS
