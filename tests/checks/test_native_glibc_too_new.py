from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip
from tests.launching import linux
from tests.native import python_image, shared, started, with_natives
from troubleshooter.checks.handler.native_glibc_too_new import native_glibc_too_new as the_check
from troubleshooter.model import Outcome, Rung

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


@pytest.mark.parametrize(
    ("runtime", "version", "outcome"),
    [
        ("python3.11", "GLIBC_2.28", Outcome.FAIL),
        ("python3.11", "GLIBC_2.26", Outcome.PASS),
        ("python3.12", "GLIBC_2.28", Outcome.PASS),
        ("python3.12", "GLIBC_2.35", Outcome.FAIL),
        ("python3.12", "GLIBC_ABI_DT_RELR", Outcome.PASS),
        ("python3.99", "GLIBC_2.99", Outcome.NOT_APPLICABLE),
    ],
)
def test_a_managed_runtimes_glibc_is_known(runtime: str, version: str, outcome: Outcome) -> None:
    verdict = with_natives(a_zip(package(version, libc=NO_LIBC), runtime_name=runtime)).ask(the_check)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert any("runtimes.json" in e.source for e in verdict.evidence)


def test_a_library_that_a_package_brings_is_asked_too() -> None:
    files = package(libc=NO_LIBC)
    files["crypt2/_crypt.abi3.so"] = shared(needed=("libx.so.1",), runpath="$ORIGIN")
    files["crypt2/libx.so.1"] = shared(needed=("libc.so.6",), needs={"libc.so.6": ("GLIBC_2.38",)})
    verdict = with_natives(a_zip(files)).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert any(e.source.endswith("/var/task/crypt2/libx.so.1") for e in verdict.evidence)


@pytest.mark.parametrize(
    ("version", "outcome"), [("GLIBC_2.38", Outcome.FAIL), ("GLIBC_2.34", Outcome.PASS), ("", Outcome.PASS)]
)
def test_a_custom_runtimes_bootstrap(version: str, outcome: Outcome) -> None:
    needs = {"libc.so.6": (version,)} if version else {}
    made = {"bootstrap": started(needed=("libc.so.6",), needs=needs)}
    verdict = with_natives(a_zip(made, handler="any", runtime_name="provided.al2023")).ask(the_check)
    assert verdict.outcome is outcome
    assert verdict.rung in (None, Rung.RUNTIME)


@pytest.mark.parametrize(("version", "outcome"), [("GLIBC_2.38", Outcome.FAIL), ("GLIBC_2.26", Outcome.PASS)])
def test_an_images_own_program(version: str, outcome: Outcome) -> None:
    files = {
        "/usr/lib64/libc.so.6": LIBC["/usr/lib64/libc.so.6"],
        "/var/runtime/bootstrap": started(needed=("libc.so.6",), needs={"libc.so.6": (version,)}),
    }
    launched = python_image(files, base=linux(), entrypoint=("/var/runtime/bootstrap",))
    verdict = launched.ask(the_check)
    assert verdict.outcome is outcome
    if outcome is Outcome.FAIL:
        assert verdict.rung is Rung.RUNTIME
        assert verdict.remediation is not None
        assert "zigbuild" in verdict.remediation.text
