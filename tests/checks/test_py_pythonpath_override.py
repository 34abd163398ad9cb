from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.coding import HANDLER, a_source, a_zip, an_image
from tests.factories import variable
from troubleshooter.checks.handler.py_pythonpath_override import py_pythonpath_override as the_check
from troubleshooter.model import Outcome

LAYER = "/opt/python"
SITE = "/opt/python/lib/python3.12/site-packages"
APP = {"app.py": "import httpx\n" + HANDLER}
FOREIGN = (variable("PYTHONPATH", "/packages"),)


def asked(files: dict[str, Any], **config: Any) -> Any:
    return an_image({**APP, **files}, **{"environment": FOREIGN, **config}).ask(the_check)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({f"{LAYER}/httpx/__init__.py": ""}, id="a package of a layer"),
        pytest.param({f"{LAYER}/httpx.py": ""}, id="a module of a layer"),
        pytest.param({f"{SITE}/httpx/__init__.py": ""}, id="in its site-packages"),
        pytest.param(
            {"app.py": "import google.cloud.storage\n" + HANDLER, f"{LAYER}/google/cloud/storage/__init__.py": ""},
            id="part of a namespace",
        ),
    ],
)
def test_what_lies_in_the_folder_that_is_left_out(files: dict[str, Any]) -> None:
    found = asked(files)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.evidence[0].value == "/packages"
    assert found.evidence[2].source.startswith("image /opt/python/")
    assert found.remediation
    assert "out of the image's ENV" in found.remediation.text


def test_the_functions_own_value_counts() -> None:
    files = {f"{LAYER}/httpx.py": ""}
    found = asked(files, environment=(), own=FOREIGN)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].label == "PYTHONPATH of the function"
    assert found.remediation
    assert "add `:/opt/python` to its value" in found.remediation.text
    assert found.remediation.commands == ()
    assert asked(files, own=(variable("PYTHONPATH", "/opt/python"),)).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("files", "config", "outcome"),
    [
        pytest.param({f"{LAYER}/httpx.py": ""}, {"environment": ()}, Outcome.PASS, id="not set"),
        pytest.param(
            {f"{LAYER}/httpx.py": ""},
            {"environment": (variable("PYTHONPATH", "/packages:/opt/python"),)},
            Outcome.PASS,
            id="it names the folder",
        ),
        pytest.param({f"{LAYER}/yaml.py": ""}, {}, Outcome.PASS, id="something else lies there"),
        pytest.param({}, {}, Outcome.PASS, id="it lies nowhere"),
        pytest.param({f"{LAYER}/httpx.py": "", "httpx.py": ""}, {}, Outcome.PASS, id="it lies in the task root too"),
        pytest.param({f"{LAYER}/httpx/data.txt": ""}, {}, Outcome.PASS, id="a folder without the module"),
        pytest.param(
            {"/opt/python/lib/python3.9/site-packages/httpx.py": ""}, {}, Outcome.PASS, id="of another version"
        ),
        pytest.param(
            {"app.py": "import sys\nsys.path.append('/opt/python')\nimport httpx\n" + HANDLER, f"{LAYER}/httpx.py": ""},
            {},
            Outcome.PASS,
            id="the code adds the folder",
        ),
        pytest.param(
            {"app.py": "import sys\nsys.path.append(find())\nimport httpx\n" + HANDLER, f"{LAYER}/httpx.py": ""},
            {},
            Outcome.UNKNOWN,
            id="the code adds an unknown folder",
        ),
        pytest.param(
            {f"{LAYER}/httpx.py": ""},
            {"environment": (), "own": (dataclasses.replace(FOREIGN[0], value=None),)},
            Outcome.UNKNOWN,
            id="the value is not known",
        ),
    ],
)
def test_innocent(files: dict[str, Any], config: dict[str, Any], outcome: Outcome) -> None:
    assert asked(files, **config).outcome is outcome


def test_other_targets_are_not_asked() -> None:
    assert a_zip(APP, environment=FOREIGN).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert a_source(APP).ask(the_check).outcome is not Outcome.FAIL
