from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip, logged
from tests.factories import variable
from tests.launching import link, linux
from tests.native import node_image, python_image, shared, started, with_natives
from troubleshooter.checks.handler.dynamic_lib_missing import dynamic_lib_missing as the_check
from troubleshooter.model import Outcome, Rung

FILE = "/var/task/vision/_core.abi3.so"
GL = ("libGL.so.1", "libc.so.6")


def package(needed: Any = GL, init: Any = "from ._core import *\n", **files: Any) -> dict[str, Any]:
    base = {
        "app.py": "import vision\n" + HANDLER,
        "vision/__init__.py": init,
        "vision/_core.abi3.so": shared(needed=needed),
    }
    return {**base, **files}


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(), Outcome.FAIL, id="nowhere"),
        pytest.param(package(**{"/usr/lib64/libGL.so.1": shared()}), Outcome.PASS, id="in a default folder"),
        pytest.param(package(**{"/opt/gl/libGL.so.1": shared()}), Outcome.PASS, id="elsewhere: may be loaded before"),
        pytest.param(package(**{"/usr/lib64/libGL.so.1": link("libGL.so.1.7")}), Outcome.PASS, id="a link by that name"),
        pytest.param(
            package(
                ("libx-1a2b.so.1",),
                **{
                    "vision/_core.abi3.so": shared(needed=("libx-1a2b.so.1",), runpath="$ORIGIN/../vision.libs"),
                    "vision.libs/libx-1a2b.so.1": shared(),
                },
            ),
            Outcome.PASS,
            id="brought by the wheel",
        ),
        pytest.param(
            package(("libcv.so.4",), **{"/usr/lib64/libcv.so.4": shared(needed=("libGL.so.1",))}),
            Outcome.FAIL,
            id="a library's library",
        ),
        pytest.param(package(("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2")), Outcome.PASS, id="the C library itself"),
        pytest.param(package(("libc.musl-x86_64.so.1",)), Outcome.PASS, id="musl: another mode"),
        pytest.param(package(init="try:\n    from . import _core\nexcept ImportError:\n    pass\n"), Outcome.PASS, id="optional"),
        pytest.param({**package(), "app.py": HANDLER}, Outcome.PASS, id="not imported"),
    ],
)  # fmt: skip
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files).ask(the_check).outcome is outcome


def test_proof_names_the_library_and_who_needs_it() -> None:
    said = logged(
        "Unable to import module 'app': libGL.so.1: cannot open shared object file: No such file or directory"
    )
    verdict = python_image(package(), timeline=said).ask(the_check)
    assert "libGL.so.1" in verdict.message
    assert any(e.value == "libGL.so.1" and e.source.endswith(FILE) for e in verdict.evidence)
    assert any("cannot open" in e.value for e in verdict.evidence)
    assert verdict.remediation is not None
    assert "libGL.so.1" in verdict.remediation.text


def test_the_chain_from_the_handler_is_named() -> None:
    files = {**package(), "app.py": "import own\n" + HANDLER, "own.py": "\nimport vision\n"}
    chain = next(
        e.value for e in python_image(files).ask(the_check).evidence if e.label == "imports from the handler on"
    )
    assert chain == "/var/task/app.py:1 → /var/task/own.py:2 → /var/task/vision/__init__.py:1"


def test_library_path_is_followed_to_the_libraries_of_libraries() -> None:
    files = package(("libcv.so.4",), **{"/opt/x/libcv.so.4": shared(needed=("libGL.so.1",))})
    path = (variable("LAMBDA_TASK_ROOT", "/var/task"), variable("LD_LIBRARY_PATH", "/opt/x:/lib64"))
    assert python_image(files).ask(the_check).outcome is Outcome.PASS
    assert python_image(files, environment=path).ask(the_check).outcome is Outcome.FAIL


def test_the_functions_own_library_path_replaces_the_images() -> None:
    files = package(("libcv.so.4",), **{"/opt/x/libcv.so.4": shared(needed=("libGL.so.1",))})
    image = (variable("LAMBDA_TASK_ROOT", "/var/task"), variable("LD_LIBRARY_PATH", "/opt/x"))
    own = (variable("LD_LIBRARY_PATH", "/var/task/lib"),)
    assert python_image(files, environment=image, own=own).ask(the_check).outcome is Outcome.PASS
    assert python_image(files, environment=own, own=(image[1],)).ask(the_check).outcome is Outcome.FAIL


@pytest.mark.parametrize(("there", "outcome"), [(False, Outcome.FAIL), (True, Outcome.PASS)])
def test_the_started_program(there: bool, outcome: Outcome) -> None:
    files = {"/var/runtime/bootstrap": started(needed=("libssl.so.3",))}
    more = {"/usr/lib64/libssl.so.3": shared()} if there else {}
    verdict = python_image({**files, **more}, base=linux(), entrypoint=("/var/runtime/bootstrap",)).ask(the_check)
    assert verdict.outcome is outcome
    assert verdict.rung is (None if there else Rung.RUNTIME)


def test_node_addon() -> None:
    files = {
        "index.js": "const v = require('v');\nexports.handler = async () => v;\n",
        "node_modules/v/index.js": "module.exports = require('./v.node');\n",
        "node_modules/v/v.node": shared(needed=GL),
    }
    assert node_image(files).ask(the_check).outcome is Outcome.FAIL


def test_a_zips_system_is_not_in_it() -> None:
    assert with_natives(a_zip(package())).ask(the_check).outcome is Outcome.NOT_APPLICABLE
