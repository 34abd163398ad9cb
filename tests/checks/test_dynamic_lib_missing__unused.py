from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip
from tests.native import python_image, shared, with_natives
from troubleshooter.checks.handler.dynamic_lib_missing__unused import dynamic_lib_missing__unused as the_check
from troubleshooter.model import Outcome


def package(*needed: str, main: str = "") -> dict[str, Any]:
    return {
        "app.py": main + HANDLER,
        "cv/__init__.py": "from ._cv import *\n",
        "cv/_cv.abi3.so": shared(needed=needed, needs={"libc.so.6": ("GLIBC_2.2.5",)}),
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package("libGL.so.1"), Outcome.FAIL, id="lost, not imported"),
        pytest.param(package("libc.so.6"), Outcome.PASS, id="nothing lost"),
        pytest.param(package("libGL.so.1", main="import cv\n"), Outcome.PASS, id="imported: the error itself"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_a_managed_runtimes_libraries_are_not_known() -> None:
    assert with_natives(a_zip(package("libGL.so.1"))).ask(the_check).outcome is Outcome.PASS
