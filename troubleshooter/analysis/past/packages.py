"""Packages of the code before against those of what runs: what was added, removed, or has another version. Pure.

What installers left beside the packages is compared: Python's metadata and a `package.json` below `node_modules`. A package
that lies at several places is compared by all its versions.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.changes import Change, EarlierTree, PackageChanges
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageTree
from troubleshooter.facts.tree import FileTree, Kind

MOST = 60
"""Changes that are told one by one."""
READ = 20_000
"""Most packages of one tree."""
_INFO = re.compile(r"/(?P<name>[^/]+?)-(?P<version>[^-/]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
_HEADER = re.compile(r"^(Name|Version):[ \t]*(.+?)\s*$", re.MULTILINE)
_NODE = re.compile(r"/node_modules/(?P<name>(?:@[^/]+/)?[^/@.][^/]*)/package\.json$")
Package = tuple[str, str]
"""(kind, name)"""


@provides()
def package_changes(
    earlier: EarlierTree, function: FunctionRecord, image: ImageTree | Unavailable, code: CodeTree | Unavailable
) -> PackageChanges | Unavailable:
    """Held against the files of what runs."""
    now = image if function.is_image else code
    if isinstance(now, Unavailable):
        return now
    if isinstance(now, CodeTree) and now.kind != "zip":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the package that runs was not read")
    source = f"{earlier.reading.source}: {earlier.how} → what runs"
    told = [
        Change(function.last_modified, f"{kind} package {name} {word}", source, before, after)
        for kind, name, word, before, after in differences(packages(earlier.tree), packages(now.tree))
    ]
    if len(told) > MOST:
        rest = Change(function.last_modified, f"{len(told) - MOST} more packages were changed", source)
        told = [*told[:MOST], rest]
    return PackageChanges(reading=earlier.reading, changes=tuple(told))


def differences(
    before: dict[Package, frozenset[str]], now: dict[Package, frozenset[str]]
) -> Iterator[tuple[str, str, str, str | None, str | None]]:
    """Kind, name, what became of it, versions before and now: removed first, then changed, then added."""
    for kind, name in sorted(before.keys() - now.keys()):
        yield kind, name, "removed", _shown(before[kind, name]), None
    for kind, name in sorted(before.keys() & now.keys()):
        old, new = before[kind, name], now[kind, name]
        if old != new:
            yield kind, name, "has another version", _shown(old), _shown(new)
    for kind, name in sorted(now.keys() - before.keys()):
        yield kind, name, "added", None, _shown(now[kind, name])


def _shown(versions: frozenset[str]) -> str:
    return ", ".join(sorted(versions)) or "no version told"


def packages(tree: FileTree) -> dict[Package, frozenset[str]]:
    """Every installed package of a tree with all its versions."""
    found: dict[Package, set[str]] = {}
    for count, (kind, name, version) in enumerate(_listed(tree)):
        if count >= READ:
            break
        found.setdefault((kind, name), set()).add(version)
    return {package: frozenset(v for v in versions if v) for package, versions in found.items()}


def _listed(tree: FileTree) -> Iterator[tuple[str, str, str]]:
    for path in tree:
        if path.endswith((".dist-info", ".egg-info")):
            yield from _python(tree, path)
        elif path.endswith("/package.json") and (node := _NODE.search(path)):
            yield "npm", node["name"], _npm_version(tree.text(path))


def _python(tree: FileTree, path: str) -> Iterator[tuple[str, str, str]]:
    entry, named = tree.entry(path), _INFO.search(path)
    if entry is None or entry.kind not in (Kind.DIRECTORY, Kind.FILE):
        return
    if entry.kind is Kind.DIRECTORY and not tree.children(path):
        return
    text = (
        tree.text(path) if entry.kind is Kind.FILE else tree.text(f"{path}/METADATA") or tree.text(f"{path}/PKG-INFO")
    )
    headers = dict(reversed(_HEADER.findall((text or "").split("\n\n")[0])))
    name = headers.get("Name") or (named["name"] if named else posixpath.basename(path).rpartition(".")[0])
    yield "Python", canonicalize_name(name), headers.get("Version") or (named["version"] if named else "")


def _npm_version(text: str | None) -> str:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return ""
    version = found.get("version") if isinstance(found, dict) else None
    return version[:100] if isinstance(version, str) else ""
