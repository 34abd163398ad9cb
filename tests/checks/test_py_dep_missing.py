from __future__ import annotations

import re
import shlex

import pytest

from tests.coding import HANDLER, SITE, a_source, a_zip, an_image, invoked, logged
from tests.factories import IMAGE
from troubleshooter.checks.handler.py_dep_missing import py_dep_missing as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Outcome, Remediation, Rung

NONE = Unavailable(Reason.DENIED, "not allowed")
LAYER = ("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",)


@pytest.mark.parametrize(
    ("imports", "outcome"),
    [
        pytest.param("import httpx\n", Outcome.FAIL, id="not there"),
        pytest.param("from google.cloud import storage\n", Outcome.FAIL, id="part of a namespace"),
        pytest.param("import distutils\n", Outcome.FAIL, id="left the standard library"),
        pytest.param("class K:\n    import httpx\n", Outcome.FAIL, id="in a class body"),
        pytest.param("try:\n    import httpx\nexcept ImportError:\n    raise\n", Outcome.FAIL, id="caught and raised"),
        pytest.param(
            "try:\n    import ujson\nexcept ImportError:\n    import orjson\n", Outcome.FAIL, id="both missing"
        ),
        pytest.param("import importlib\nimportlib.import_module('httpx')\n", Outcome.FAIL, id="by call"),
        pytest.param("import json, os, asyncio\n", Outcome.PASS, id="standard library"),
        pytest.param("import boto3, dateutil, urllib3\n", Outcome.PASS, id="brought by the runtime"),
        pytest.param("try:\n    import ujson\nexcept ImportError:\n    import json\n", Outcome.PASS, id="guarded"),
        pytest.param(
            "from contextlib import suppress\nwith suppress(ImportError):\n    import httpx\n",
            Outcome.PASS,
            id="suppressed",
        ),
        pytest.param(
            "import typing\nif typing.TYPE_CHECKING:\n    import httpx\n", Outcome.PASS, id="for type checkers"
        ),
        pytest.param(
            "import sys\nif sys.version_info < (3, 11):\n    import tomli\n", Outcome.PASS, id="for older versions"
        ),
        pytest.param(
            "import sys\nif sys.platform == 'win32':\n    import pywin\n", Outcome.PASS, id="for another system"
        ),
        pytest.param("import os\nif os.getenv('DEBUG'):\n    import debugpy\n", Outcome.PASS, id="under a condition"),
        pytest.param("def late():\n    import httpx\n", Outcome.PASS, id="inside a function"),
        pytest.param("import installed.deep\n", Outcome.PASS, id="installed: not looked into"),
        pytest.param("import native\n", Outcome.PASS, id="extension of another Python: another mode"),
        pytest.param(
            "import sys\nsys.path.insert(0, '/var/task/lib')\nimport vendored\n",
            Outcome.PASS,
            id="folder added to sys.path",
        ),
        pytest.param(
            "import sys\nsys.path.insert(0, find())\nimport httpx\n", Outcome.UNKNOWN, id="unknown folder added"
        ),
        pytest.param("import own_broken\n", Outcome.UNKNOWN, id="own module that cannot be parsed"),
    ],
)
def test_outcome(imports: str, outcome: Outcome) -> None:
    files = {
        "app.py": imports + HANDLER,
        f"{SITE}/installed/__init__.py": "import its_optional_dependency\n",
        "native.cpython-39-x86_64-linux-gnu.so": b"\x7fELF",
        "lib/vendored.py": "",
        "own_broken.py": "def broken(:\n",
        f"{SITE}/google/auth/__init__.py": "",
    }
    assert an_image(files).ask(the_check).outcome is outcome


def test_own_modules_are_followed_and_named_by_line() -> None:
    files = {
        "app.py": "from core import client\n" + HANDLER,
        "core/__init__.py": "",
        "core/client.py": '"""Doc."""\nimport httpx\n',
    }
    found = an_image(files, timeline=logged("Unable to import module 'app': No module named 'httpx'")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].source == "image /var/task/core/client.py:2"
    assert found.evidence[0].value == "httpx"
    assert found.evidence[1].label == "looked in"
    assert found.evidence[-1].label == "error in the log"


def test_the_known_distribution_is_installed() -> None:
    found = an_image({"app.py": "import cv2\n" + HANDLER}).ask(the_check)
    assert found.remediation
    assert installed_by(found.remediation)[0].startswith("opencv-python")
    build, update = map(shlex.split, found.remediation.commands)
    assert build[:3] == ["docker", "buildx", "build"]
    assert update[:3] == ["aws", "lambda", "update-function-code"]
    assert "docker run" in found.remediation.verify


def advised(imports: str, asked: str = "", files: dict[str, str] | None = None) -> Remediation:
    """The remediation for an image with these imports, and with these lines of a requirements file in it."""
    given = {"app.py": imports + HANDLER, **({"requirements.txt": asked} if asked else {}), **(files or {})}
    verdict = an_image(given).ask(the_check)
    assert verdict.remediation
    return verdict.remediation


def installed_by(remediation: Remediation) -> list[str]:
    step = re.search(r"`RUN python -m pip install (.*?)`\.", remediation.text)
    return shlex.split(step[1]) if step else []


@pytest.mark.parametrize(
    ("imports", "name"),
    [
        ("import yaml\n", "pyyaml"),
        ("import PIL.Image\n", "pillow"),
        ("from google.cloud import storage\n", "google-cloud-storage"),
        ("from google.cloud import bigquery_storage_v1\n", "google-cloud-bigquery-storage"),
        ("import requests\n", "requests"),
    ],
)
def test_the_table_tells_who_brings_it(imports: str, name: str) -> None:
    found = advised(imports)
    assert installed_by(found) == [name]
    assert f"Add `{name}` to the requirements: it brings" in found.text


def test_a_requirement_is_taken_before_the_table() -> None:
    found = advised("import cv2\n", "opencv-contrib-python>=4.8,<5\n")
    assert installed_by(found) == ["opencv-contrib-python<5,>=4.8"]
    assert "is asked for (/var/task/requirements.txt:1)" in found.text
    assert "name alone" not in found.text


def test_a_requirement_of_the_imports_name_is_told_as_such() -> None:
    found = advised("import frobnicate\n", "frobnicate==2.1\n")
    assert installed_by(found) == ["frobnicate==2.1"]
    assert "that it brings `frobnicate` is told by its name alone" in found.text


@pytest.mark.parametrize(
    "imports", ["import frobnicate\n", "from google.cloud import frobnicate\n", "import requestz\n"]
)
def test_nothing_is_installed_only_for_having_the_imports_name(imports: str) -> None:
    found = advised(imports)
    assert found.commands == ()
    assert "may be somebody else's" in found.text


def test_what_comes_from_elsewhere_is_not_installed_from_the_usual_index() -> None:
    found = advised("import frobnicate\n", "frobnicate @ https://example.com/f.whl\n")
    assert found.commands == ()
    assert "is asked for" in found.text


def test_metadata_lists_a_module_whose_files_are_gone() -> None:
    info = {
        f"{SITE}/frob_tools-2.1.dist-info/METADATA": "Name: frob-tools\nVersion: 2.1\n",
        f"{SITE}/frob_tools-2.1.dist-info/top_level.txt": "frobnicate\n",
    }
    found = advised("import frobnicate\n", files=info)
    assert installed_by(found) == ["frob-tools==2.1"]
    assert "its metadata lists `frobnicate`, whose files are not there" in found.text
    shared = {**info, f"{SITE}/other-1.dist-info/top_level.txt": "frobnicate\n"}
    assert advised("import frobnicate.part\n", files=shared).commands == ()


def test_zip_packages() -> None:
    assert a_zip({"app.py": "import requests\n" + HANDLER}).ask(the_check).outcome is Outcome.FAIL
    there = {"app.py": "import certifi\n" + HANDLER, "certifi/__init__.py": ""}
    assert a_zip(there).ask(the_check).outcome is Outcome.PASS
    assert a_zip({"app.py": "import boto3\n" + HANDLER}).ask(the_check).outcome is Outcome.PASS
    assert a_zip({"app.py": "import requests\n" + HANDLER}, layers=LAYER).ask(the_check).outcome is Outcome.UNKNOWN
    perhaps = a_zip({"app.py": "import pkg_resources\n" + HANDLER}).ask(the_check)
    assert perhaps.outcome is Outcome.UNKNOWN


def test_a_source_folder_does_not_show_what_is_installed() -> None:
    files = {
        "Dockerfile": 'FROM public.ecr.aws/lambda/python:3.12\nCMD ["app.handler"]\n',
        "app.py": "import requests\n" + HANDLER,
    }
    assert a_source(files).ask(the_check).outcome is Outcome.UNKNOWN


def test_an_import_inside_a_function_bites_when_a_call_ran_into_it() -> None:
    source = "def handler(event, context):\n    import httpx\n"
    failed = invoked(status="error", error="No module named 'httpx'", error_type="ModuleNotFoundError")
    other = invoked(status="error", error="No module named 'yaml'")
    assert an_image({"app.py": source}, timeline=logged(invocations=(other,))).ask(the_check).outcome is Outcome.PASS
    found = an_image({"app.py": source}, timeline=logged(invocations=(failed,))).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.INVOKE


def test_without_layers_nothing_is_said() -> None:
    assert an_image({}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    closure = ImportClosure(reading=IMAGE, language="node")
    runtime = RuntimeModel(reading=IMAGE, language="node", client="zip")
    assert the_check(closure, runtime, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE).outcome is Outcome.NOT_APPLICABLE


def test_what_could_not_be_followed_in_time_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troubleshooter.analysis.python.imports.SECONDS", -1.0)
    verdict = an_image({"app.py": "import requests\n" + HANDLER}).ask(the_check)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "files were followed in" in verdict.message


@pytest.mark.parametrize(
    "library",
    [
        {"big/__init__.py": "from ._v import __version__\nfrom . import inner\n", "big/_v.py": "__version__ = '1'\n"},
        {"big/__init__.py": "from . import inner\n", "big/py.typed": ""},
    ],
)
def test_a_library_without_its_metadata_is_not_followed(library: dict[str, str]) -> None:
    files = {"app.py": "import big\n" + HANDLER, "big/inner.py": "import an_extra\n", **library}
    assert an_image(files).ask(the_check).outcome is Outcome.PASS
    own = {"app.py": "import big\n" + HANDLER, "big/__init__.py": "from . import inner\n"}
    assert an_image({**own, "big/inner.py": "import an_extra\n"}).ask(the_check).outcome is Outcome.FAIL


def test_a_signed_module_is_no_own_code() -> None:
    signed = "__author__ = 'A'\n__version__ = '1'\nimport an_extra\n"
    assert an_image({"app.py": "import six7\n" + HANDLER, "six7.py": signed}).ask(the_check).outcome is Outcome.PASS
    own = "__version__ = '1'\nimport an_extra\n"
    assert an_image({"app.py": "import six7\n" + HANDLER, "six7.py": own}).ask(the_check).outcome is Outcome.FAIL


LACKING = "Unable to import module 'app': No module named 'pydantic'"
PARSER = {
    "app.py": "from tools.parser import parse\n" + HANDLER,
    f"{SITE}/tools-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: tools\nVersion: 1\n",
    f"{SITE}/tools/__init__.py": "",
    f"{SITE}/tools/parser.py": "import json\nfrom pydantic import BaseModel\n",
}


def test_what_an_installed_package_lacks_is_told_by_the_client_and_proven_by_the_files() -> None:
    report = "REPORT RequestId: 1\tStatus: error\tError Type: Runtime.ImportModuleError"
    found = an_image(PARSER, timeline=logged(LACKING, report)).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert f"{SITE}/tools/parser.py:2 imports `pydantic`" in found.message
    assert any("No module named 'pydantic'" in e.value for e in found.evidence)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param(PARSER, (), id="the client says nothing"),
        pytest.param(PARSER, ("Unable to import module 'app': No module named 'yaml'",), id="nothing imports it"),
        pytest.param({**PARSER, "/srv/libs/pydantic/__init__.py": ""}, (LACKING,), id="it lies somewhere"),
        pytest.param({**PARSER, f"{SITE}/pydantic.py": ""}, (LACKING,), id="it is there now"),
    ],
)
def test_what_the_client_says_alone_proves_nothing(files: dict[str, str], said: tuple[str, ...]) -> None:
    assert an_image(files, timeline=logged(*said)).ask(the_check).outcome is Outcome.PASS
