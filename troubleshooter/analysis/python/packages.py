"""Which distributions are installed in a tree, on the search path and beside it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from packaging.utils import canonicalize_name

from troubleshooter.analysis.python.handler import not_python, reading_of
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import Distribution, InstalledPackages
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import FileTree, Kind

RECORDED = 20_000
"""Most lines of one RECORD that are read."""
ELSEWHERE = 3000
"""Most distributions listed beside the search path."""

_INFO = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
_HEADER = re.compile(r"^(Name|Version):[ \t]*(.+?)\s*$", re.MULTILINE)
_MODULE = re.compile(r"^([A-Za-z_]\w*)(?:\.py|\.so|\.[\w-]+\.so|\.abi3\.so)?$")


@provides()
def python_packages(runtime: RuntimeModel, code: CodeTree) -> InstalledPackages | Unavailable:
    """Distributions by the metadata that installers leave beside the packages."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    tree = code.tree
    on_path = {tree.resolve(folder).path: folder for folder in runtime.search_path}
    found = [each for real in on_path for each in distributions_in(tree, real)]
    return InstalledPackages(
        reading=reading_of(code),
        language="python",
        distributions=tuple(found),
        elsewhere=tuple(_elsewhere(tree, frozenset(on_path))),
    )


def distributions_in(tree: FileTree, folder: str) -> list[Distribution]:
    """The distributions whose metadata lies directly in a folder."""
    infos = [name for name in tree.children(folder) if name.endswith((".dist-info", ".egg-info"))]
    return [_distribution(tree, posixpath.join(folder, name)) for name in infos]


def provided_names(tree: FileTree, folder: str) -> frozenset[str]:
    """Top-level import names that distributions in a folder bring."""
    return frozenset(name for each in distributions_in(tree, folder) for name in each.provides)


def _elsewhere(tree: FileTree, on_path: frozenset[str]) -> Iterator[Distribution]:
    count = 0
    for path in tree:
        if not path.endswith((".dist-info", ".egg-info")) or posixpath.dirname(path) in on_path:
            continue
        entry = tree.entry(path)
        if entry is not None and entry.kind in (Kind.DIRECTORY, Kind.FILE):
            yield _distribution(tree, path)
            count += 1
            if count >= ELSEWHERE:
                return


def _distribution(tree: FileTree, path: str) -> Distribution:
    single = tree.is_file(path)
    text = tree.text(path) if single else tree.text(f"{path}/METADATA") or tree.text(f"{path}/PKG-INFO")
    headers = dict(reversed(_HEADER.findall((text or "").split("\n\n")[0])))
    named = _INFO.match(posixpath.basename(path))
    plain = posixpath.basename(path).rpartition(".")[0]
    name = headers.get("Name") or (named["name"] if named else plain)
    version = headers.get("Version") or (named["version"] if named else "")
    provides = () if single else tuple(sorted({*_top_level(tree, path), *_recorded(tree, path)}))
    return Distribution(name, version, path, provides or _guessed(tree, path, name))


def _top_level(tree: FileTree, path: str) -> Iterator[str]:
    for line in (tree.text(f"{path}/top_level.txt") or "").splitlines()[:500]:
        # Old installers write `pkg/sub` for a namespace's part.
        name = line.strip().partition("/")[0]
        if _MODULE.match(name):
            yield name


def _recorded(tree: FileTree, path: str) -> Iterator[str]:
    """Top-level names among the files that the installer recorded."""
    text = tree.text(f"{path}/RECORD") or tree.text(f"{path}/installed-files.txt") or ""
    for line in text.splitlines()[:RECORDED]:
        file = line.rpartition(",")[0].rpartition(",")[0].strip('"') if "," in line else line
        first, slash, rest = file.partition("/")
        if first == ".." and path.endswith(".egg-info"):
            first, slash, rest = rest.partition("/")
        found = _MODULE.match(first)
        if found and (slash or "." in first) and first not in ("__pycache__", "bin", "share"):
            if slash and not rest.endswith((".py", ".so", ".pyi", ".pyc")):
                continue
            yield found[1]


def _guessed(tree: FileTree, path: str, name: str) -> tuple[str, ...]:
    """The package beside the metadata whose name is the distribution's own, where nothing is recorded."""
    folder, wanted = posixpath.dirname(path), canonicalize_name(name).replace("-", "_")
    for candidate in tree.children(folder):
        found = _MODULE.match(candidate)
        if found and found[1].lower() == wanted:
            return (found[1],)
    return ()
