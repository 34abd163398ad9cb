from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, SITE, a_source, a_zip, logged
from tests.native import MACHO, native, node_image, python_image, shared, with_natives
from troubleshooter.checks.handler.py_dep_missing import py_dep_missing
from troubleshooter.checks.handler.py_wrong_abi_tag import py_wrong_abi_tag as the_check
from troubleshooter.model import Outcome, Rung

OLD = "_psycopg.cpython-39-x86_64-linux-gnu.so"
NEW = "_psycopg.cpython-312-x86_64-linux-gnu.so"
LOADS = "from psycopg2._psycopg import connect\n"


def package(init: str = LOADS, *names: str, folder: str = "psycopg2", **more: Any) -> dict[str, Any]:
    files = {f"{folder}/{name}": shared() for name in names or (OLD,)}
    return {"app.py": "import psycopg2\n" + HANDLER, f"{folder}/__init__.py": init, **files, **more}


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(), Outcome.FAIL, id="built for 3.9"),
        pytest.param(package(folder=f"{SITE}/psycopg2"), Outcome.FAIL, id="in site-packages"),
        pytest.param(package("from . import _psycopg\n"), Outcome.FAIL, id="from the package"),
        pytest.param(package("from ._psycopg import *\n"), Outcome.FAIL, id="relative, everything"),
        pytest.param(
            package("try:\n    from . import _psycopg\nexcept ImportError as e:\n    raise ImportError('x') from e\n"),
            Outcome.FAIL,
            id="caught and raised again",
        ),
        pytest.param(package(LOADS, OLD, "_psycopg.cpython-311-x86_64-linux-gnu.so"), Outcome.FAIL, id="two others"),
        pytest.param(package(LOADS, OLD, NEW), Outcome.PASS, id="the right one beside it"),
        pytest.param(package(LOADS, NEW), Outcome.PASS, id="the right one"),
        pytest.param(package(LOADS, "_psycopg.abi3.so"), Outcome.PASS, id="stable ABI"),
        pytest.param(package(LOADS, "_psycopg.so"), Outcome.PASS, id="no tag"),
        pytest.param(
            package("try:\n    from . import _psycopg\nexcept ImportError:\n    _psycopg = None\n"),
            Outcome.PASS,
            id="optional speed-up",
        ),
        pytest.param(package("def connect():\n    from . import _psycopg\n"), Outcome.PASS, id="inside a function"),
        pytest.param(package("VERSION = 1\n"), Outcome.PASS, id="nothing imports it"),
        pytest.param({**package(), "app.py": HANDLER}, Outcome.PASS, id="the package is not imported"),
        pytest.param(package(LOADS, "_psycopg.py", OLD), Outcome.PASS, id="a Python file of the same name"),
        pytest.param({**package(), f"psycopg2/{OLD}": native(MACHO)}, Outcome.PASS, id="a macOS file: another mode"),
        pytest.param({**package(), f"psycopg2/{OLD}": shared("arm64")}, Outcome.PASS, id="another CPU: another mode"),
        pytest.param(
            package("import os\n__path__.append(os.environ['X'])\n" + LOADS), Outcome.PASS, id="moves its own path"
        ),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    if "psycopg2/_psycopg.py" in files:
        files["psycopg2/_psycopg.py"] = "connect = None\n"
    assert python_image(files).ask(the_check).outcome is outcome


def test_proof_names_file_importer_and_wanted_endings() -> None:
    verdict = python_image(package()).ask(the_check)
    assert "cpython-39" in verdict.message
    assert "3.12" in verdict.message
    sources = [e.source for e in verdict.evidence]
    assert any(s.endswith(f"/var/task/psycopg2/{OLD}") for s in sources)
    assert any(s.endswith("/var/task/psycopg2/__init__.py:1") for s in sources)
    assert any(".cpython-312-x86_64-linux-gnu.so" in e.value for e in verdict.evidence)
    assert verdict.remediation is not None
    assert any("psycopg2" in c for c in verdict.remediation.commands)
    assert the_check.__check__[2] is Rung.HANDLER  # type: ignore[attr-defined]


def test_deep_in_installed_packages() -> None:
    files = package() | {"app.py": "import orm\n" + HANDLER, f"{SITE}/orm/__init__.py": "from . import engine\n"}
    files[f"{SITE}/orm/engine.py"] = "import psycopg2\n"
    assert python_image(files).ask(the_check).outcome is Outcome.FAIL


def test_a_guarded_import_is_proven_by_the_log_alone() -> None:
    files = package("import importlib\nname = '_psy' + 'copg'\nimportlib.import_module(__name__ + '.' + name)\n")
    assert python_image(files).ask(the_check).outcome is Outcome.PASS
    said = logged("Unable to import module 'app': No module named 'psycopg2._psycopg'")
    assert python_image(files, timeline=said).ask(the_check).outcome is Outcome.FAIL
    other = logged("Unable to import module 'app': No module named 'psycopg2._psycopg_other'")
    assert python_image(files, timeline=other).ask(the_check).outcome is Outcome.PASS


def test_zip_package_is_looked_at_too_and_layers_leave_it_open() -> None:
    files = package()
    assert with_natives(a_zip(files)).ask(the_check).outcome is Outcome.FAIL
    layer = ("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",)
    verdict = with_natives(a_zip(files, layers=layer)).ask(the_check)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock is not None


def test_not_for_other_languages_and_sources() -> None:
    assert node_image({"index.js": "exports.handler = 1;\n"}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert with_natives(a_source(package())).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_py_dep_missing_does_not_speak_of_it() -> None:
    assert python_image(package()).ask(py_dep_missing).outcome is not Outcome.FAIL
