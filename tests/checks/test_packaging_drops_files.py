from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, SITE, a_source, a_zip, an_image, logged
from troubleshooter.checks.invoke.packaging_drops_files import packaging_drops_files as the_check
from troubleshooter.model import Outcome, Rung

READS = "from importlib.metadata import version\n__version__ = version('frob-tools')\n"
SUPPRESSED = "with suppress(Exception):\n    V = version('frob-tools')\n"
INFO = {
    f"{SITE}/frob_tools-2.1.dist-info/METADATA": "Name: frob-tools\nVersion: 2.1\n",
    f"{SITE}/frob_tools-2.1.dist-info/top_level.txt": "frob\n",
}


def asked(files: dict[str, Any], **others: Any) -> Any:
    return an_image({"app.py": "import frob\n" + HANDLER, f"{SITE}/frob/__init__.py": READS, **files}, **others).ask(
        the_check
    )


def package(text: str) -> dict[str, str]:
    return {f"{SITE}/frob/__init__.py": text}


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="a function that is imported"),
        pytest.param(package("import importlib.metadata\nV = importlib.metadata.version('frob.tools')\n"), id="dotted"),
        pytest.param(
            package("import importlib.metadata as m\nV = m.metadata('frob_tools')['Version']\n"), id="renamed"
        ),
        pytest.param(
            package(
                "try:\n    from importlib import metadata\nexcept ImportError:\n    import importlib_metadata as metadata\n"
                "V = metadata.version('frob-tools')\n"
            ),
            id="with its backport",
        ),
        pytest.param(
            package("import pkg_resources\nV = pkg_resources.get_distribution('frob').version\n"), id="setuptools"
        ),
        pytest.param(package("from importlib.metadata import version\nV = version(__name__)\n"), id="its own name"),
        pytest.param({"app.py": READS + HANDLER}, id="the handler's own file"),
        pytest.param({"app.py": "import core\n" + HANDLER, "core.py": READS}, id="an own module"),
        pytest.param(
            {"app.py": "import frob.sub\n" + HANDLER, **package(""), f"{SITE}/frob/sub.py": READS}, id="a submodule"
        ),
    ],
)
def test_metadata_that_is_read_and_not_there(files: dict[str, Any]) -> None:
    found = asked({f"{SITE}/pkg_resources/__init__.py": "", **files})
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung is Rung.HANDLER


def test_the_failure_names_line_importer_and_log() -> None:
    text = "Unable to import module 'app': No package metadata was found for frob-tools"
    found = asked({}, timeline=logged(text))
    assert f"{SITE}/frob/__init__.py:2 asks for the metadata of `frob-tools`" in found.message
    assert [e.source for e in found.evidence[:2]] == [f"image {SITE}/frob/__init__.py:2", "image /var/task/app.py:1"]
    assert found.evidence[-1].label == "error in the log"
    assert found.remediation
    assert "frob-tools" in found.remediation.text


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(INFO, id="it is there"),
        pytest.param({f"{SITE}/Frob.Tools-2.1.dist-info/METADATA": ""}, id="spelled otherwise"),
        pytest.param({f"{SITE}/frob_tools.egg-info/PKG-INFO": "Name: frob-tools\n"}, id="an egg's"),
        pytest.param({f"{SITE}/frob_tools-2.1-py3.12.egg-info": "Name: frob-tools\n"}, id="in one file"),
        pytest.param(
            {"/packages/frob_tools-2.1.dist-info/METADATA": "Name: frob-tools\n"}, id="in a folder that may be added"
        ),
        pytest.param(
            package(
                "from importlib.metadata import version, PackageNotFoundError\n"
                "try:\n    V = version('frob-tools')\nexcept PackageNotFoundError:\n    V = '0'\n"
            ),
            id="caught",
        ),
        pytest.param(
            package("from importlib.metadata import version\ndef v():\n    return version('frob-tools')\n"),
            id="in a function",
        ),
        pytest.param(
            package("from importlib.metadata import version\nV = None or 1 or version('frob-tools')\n"),
            id="perhaps not asked",
        ),
        pytest.param(
            package("from importlib.metadata import version\nif DEBUG:\n    V = version('frob-tools')\n"),
            id="in a branch",
        ),
        pytest.param(
            package("from contextlib import suppress\nfrom importlib.metadata import version\n" + SUPPRESSED),
            id="suppressed",
        ),
        pytest.param(package("from .about import version\nV = version('frob-tools')\n"), id="another function"),
        pytest.param(
            package(
                "from importlib.metadata import version\ndef version(name):\n    return name\nV = version('frob-tools')\n"
            ),
            id="defined anew",
        ),
        pytest.param(
            package("import importlib.metadata\nV = importlib.metadata.entry_points(group='frob')\n"), id="entry points"
        ),
        pytest.param(
            package("from importlib.metadata import version\nV = version(NAME)\n"), id="a name that is not known"
        ),
        pytest.param({"app.py": HANDLER}, id="not imported"),
        pytest.param(
            {"app.py": "try:\n    import frob\nexcept Exception:\n    frob = None\n" + HANDLER}, id="import caught"
        ),
        pytest.param({"app.py": "def late():\n    import frob\n" + HANDLER}, id="import in a function"),
    ],
)
def test_innocent(files: dict[str, Any]) -> None:
    assert asked(files).outcome is Outcome.PASS


def test_what_may_lie_elsewhere_is_unknown() -> None:
    files = {"app.py": "import sys\nsys.path.append(find())\nimport frob\n" + HANDLER}
    assert asked(files).outcome is Outcome.UNKNOWN


def test_packages() -> None:
    files = {"app.py": "import frob\n" + HANDLER, "frob/__init__.py": READS}
    assert a_zip(files).ask(the_check).outcome is Outcome.FAIL
    layer = ("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",)
    assert a_zip(files, layers=layer).ask(the_check).outcome is Outcome.UNKNOWN
    runtimes = {"app.py": READS.replace("frob-tools", "boto3") + HANDLER}
    assert a_zip(runtimes).ask(the_check).outcome is Outcome.PASS
    assert a_source(files).ask(the_check).outcome is Outcome.NOT_APPLICABLE
