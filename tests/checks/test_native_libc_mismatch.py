from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip
from tests.native import python_image, shared, with_natives
from troubleshooter.checks.runtime.native_libc_mismatch import native_libc_mismatch as the_check
from troubleshooter.model import Outcome, Rung

GLIBC = {"/usr/lib64/libc.so.6": shared(defines=("GLIBC_2.2.5", "GLIBC_2.34"))}
MUSL = {"/usr/lib/ld-musl-x86_64.so.1": shared()}
OF_GLIBC: dict[str, Any] = {"needed": ("libc.so.6",), "needs": {"libc.so.6": ("GLIBC_2.2.5",)}}


def package(system: dict[str, Any], init: str = "from ._fast import *\n", **file: Any) -> dict[str, Any]:
    return {
        "app.py": "import fast\n" + HANDLER,
        "fast/__init__.py": init,
        "fast/_fast.abi3.so": shared(**file),
        **system,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(GLIBC, needed=("libc.musl-x86_64.so.1",)), Outcome.FAIL, id="musl's library on glibc"),
        pytest.param(package(GLIBC, needed=("libc.so",)), Outcome.FAIL, id="musl-gcc's on glibc"),
        pytest.param(package(GLIBC, **OF_GLIBC), Outcome.PASS, id="glibc's own"),
        pytest.param(package(GLIBC, needed=("libfoo.so",)), Outcome.PASS, id="another library: another mode"),
        pytest.param(package({}, needed=("libc.musl-x86_64.so.1",)), Outcome.PASS, id="no C library at hand"),
        pytest.param(
            package({**GLIBC, "/usr/lib64/libc.musl-x86_64.so.1": shared()}, needed=("libc.musl-x86_64.so.1",)),
            Outcome.PASS,
            id="musl's library was installed beside",
        ),
        pytest.param(
            package(GLIBC, init="try:\n    from . import _fast\nexcept ImportError:\n    pass\n", needed=("libc.so",)),
            Outcome.PASS,
            id="optional",
        ),
        pytest.param(package(MUSL, **OF_GLIBC, symbols=("__memcpy_chk",)), Outcome.FAIL, id="glibc's symbol on musl"),
        pytest.param(
            package(MUSL, needed=("ld-linux-x86-64.so.2",), needs={"libc.so.6": ("GLIBC_2.4",)}),
            Outcome.FAIL,
            id="glibc's loader on musl",
        ),
        pytest.param(package(MUSL, **OF_GLIBC), Outcome.PASS, id="glibc's, with nothing that musl lacks for certain"),
        pytest.param(package(MUSL, needed=("libc.musl-x86_64.so.1",)), Outcome.PASS, id="musl's own"),
        pytest.param(
            package({**MUSL, "/lib/libgcompat.so.0": shared()}, **OF_GLIBC, symbols=("__memcpy_chk",)),
            Outcome.PASS,
            id="gcompat",
        ),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_proof_names_what_is_needed_and_bites_at_the_handler() -> None:
    verdict = python_image(package(GLIBC, needed=("libc.musl-x86_64.so.1",))).ask(the_check)
    assert verdict.rung is Rung.HANDLER
    assert "libc.musl-x86_64.so.1" in verdict.message
    assert any("app.py" in e.source or "fast/__init__.py:1" in e.source for e in verdict.evidence)


def test_a_zips_system_is_not_in_it() -> None:
    files = package({}, needed=("libc.musl-x86_64.so.1",))
    assert with_natives(a_zip(files)).ask(the_check).outcome is Outcome.NOT_APPLICABLE
