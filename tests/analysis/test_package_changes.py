"""Packages of two trees held against each other."""

from __future__ import annotations

import pytest

from tests.factories import IMAGE, function_record, tree
from troubleshooter.analysis.past.packages import MOST, package_changes, packages
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.changes import EarlierTree, PackageChanges
from troubleshooter.facts.image import CodeTree, ImageTree
from troubleshooter.facts.tree import Entry, Kind

GONE = Unavailable(Reason.DENIED, "denied")
SITE, NODE = "/var/task", "/var/task/node_modules"


def python(name: str, version: str, folder: str = SITE) -> dict[str, str | bytes | Entry]:
    return {
        f"{folder}/{name.replace('-', '_')}-{version}.dist-info/METADATA": f"Name: {name}\nVersion: {version}\n\nText"
    }


def npm(name: str, version: str, folder: str = NODE) -> dict[str, str | bytes | Entry]:
    return {f"{folder}/{name}/package.json": f'{{"name": "x", "version": "{version}"}}'}


Files = dict[str, str | bytes | Entry]


def held(before: Files, now: Files, *, zipped: bool = False) -> list[tuple[str, str | None, str | None]]:
    earlier = EarlierTree(reading=IMAGE, tree=tree(before), how="version 7")
    code = CodeTree(reading=IMAGE, tree=tree(now), root=SITE, kind="zip")
    image = ImageTree(reading=IMAGE, tree=tree(now))
    function = function_record(package_type="Zip" if zipped else "Image")
    found = package_changes(earlier, function, GONE if zipped else image, code if zipped else GONE)
    assert isinstance(found, PackageChanges)
    assert all("version 7" in c.source for c in found.changes)
    return [(c.what, c.before, c.after) for c in found.changes]


@pytest.mark.parametrize("zipped", [False, True])
def test_added_removed_and_other_versions(zipped: bool) -> None:
    before = python("requests", "2.31.0") | python("PyYAML", "6.0") | npm("left-pad", "1.0.0")
    now = python("requests", "2.32.0") | npm("left-pad", "1.0.0") | npm("@aws-sdk/client-s3", "3.1.0")
    assert held(before, now, zipped=zipped) == [
        ("Python package pyyaml removed", "6.0", None),
        ("Python package requests has another version", "2.31.0", "2.32.0"),
        ("npm package @aws-sdk/client-s3 added", None, "3.1.0"),
    ]


def test_the_same_packages_at_other_places_are_no_change() -> None:
    before = python("requests", "2.31.0", "/usr/lib/python3.12") | npm("a", "1.0.0")
    assert held(before, python("Requests", "2.31.0") | npm("a", "1.0.0", "/opt/node_modules")) == []


def test_a_second_version_beside_the_first_is_one() -> None:
    now = npm("a", "1.0.0") | npm("a", "2.0.0", f"{NODE}/b/node_modules")
    assert held(npm("a", "1.0.0"), now) == [("npm package a has another version", "1.0.0", "1.0.0, 2.0.0")]


def test_what_is_no_package_is_none() -> None:
    files: Files = {
        f"{NODE}/a/lib/package.json": "{}",
        f"{NODE}/.cache/package.json": "{}",
        f"{NODE}/a/package.json": "[" * 5000,
        f"{SITE}/empty-1.0.dist-info": Entry(Kind.DIRECTORY, 0o755),
        f"{SITE}/named_by_folder-1.0.dist-info/RECORD": "",
    }
    assert packages(tree(files)) == {
        ("npm", "a"): frozenset(),
        ("Python", "named-by-folder"): frozenset({"1.0"}),
    }


def test_many_changes_are_summed_up() -> None:
    now: Files = {}
    for number in range(MOST + 5):
        now |= npm(f"p{number}", "1.0.0")
    told = held({}, now)
    assert len(told) == MOST + 1
    assert told[-1][0] == "5 more packages were changed"


def test_what_runs_and_was_not_read_tells_nothing() -> None:
    earlier = EarlierTree(reading=IMAGE, tree=tree({}), how="version 7")
    assert package_changes(earlier, function_record(), GONE, GONE) is GONE
    source = CodeTree(reading=IMAGE, tree=tree({}), root="/", kind="source")
    assert isinstance(package_changes(earlier, function_record(package_type="Zip"), GONE, source), Unavailable)
