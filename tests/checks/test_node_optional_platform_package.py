from __future__ import annotations

import json
from typing import Any

import pytest

from tests.coding import logged
from tests.native import native, node_image, python_image, shared
from troubleshooter.checks.handler.node_dep_missing import node_dep_missing
from troubleshooter.checks.handler.node_optional_platform_package import node_optional_platform_package as the_check
from troubleshooter.model import Outcome

NAMES = ("@vec/db-linux-x64-gnu", "@vec/db-linux-x64-musl", "@vec/db-linux-arm64-gnu", "@vec/db-darwin-arm64")
CHOOSES = """let binding = null;
function load() {
  if (process.platform === 'linux') {
    if (process.arch === 'x64') { try { return require('@vec/db-linux-x64-gnu'); } catch (e) {} }
  }
}
binding = load();
if (!binding) { throw new Error('Cannot find native binding'); }
module.exports = binding;
"""
LATER = "exports.open = () => { try { return require('@vec/db-linux-x64-gnu'); } catch (e) { throw e; } };\n"


def package(name: str = "@vec/db", loader: str = CHOOSES, optional: tuple[str, ...] = NAMES) -> dict[str, Any]:
    meta = {"name": name, "main": "index.js", "optionalDependencies": dict.fromkeys(optional, "1.0.0")}
    return {
        "index.js": f"const db = require('{name}');\nexports.handler = async () => db;\n",
        f"node_modules/{name}/package.json": json.dumps(meta),
        f"node_modules/{name}/index.js": loader,
    }


def platform(name: str, machine: str = "amd64") -> dict[str, Any]:
    return {
        f"node_modules/{name}/package.json": json.dumps({"name": name, "main": "x.node"}),
        f"node_modules/{name}/x.node": shared(machine),
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(), Outcome.FAIL, id="none"),
        pytest.param(package() | platform(NAMES[2], "arm64"), Outcome.FAIL, id="the other CPU's"),
        pytest.param(package() | platform(NAMES[1]), Outcome.FAIL, id="the other C library's"),
        pytest.param(package() | platform(NAMES[0]), Outcome.PASS, id="the right one"),
        pytest.param(package(loader="module.exports = require('@vec/db-linux-x64-gnu');\n"), Outcome.FAIL, id="plain"),
        pytest.param(package(loader=LATER), Outcome.PASS, id="asked for when called"),
        pytest.param(package(loader="module.exports = {};\n"), Outcome.PASS, id="never asked for"),
        pytest.param(package(optional=NAMES[2:]), Outcome.PASS, id="there is none for this platform"),
        pytest.param(package() | {"node_modules/@vec/db/db.linux-x64-gnu.node": shared()}, Outcome.PASS, id="built in place"),
        pytest.param(
            package(optional=(*NAMES, "@vec/db-wasm32")) | {"node_modules/@vec/db-wasm32/package.json": "{}"},
            Outcome.PASS,
            id="WebAssembly instead",
        ),
        pytest.param(package() | {"index.js": "exports.handler = async () => 1;\n"}, Outcome.PASS, id="not loaded"),
        pytest.param(
            package("sharp", "require(`@img/sharp-${process.platform}-${process.arch}/x.node`);\n", ("@img/sharp-linux-x64",)),
            Outcome.FAIL,
            id="known to load at once",
        ),
    ],
)  # fmt: skip
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert node_image(files).ask(the_check).outcome is outcome


def test_a_name_made_at_run_time_is_proven_by_the_log() -> None:
    files = package(loader="module.exports = require('@vec/db-linux-' + process.arch + '-gnu');\n")
    assert node_image(files).ask(the_check).outcome is Outcome.PASS
    said = logged("Error: Cannot find module '@vec/db-linux-x64-gnu'\nRequire stack:\n- /var/task/index.js")
    verdict = node_image(files | platform(NAMES[2], "arm64"), timeline=said).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert any(NAMES[2] in e.value for e in verdict.evidence)
    assert verdict.remediation is not None
    assert "--cpu=x64" in verdict.remediation.commands[0]
    other = logged("Error: Cannot find module '@vec/db-linux-x64-gnu-extras'")
    assert node_image(files, timeline=other).ask(the_check).outcome is Outcome.PASS


def test_broken_package_json_is_passed_over() -> None:
    files = package() | {"node_modules/@vec/db/package.json": '{"optionalDependencies": ['}
    assert node_image(files).ask(the_check).outcome is Outcome.PASS


def test_it_explains_the_missing_dependency() -> None:
    assert "node_dep_missing" in the_check.__check__[3]  # type: ignore[attr-defined]
    files = package(loader="module.exports = require('@vec/db-linux-x64-gnu');\n")
    assert node_image(files).ask(node_dep_missing).outcome is Outcome.FAIL


def test_not_for_python() -> None:
    files = {"app.py": "def handler(e, c):\n    return 1\n", "x.node": native(b"\0" * 64)}
    assert python_image(files).ask(the_check).outcome is Outcome.NOT_APPLICABLE
