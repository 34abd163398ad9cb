from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_source, logged
from tests.native import MACHO, PE, native, node_image, python_image, shared, with_natives
from troubleshooter.checks.handler.native_mac_binary import native_mac_binary as the_check
from troubleshooter.model import Outcome

DARWIN, LINUX = "_core.cpython-312-darwin.so", "_core.cpython-312-x86_64-linux-gnu.so"


def package(init: Any = "from ._core import *\n", **files: Any) -> dict[str, Any]:
    return {"app.py": "import engine\n" + HANDLER, "engine/__init__.py": init, **files}


def addon(content: Any, index: str = "require('../build/Release/x.node');\n") -> dict[str, Any]:
    return {
        "index.js": "const x = require('x');\nexports.handler = async () => x;\n",
        "node_modules/x/package.json": '{"name": "x", "main": "lib/index.js"}',
        "node_modules/x/lib/index.js": "module.exports = " + index,
        "node_modules/x/build/Release/x.node": content,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(**{f"engine/{DARWIN}": native(MACHO)}), Outcome.FAIL, id="named for macOS"),
        pytest.param(package(**{f"engine/{LINUX}": native(MACHO)}), Outcome.FAIL, id="named for Linux"),
        pytest.param(package(**{"engine/_core.so": native(MACHO)}), Outcome.FAIL, id="no tag"),
        pytest.param(package(**{"engine/_core.cp312-win_amd64.pyd": native(PE)}), Outcome.FAIL, id="Windows"),
        pytest.param(
            package(**{f"engine/{DARWIN}": native(MACHO), f"engine/{LINUX}": shared()}), Outcome.PASS, id="Linux beside it"
        ),
        pytest.param(package("X = 1\n", **{f"engine/{DARWIN}": native(MACHO)}), Outcome.PASS, id="nothing imports it"),
        pytest.param(package(**{f"engine/{LINUX}": shared("arm64")}), Outcome.PASS, id="another CPU: another mode"),
        pytest.param(
            package("import sys\nif sys.platform == 'darwin':\n    from . import _core\n", **{f"engine/{DARWIN}": native(MACHO)}),
            Outcome.PASS,
            id="for macOS alone",
        ),
    ],
)  # fmt: skip
def test_python(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(addon(native(MACHO)), Outcome.FAIL, id="macOS"),
        pytest.param(addon(native(PE)), Outcome.FAIL, id="Windows"),
        pytest.param(addon(shared()), Outcome.PASS, id="Linux"),
        pytest.param(addon(native(MACHO), "{};\n"), Outcome.PASS, id="not loaded"),
        pytest.param(
            addon(native(MACHO), "{};\nif (process.platform === 'darwin') require('../build/Release/x.node');\n"),
            Outcome.PASS,
            id="behind a condition",
        ),
    ],
)
def test_node(files: dict[str, Any], outcome: Outcome) -> None:
    assert node_image(files).ask(the_check).outcome is outcome


def test_what_a_loader_chose_is_proven_by_the_log() -> None:
    files = addon(native(MACHO), "require('bindings')('x');\n")
    assert node_image(files).ask(the_check).outcome is Outcome.PASS
    said = logged("Error: /var/task/node_modules/x/build/Release/x.node: invalid ELF header")
    verdict = node_image(files, timeline=said).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert "macOS" in verdict.message
    assert any("invalid ELF header" in e.value for e in verdict.evidence)


def test_source_folder_says_nothing() -> None:
    files = package(**{f"engine/{DARWIN}": native(MACHO)})
    assert with_natives(a_source(files)).ask(the_check).outcome is Outcome.NOT_APPLICABLE
