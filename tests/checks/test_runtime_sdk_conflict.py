from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, MODULES, SITE, a_source, a_zip, an_image
from tests.launching import Launched
from troubleshooter.analysis.python import conflicts as python_conflicts
from troubleshooter.checks.handler.runtime_sdk_conflict import runtime_sdk_conflict as the_check
from troubleshooter.facts import Store, Unavailable, providers_in
from troubleshooter.model import Outcome

PLAIN = "from urllib3.util.ssl_ import DEFAULT_CIPHERS, ssl\n"
GUARDED = "try:\n    from urllib3.util.ssl_ import DEFAULT_CIPHERS\nexcept ImportError:\n    DEFAULT_CIPHERS = None\n"


def files(session: str = PLAIN, names: str = "import ssl\n", main: str = "import boto3\n") -> dict[str, Any]:
    return {
        "app.py": main + HANDLER,
        "urllib3/__init__.py": "",
        "urllib3/util/__init__.py": "",
        "urllib3/util/ssl_.py": names,
        f"{SITE}/boto3/__init__.py": "import botocore.httpsession\n",
        f"{SITE}/botocore/__init__.py": "",
        f"{SITE}/botocore/httpsession.py": session,
    }


def asked(target: Launched) -> Outcome:
    store = target.store
    seeds = [slot.value for slot in store._slots.values() if not isinstance(slot.value, Unavailable)]
    missing = {kind: slot.value for kind, slot in store._slots.items() if isinstance(slot.value, Unavailable)}
    more = Launched(Store(providers_in((*MODULES, python_conflicts)), seeds, missing=missing))
    return more.ask(the_check).outcome


@pytest.mark.parametrize(
    ("tree", "outcome"),
    [
        pytest.param(files(), Outcome.FAIL, id="urllib3 2 beside an old botocore"),
        pytest.param(files(names="import ssl\nDEFAULT_CIPHERS = ''\n"), Outcome.PASS, id="urllib3 1"),
        pytest.param(files(session=GUARDED), Outcome.PASS, id="a botocore that is prepared"),
        pytest.param(files(session="from urllib3.util.ssl_ import ssl\n"), Outcome.PASS, id="a current botocore"),
        pytest.param(
            files(names="import ssl\ndef __getattr__(name): ...\n"), Outcome.PASS, id="names made at run time"
        ),
        pytest.param(files(main=""), Outcome.PASS, id="the SDK is not imported"),
        pytest.param(files(main="def later():\n    import boto3\n"), Outcome.PASS, id="imported later"),
    ],
)
def test_outcome(tree: dict[str, Any], outcome: Outcome) -> None:
    assert asked(an_image(tree)) is outcome


def test_a_managed_runtimes_sdk_is_not_in_the_package() -> None:
    package = {path: text for path, text in files().items() if not path.startswith("/")}
    assert asked(a_zip(package)) is Outcome.PASS


def test_a_source_folder_shows_nothing_installed() -> None:
    assert asked(a_source({"app.py": HANDLER})) is Outcome.NOT_APPLICABLE
