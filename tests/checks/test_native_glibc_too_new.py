from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip
from tests.native import python_image, shared, with_natives
from troubleshooter.checks.handler.native_glibc_too_new import native_glibc_too_new as the_check
from troubleshooter.model import Outcome

LIBC = {"/usr/lib64/libc.so.6": shared(defines=("GLIBC_2.2.5", "GLIBC_2.14", "GLIBC_2.26", "GLIBC_PRIVATE"))}
NO_LIBC: dict[str, Any] = {}


def package(*versions: str, init: str = "from ._crypt import *\n", libc: dict[str, Any] = LIBC) -> dict[str, Any]:
    return {
        "app.py": "import crypt2\n" + HANDLER,
        "crypt2/__init__.py": init,
        "crypt2/_crypt.abi3.so": shared(needed=("libc.so.6",), needs={"libc.so.6": versions}),
        **libc,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package("GLIBC_2.14", "GLIBC_2.28"), Outcome.FAIL, id="newer"),
        pytest.param(package("GLIBC_2.2.5", "GLIBC_2.26"), Outcome.PASS, id="as new"),
        pytest.param(package("GLIBC_2.3"), Outcome.PASS, id="older, not listed: no question of age"),
        pytest.param(package("GLIBC_ABI_DT_RELR"), Outcome.PASS, id="no number"),
        pytest.param(package("GLIBC_2.28", libc=NO_LIBC), Outcome.PASS, id="libc not at hand"),
        pytest.param(package("GLIBC_2.28", init="X = 1\n"), Outcome.PASS, id="not imported"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_proof_names_both_versions() -> None:
    verdict = python_image(package("GLIBC_2.14", "GLIBC_2.28", "GLIBC_2.34")).ask(the_check)
    assert "GLIBC_2.34" in verdict.message
    assert "GLIBC_2.26" in verdict.message
    assert any(e.source.endswith("/usr/lib64/libc.so.6") for e in verdict.evidence)


def test_a_zips_system_is_not_in_it() -> None:
    assert with_natives(a_zip(package("GLIBC_2.28"))).ask(the_check).outcome is Outcome.NOT_APPLICABLE
