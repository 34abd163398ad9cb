from __future__ import annotations

from typing import Any

import pytest

from tests import coding
from tests.coding import SITE, a_source, an_image
from tests.factories import function_record
from troubleshooter.checks.handler.pkg_shadowing import pkg_shadowing as the_check
from troubleshooter.model import Outcome, Rung

USES = "import requests\nsession = requests.Session()\n" + coding.HANDLER
OWN = "def make_request(event):\n    return event\n"
PACKAGE = {
    f"{SITE}/requests/__init__.py": "class Session:\n    pass\n",
    f"{SITE}/requests-2.32.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: requests\nVersion: 2.32.3\n",
    f"{SITE}/requests-2.32.3.dist-info/top_level.txt": "requests\n",
}


def asked(files: dict[str, Any]) -> Any:
    return an_image({"app.py": USES, "requests.py": OWN, **PACKAGE, **files}).ask(the_check)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="an attribute"),
        pytest.param({"app.py": "from requests import Session\n" + coding.HANDLER}, id="a name that is imported"),
        pytest.param({"app.py": USES.replace("requests", "requests as r", 1).replace("requests.", "r.")}, id="renamed"),
        pytest.param({"app.py": "import client\n" + coding.HANDLER, "client.py": USES}, id="in another own module"),
        pytest.param({"requests.py": Ellipsis, "requests/__init__.py": OWN}, id="a folder"),
    ],
)
def test_an_own_module_in_the_packages_place(files: dict[str, Any]) -> None:
    given = {"app.py": USES, "requests.py": OWN, **PACKAGE, **files}
    found = an_image({k: v for k, v in given.items() if v is not Ellipsis}).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung in (None, Rung.HANDLER)
    assert "hides requests 2.32.3" in found.message
    assert found.remediation
    assert "/var/task/requests" in found.remediation.text


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"requests.py": OWN + "class Session: pass\n"}, id="it has the name"),
        pytest.param({"requests.py": "from vendored.requests import *\n"}, id="it takes everything of another"),
        pytest.param({"requests.py": "def __getattr__(name): return name\n"}, id="it answers any name"),
        pytest.param(
            {"requests.py": "import sys\nsys.modules[__name__] = load()\n"}, id="it puts another in its place"
        ),
        pytest.param(
            {"app.py": "import requests\nrequests.make_request(1)\n" + coding.HANDLER}, id="its own name is used"
        ),
        pytest.param({"app.py": "import requests\nif X:\n    requests.Session()\n" + coding.HANDLER}, id="in a branch"),
        pytest.param(
            {
                "app.py": "import requests\ntry:\n    requests.Session()\nexcept AttributeError:\n    pass\n"
                + coding.HANDLER
            },
            id="handled",
        ),
        pytest.param(
            {"app.py": "import setup\n" + USES, "setup.py": "import requests\nrequests.Session = object\n"}, id="set"
        ),
        pytest.param({f"{SITE}/requests/__init__.py": "class Other: pass\n"}, id="the package lacks it as well"),
        pytest.param({"app.py": "def handler(e, c):\n    import requests\n    requests.Session()\n"}, id="later"),
        pytest.param({"app.py": "import sys\nsys.path.insert(0, FOLDER)\n" + USES}, id="another search path"),
    ],
)
def test_what_may_be_meant(files: dict[str, Any]) -> None:
    found = asked(files)
    assert found.outcome is not Outcome.FAIL, found.message


def test_a_module_that_the_runtime_has_loaded_before() -> None:
    site = {k.replace("requests", "urllib3"): v.replace("requests", "urllib3") for k, v in PACKAGE.items()}
    files = {"app.py": USES.replace("requests", "urllib3"), "urllib3.py": OWN, **site}
    assert an_image(files).ask(the_check).outcome is Outcome.PASS


def test_no_package_of_the_name_is_installed() -> None:
    assert an_image({"app.py": USES, "requests.py": OWN}).ask(the_check).outcome is Outcome.PASS


def test_a_source_folder_shows_nothing_installed() -> None:
    function = function_record(package_type="Zip", runtime="python3.12", handler="app.handler")
    assert a_source({"app.py": USES, "requests.py": OWN}, function).ask(the_check).outcome is Outcome.NOT_APPLICABLE
