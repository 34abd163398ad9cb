from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, a_zip
from tests.factories import variable
from tests.launching import program
from tests.native import python_image, shared, started, with_natives
from troubleshooter.checks.invoke.ld_library_path_shadowing import ld_library_path_shadowing as the_check
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.model import Outcome, Rung

NEW = shared(defines=("OPENSSL_3.0.0", "OPENSSL_3.2.0"))
OLD = shared(defines=("OPENSSL_3.0.0",))
OWN, SYSTEM, LAYER = "/var/lang/lib/libcrypto.so.3", "/usr/lib64/libcrypto.so.3", "/opt/lib/libcrypto.so.3"
PATH = (variable("LAMBDA_TASK_ROOT", "/var/task"), variable("LD_LIBRARY_PATH", "/var/lang/lib:/lib64:/opt/lib"))


def package(init: Any = "from ._tls import *\n", **libraries: Any) -> dict[str, Any]:
    needs = {"libcrypto.so.3": ("OPENSSL_3.2.0",)}
    return {
        "app.py": "import tls\n" + HANDLER,
        "tls/__init__.py": init,
        "tls/_tls.abi3.so": shared(needed=("libcrypto.so.3",), needs=needs),
        **libraries,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(**{OWN: OLD, SYSTEM: NEW}), Outcome.FAIL, id="the runtime's copy wins"),
        pytest.param(package(**{OWN: NEW, SYSTEM: OLD}), Outcome.PASS, id="the right one wins"),
        pytest.param(package(**{OWN: OLD, SYSTEM: OLD}), Outcome.PASS, id="both are too old: another mode"),
        pytest.param(
            package(**{OWN: shared(), SYSTEM: NEW}), Outcome.PASS, id="without versions the loader only warns"
        ),
        pytest.param(
            package(**{SYSTEM: OLD, LAYER: NEW}), Outcome.PASS, id="the right one is nowhere without the variable"
        ),
        pytest.param(
            package(**{OWN: OLD, SYSTEM: NEW, "/var/task/tls.libs/libcrypto.so.3": NEW}),
            Outcome.PASS,
            id="the wheel brings one too: it may be loaded before",
        ),
        pytest.param(package(init="X = 1\n", **{OWN: OLD, SYSTEM: NEW}), Outcome.PASS, id="not imported"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert python_image(files, environment=PATH).ask(the_check).outcome is outcome


def test_without_the_variable_nothing_is_hidden_and_the_functions_own_counts() -> None:
    files = package(**{LAYER: OLD, SYSTEM: NEW})
    own = (variable("LD_LIBRARY_PATH", "/opt/lib"),)
    assert python_image(files).ask(the_check).outcome is Outcome.PASS
    verdict = python_image(files, own=own).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.HANDLER
    assert verdict.remediation is not None
    assert "the function's environment" in verdict.remediation.text
    assert any(e.source.endswith("/opt/lib/libcrypto.so.3") for e in verdict.evidence)


def test_what_the_interpreter_has_loaded_itself_counts() -> None:
    files = package(**{OWN: OLD, SYSTEM: NEW, "/var/lang/ssl/libcrypto.so.3": NEW})
    files["/var/lang/bin/python3.12"] = started(needed=("libcrypto.so.3",), runpath="/var/lang/ssl")
    assert python_image(files).ask(the_check).outcome is Outcome.PASS


def test_a_script_or_wrapper_may_set_the_variable_itself() -> None:
    script = program("#!/bin/bash\nexport LD_LIBRARY_PATH=/lib64\nexec /var/lang/bin/python3.12\n")
    files = package(**{OWN: OLD, SYSTEM: NEW, "/var/runtime/bootstrap": script})
    assert python_image(files, environment=PATH).ask(the_check).outcome is Outcome.PASS
    own = (variable("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrap"),)
    assert (
        python_image(package(**{OWN: OLD, SYSTEM: NEW}), environment=PATH, own=own).ask(the_check).outcome
        is Outcome.PASS
    )


def test_a_value_that_is_not_known_leaves_it_open() -> None:
    own = (EnvironmentVariable("LD_LIBRARY_PATH", 9, "expression", "0" * 12),)
    assert python_image(package(**{OWN: OLD, SYSTEM: NEW}), own=own).ask(the_check).outcome is Outcome.UNKNOWN


def test_a_zips_system_is_not_in_it() -> None:
    assert with_natives(a_zip(package())).ask(the_check).outcome is Outcome.NOT_APPLICABLE
