from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, logged
from tests.native import MACHO, native, python_image, shared
from troubleshooter.checks.handler.native_wrong_arch_lib__unused import native_wrong_arch_lib__unused as the_check
from troubleshooter.model import Outcome


def package(file: Any, name: str = "_core.abi3.so", main: str = "") -> dict[str, Any]:
    return {"app.py": main + HANDLER, "fast/__init__.py": "from ._core import *\n", f"fast/{name}": file}


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(shared("arm64")), Outcome.FAIL, id="another CPU, not imported"),
        pytest.param(package(native(MACHO)), Outcome.FAIL, id="macOS, not imported"),
        pytest.param(package(shared(), "_core.cpython-39-x86_64-linux-gnu.so"), Outcome.FAIL, id="another Python"),
        pytest.param(package(shared()), Outcome.PASS, id="sound"),
        pytest.param(package(shared("arm64"), main="import fast\n"), Outcome.PASS, id="imported: the error itself"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_what_the_log_names_is_loaded() -> None:
    said = logged("Unable to import module 'app': No module named 'fast._core'")
    assert python_image(package(shared("arm64")), timeline=said).ask(the_check).outcome is Outcome.PASS
