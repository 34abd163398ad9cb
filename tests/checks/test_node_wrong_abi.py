from __future__ import annotations

from typing import Any

import pytest

from tests.coding import logged
from tests.native import node_image, python_image, shared, with_natives
from tests.node_coding import a_zip
from troubleshooter.checks.handler.node_wrong_abi import node_wrong_abi as the_check
from troubleshooter.model import Outcome

FILE = "/var/task/node_modules/db/build/Release/db.node"
LOAD = "module.exports = require('./build/Release/db.node');\n"


def package(*symbols: str, index: str = LOAD, main: str = "require('db');\n") -> dict[str, Any]:
    return {
        "index.js": main + "exports.handler = async () => 1;\n",
        "node_modules/db/package.json": '{"name": "db"}',
        "node_modules/db/index.js": index,
        "node_modules/db/build/Release/db.node": shared(symbols=symbols),
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package("node_register_module_v108"), Outcome.FAIL, id="Node.js 18's on 20"),
        pytest.param(package("node_register_module_v115"), Outcome.PASS, id="the runtime's own"),
        pytest.param(package("napi_register_module_v1"), Outcome.PASS, id="Node-API"),
        pytest.param(
            package("napi_register_module_v1", "node_register_module_v108"),
            Outcome.PASS,
            id="Node-API beside an old one",
        ),
        pytest.param(package("napi_module_register"), Outcome.PASS, id="Node-API registered by a constructor"),
        pytest.param(
            package("node_register_module_v108", "node_register_module_v115"), Outcome.PASS, id="for both versions"
        ),
        pytest.param(package("node_module_register"), Outcome.PASS, id="a structure that is not told: nothing is said"),
        pytest.param(package("uv_run"), Outcome.PASS, id="no addon that registers"),
        pytest.param(
            package("node_register_module_v108", index="exports.open = () => require('./build/Release/db.node');\n"),
            Outcome.PASS,
            id="loaded later, perhaps",
        ),
        pytest.param(package("node_register_module_v108", main=""), Outcome.PASS, id="not required"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert node_image(files).ask(the_check).outcome is outcome
    assert with_natives(a_zip(files)).ask(the_check).outcome is outcome


def test_both_versions_and_the_chain_are_named() -> None:
    verdict = node_image(package("node_register_module_v127")).ask(the_check)
    assert "127" in verdict.message
    assert "115" in verdict.message
    assert any(e.value == "127" and e.source.endswith(FILE) for e in verdict.evidence)
    assert any("node_modules/db/index.js:1" in e.source for e in verdict.evidence)


def test_an_error_that_names_the_file_proves_that_it_is_loaded() -> None:
    later = package("node_register_module_v108", index="exports.open = () => require('./build/Release/db.node');\n")
    said = logged(f"Error: The module '{FILE}' was compiled against a different Node.js version")
    assert node_image(later, timeline=said).ask(the_check).outcome is Outcome.FAIL


def test_a_version_that_is_not_known_says_nothing() -> None:
    assert node_image(package("node_register_module_v108"), node=99).ask(the_check).outcome is Outcome.PASS


def test_python() -> None:
    assert python_image({"app.py": "def handler(e, c): pass\n"}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
