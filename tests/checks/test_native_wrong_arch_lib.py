from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_source, a_zip, logged
from tests.native import MACHO, native, node_image, python_image, shared, with_natives
from troubleshooter.checks.handler.native_wrong_arch_lib import native_wrong_arch_lib as the_check
from troubleshooter.model import Outcome

X86, ARM = "_core.cpython-312-x86_64-linux-gnu.so", "_core.cpython-312-aarch64-linux-gnu.so"


def package(init: Any = "from ._core import *\n", **files: Any) -> dict[str, Any]:
    return {"app.py": "import engine\n" + HANDLER, "engine/__init__.py": init, **files}


def addon(content: Any, index: str = "require('./build/Release/addon.node');\n") -> dict[str, Any]:
    return {
        "index.js": "const a = require('addon');\nexports.handler = async () => a;\n",
        "node_modules/addon/package.json": '{"name": "addon", "main": "index.js"}',
        "node_modules/addon/index.js": "module.exports = " + index,
        "node_modules/addon/build/Release/addon.node": content,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(**{f"engine/{ARM}": shared("arm64")}), Outcome.FAIL, id="name and file for arm64"),
        pytest.param(package(**{f"engine/{X86}": shared("arm64")}), Outcome.FAIL, id="the name says x86_64"),
        pytest.param(package(**{f"engine/{ARM}": shared("amd64")}), Outcome.FAIL, id="the name says aarch64"),
        pytest.param(package(**{"engine/_core.abi3.so": shared("arm64")}), Outcome.FAIL, id="stable ABI"),
        pytest.param(
            package(**{f"engine/{ARM}": shared("arm64"), f"engine/{X86}": shared("amd64")}), Outcome.PASS, id="both"
        ),
        pytest.param(package(**{f"engine/{X86}": shared("amd64")}), Outcome.PASS, id="the right one"),
        pytest.param(package(**{f"engine/{X86}": native(MACHO)}), Outcome.PASS, id="macOS: another mode"),
        pytest.param(package("X = 1\n", **{f"engine/{X86}": shared("arm64")}), Outcome.PASS, id="nothing imports it"),
        pytest.param(
            package(
                "try:\n    from . import _core\nexcept ImportError:\n    pass\n", **{f"engine/{X86}": shared("arm64")}
            ),
            Outcome.PASS,
            id="optional",
        ),
        pytest.param(package(**{f"engine/{X86}": "version https://git-lfs\n"}), Outcome.PASS, id="no program file"),
    ],
)
def test_python(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_the_functions_own_cpu_counts() -> None:
    files = package(**{f"engine/{ARM}": shared("arm64")})
    assert with_natives(a_zip(files, architecture="arm64")).ask(the_check).outcome is Outcome.PASS
    assert with_natives(a_zip(files, architecture="x86_64")).ask(the_check).outcome is Outcome.FAIL
    files = package(**{f"engine/{X86}": shared("amd64")})
    assert with_natives(a_zip(files, architecture="arm64")).ask(the_check).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(addon(shared("arm64")), Outcome.FAIL, id="arm64"),
        pytest.param(addon(shared("amd64")), Outcome.PASS, id="the right one"),
        pytest.param(
            addon(shared("arm64"), "null; try { require('./build/Release/addon.node') } catch {}\n"),
            Outcome.PASS,
            id="caught",
        ),
        pytest.param({**addon(shared("arm64")), "index.js": "exports.handler = 1;\n"}, Outcome.PASS, id="not loaded"),
    ],
)
def test_node(files: dict[str, Any], outcome: Outcome) -> None:
    assert node_image(files).ask(the_check).outcome is outcome


def test_what_a_loader_chose_is_proven_by_the_log() -> None:
    files = addon(shared("arm64"), "require('node-gyp-build')(__dirname);\n")
    assert node_image(files).ask(the_check).outcome is Outcome.PASS
    path = "/var/task/node_modules/addon/build/Release/addon.node"
    said = logged(f"Error: {path}: cannot open shared object file: No such file or directory")
    verdict = node_image(files, timeline=said).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert any("arm64" in e.value for e in verdict.evidence)
    assert verdict.remediation is not None
    assert "--cpu=x64" in verdict.remediation.commands[0]


def test_source_folder_says_nothing() -> None:
    assert with_natives(a_source(package(**{f"engine/{X86}": shared("arm64")}))).ask(the_check).outcome is (
        Outcome.NOT_APPLICABLE
    )


def test_a_header_that_is_cut_short_names_no_cpu() -> None:
    assert python_image(package(**{f"engine/{X86}": native(b"\x7fELF")})).ask(the_check).outcome is Outcome.PASS
    assert node_image(addon(native(b"\x7fELF"))).ask(the_check).outcome is Outcome.PASS
