from __future__ import annotations

import pytest

from tests.coding import HANDLER, SITE, an_image
from troubleshooter.facts import Unavailable
from troubleshooter.facts.packages import InstalledPackages

META = "Metadata-Version: 2.1\nName: {}\nVersion: {}\nSummary: x\n\nThe text.\nName: wrong\n"


def found(files: dict[str, str]) -> InstalledPackages:
    packages = an_image({"app.py": HANDLER, **files}).get(InstalledPackages)
    assert isinstance(packages, InstalledPackages)
    return packages


@pytest.mark.parametrize(
    ("files", "name", "version", "provides"),
    [
        pytest.param(
            {
                "PyYAML-6.0.dist-info/METADATA": META.format("PyYAML", "6.0"),
                "PyYAML-6.0.dist-info/top_level.txt": "_yaml\nyaml\n",
            },
            "PyYAML",
            "6.0",
            ("_yaml", "yaml"),
            id="top_level.txt",
        ),
        pytest.param(
            {
                "rich-14.0.dist-info/METADATA": META.format("rich", "14.0"),
                "rich-14.0.dist-info/RECORD": (
                    "rich/__init__.py,sha256=x,1\nrich-14.0.dist-info/METADATA,,\n../../bin/tool,,\nsix.py,,\n"
                    "_x.cpython-312-x86_64-linux-gnu.so,,\n__pycache__/six.cpython-312.pyc,,\nshare/doc/x.py,,\ndata/file.txt,,\n"
                ),
            },
            "rich",
            "14.0",
            ("_x", "rich", "six"),
            id="RECORD",
        ),
        pytest.param({"attrs-25.1.dist-info/WHEEL": ""}, "attrs", "25.1", (), id="nothing but the folder's name"),
        pytest.param(
            {"certifi-1.dist-info/WHEEL": "", "certifi/__init__.py": ""},
            "certifi",
            "1",
            ("certifi",),
            id="package beside it",
        ),
        pytest.param(
            {
                "old-1.0-py3.12.egg-info/PKG-INFO": META.format("old", "1.0"),
                "old-1.0-py3.12.egg-info/top_level.txt": "old\n",
            },
            "old",
            "1.0",
            ("old",),
            id="egg-info folder",
        ),
        pytest.param(
            {"tiny-0.1.egg-info": META.format("tiny", "0.1"), "tiny.py": ""},
            "tiny",
            "0.1",
            ("tiny",),
            id="egg-info file",
        ),
    ],
)
def test_distribution(files: dict[str, str], name: str, version: str, provides: tuple[str, ...]) -> None:
    (only,) = found({f"{SITE}/{path}": text for path, text in files.items()}).distributions
    assert (only.name, only.version, only.provides) == (name, version, provides)


def test_folders_beside_the_search_path_are_kept_apart() -> None:
    packages = found(
        {
            "vendored-1.dist-info/METADATA": META.format("vendored", "1"),
            f"{SITE}/main-1.dist-info/METADATA": META.format("main", "1"),
            "/var/task/.venv/lib/python3.12/site-packages/hidden-1.dist-info/METADATA": META.format("hidden", "1"),
        }
    )
    assert [each.name for each in packages.distributions] == ["vendored", "main"]
    assert [each.name for each in packages.elsewhere] == ["hidden"]


def test_other_languages_have_their_own() -> None:
    launched = an_image({}, base={"/lambda-entrypoint.sh": ""})
    assert isinstance(launched.get(InstalledPackages), Unavailable)
