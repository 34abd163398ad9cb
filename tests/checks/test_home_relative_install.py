from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, SITE, a_zip, an_image
from tests.factories import variable
from tests.launching import folder
from troubleshooter.checks.invoke.home_relative_install import home_relative_install as the_check
from troubleshooter.model import Outcome

IMPORT = "from playwright.sync_api import sync_playwright\n"
BROWSER = "/root/.cache/ms-playwright/chromium-1140"


def files(main: str = IMPORT, browser: str = BROWSER) -> dict[str, Any]:
    return {
        "app.py": main + HANDLER,
        f"{SITE}/playwright/__init__.py": "",
        f"{SITE}/playwright/sync_api/__init__.py": "def sync_playwright(): ...\n",
        **({browser: folder()} if browser else {}),
    }


@pytest.mark.parametrize(
    ("tree", "outcome"),
    [
        pytest.param(files(), Outcome.FAIL, id="below root's home"),
        pytest.param(
            files(browser="/home/app/.cache/ms-playwright/firefox-1454"), Outcome.FAIL, id="below a user's home"
        ),
        pytest.param(files(browser="/ms-playwright/chromium-1140"), Outcome.NOT_APPLICABLE, id="in a fixed place"),
        pytest.param(files(browser=""), Outcome.NOT_APPLICABLE, id="no browser"),
        pytest.param(files(main=""), Outcome.PASS, id="not imported"),
        pytest.param(
            files(main=IMPORT + "import os\nos.environ['PLAYWRIGHT_BROWSERS_PATH'] = '/x'\n"),
            Outcome.PASS,
            id="set by code",
        ),
        pytest.param(files(main=IMPORT + "OPTIONS = {'executable_path': '/x'}\n"), Outcome.PASS, id="named by code"),
    ],
)
def test_outcome(tree: dict[str, Any], outcome: Outcome) -> None:
    assert an_image(tree).ask(the_check).outcome is outcome


@pytest.mark.parametrize("name", ["PLAYWRIGHT_BROWSERS_PATH", "HOME", "XDG_CACHE_HOME"])
def test_a_variable_names_the_place(name: str) -> None:
    known = (variable("LAMBDA_TASK_ROOT", "/var/task"), variable(name, "/ms"))
    assert an_image(files(), environment=known).ask(the_check).outcome is Outcome.PASS
    assert an_image(files(), own=known[1:]).ask(the_check).outcome is Outcome.PASS


def test_a_zip_has_no_home() -> None:
    assert a_zip({"app.py": HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
