from __future__ import annotations

import pytest

from tests.coding import HANDLER, SITE, a_zip, an_image
from tests.factories import variable
from troubleshooter.checks.handler.py_installed_in_wrong_place import py_installed_in_wrong_place as the_check
from troubleshooter.model import Outcome


def installed(folder: str, name: str = "httpx") -> dict[str, str]:
    return {
        f"{folder}/{name}/__init__.py": "",
        f"{folder}/{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\nText\nName: no\n",
        f"{folder}/{name}-1.0.dist-info/top_level.txt": f"{name}\n",
    }


SOURCE = {"app.py": "import httpx\n" + HANDLER}


@pytest.mark.parametrize(
    ("folder", "advice"),
    [
        pytest.param("/usr/lib/python3.9/site-packages", "python3.12 -m pip", id="the system's Python"),
        pytest.param("/var/task/.venv/lib/python3.12/site-packages", "virtual environment", id="a virtual environment"),
        pytest.param("/root/.local/lib/python3.12/site-packages", "--user", id="the builder's home"),
        pytest.param("/usr/local/lib/python3.12/site-packages", "interpreter that runs", id="another prefix"),
        pytest.param("/packages", "--target /var/task", id="any folder"),
    ],
)
def test_failure(folder: str, advice: str) -> None:
    found = an_image({**SOURCE, **installed(folder)}).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[1].value == folder
    assert found.remediation
    assert advice in found.remediation.text


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({**SOURCE, **installed(SITE)}, id="the interpreter's own site-packages"),
        pytest.param({**SOURCE, **installed("/var/task")}, id="the task root"),
        pytest.param({**SOURCE, **installed("/opt/python")}, id="a layer's folder"),
        pytest.param(
            {**SOURCE, **installed("/usr/lib/python3.9/site-packages", "yaml")}, id="something else elsewhere"
        ),
        pytest.param({"app.py": HANDLER, **installed("/usr/lib/python3.9/site-packages")}, id="not imported"),
    ],
)
def test_innocent(files: dict[str, str]) -> None:
    assert an_image(files).ask(the_check).outcome is Outcome.PASS


def test_folders_of_pythonpath_are_searched() -> None:
    path = variable("PYTHONPATH", "/packages")
    assert an_image({**SOURCE, **installed("/packages")}, environment=(path,)).ask(the_check).outcome is Outcome.PASS


def test_where_nothing_may_be_called_missing() -> None:
    layered = a_zip({"app.py": "import httpx\n" + HANDLER}, layers=("arn:aws:lambda:x:1:layer:l:1",))
    assert layered.ask(the_check).outcome is Outcome.UNKNOWN
    assert an_image({}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
