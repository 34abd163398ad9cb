"""Makes `Requirements`: what the engineer's source folder and the image or zip ask for."""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from troubleshooter.analysis.node import manifests as node_manifests
from troubleshooter.analysis.python import manifests as python_manifests
from troubleshooter.analysis.python.requirements_txt import read_requirements
from troubleshooter.facts import Reading, Reason, Unavailable, provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.manifests import (
    DEPTH,
    LOCKS,
    LOCKS_OF_PIPENV,
    holds_installed,
    is_aside,
    is_build,
    is_manifest,
    is_requirements,
)
from troubleshooter.facts.packages import Requirement, Requirements, SourceManifests
from troubleshooter.facts.tree import Kind
from troubleshooter.model import Origin

FOLDERS = 2000
"""Folders of a tree that are looked into for manifests."""

_PYTHON_INDEX = re.compile(
    r"--(?:default-|extra-)?index(?:-url)?\b|--find-links\b|\bpip\.conf\b|\.netrc\b|\bpip3?\s+config\s+set\b"
    r"|\b(?:PIP_(?:EXTRA_)?INDEX_URL|PIP_CONFIG_FILE|PIP_FIND_LINKS|UV_(?:EXTRA_|DEFAULT_)?INDEX(?:_URL)?|UV_FIND_LINKS"
    r"|POETRY_HTTP_BASIC_\w+)\b|\bcodeartifact\s+(?:login|get-authorization-token)\b",
    re.IGNORECASE,
)
_NODE_REGISTRY = re.compile(
    r"--registry\b|\bNPM_CONFIG_\w*REGISTRY\b|\b(?:npm|yarn|pnpm)\s+(?:config\s+)?set\s+\S*registry"
    r"|\bcodeartifact\s+(?:login|get-authorization-token)\b",
    re.IGNORECASE,
)
_REGISTRY = re.compile(
    r"^[ \t]*(?:npmRegistryServer[ \t]*:|registry[ \t]*[= \t]|npmScopes[ \t]*:|url[ \t]*=)", re.MULTILINE
)


@dataclass(slots=True)
class _Found:
    """What has been read so far."""

    requirements: list[Requirement] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    scopes: list[tuple[str, ...]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    """Options of pyproject.toml and the like, which hold for all scopes."""
    other_sources: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    local: set[tuple[str, str]] = field(default_factory=set)
    """Packages that the folder itself holds: (ecosystem, normalised name)."""


@provides()
def requirements(code: CodeTree | Unavailable, source: SourceManifests | Unavailable) -> Requirements | Unavailable:
    """Merges what the source folder asks for with what lies in the image or zip, the source folder first."""
    found = _Found()
    readings: list[Reading] = []
    npmrc = ""
    if isinstance(source, SourceManifests):
        readings.append(source.reading)
        own = _read(source.files, str, Origin.SOURCE, found)
        npmrc = own
        found.problems += source.skipped
    # A source folder's tree is the same folder once more.
    if isinstance(code, CodeTree) and (code.kind != "source" or not isinstance(source, SourceManifests)):
        readings.append(code.reading)
        inside = _Found() if code.kind != "source" else found
        root = code.root.rstrip("/")
        shown: Callable[[str], str] = str if code.kind == "source" else lambda path: f"{root}/{path}"
        own = _read(_manifests_of(code, found.problems), shown, code.reading.origin, inside)
        if inside is found:
            npmrc = own
        else:
            found.requirements += inside.requirements
            found.files += inside.files
            found.problems += inside.problems
            # What an image says of indexes was for its build; this machine asks none of them.
            found.other_sources += inside.other_sources
            if inside.shared or any(inside.scopes):
                found.other_sources += [("pypi", file) for file in inside.files]
    if not readings:
        return _reason(code, source)
    scopes = tuple((*found.shared, *scope) for scope in found.scopes or [()])
    return Requirements(
        reading=readings[0],
        requirements=tuple(found.requirements),
        files=tuple(found.files),
        index_options=tuple(option for scope in scopes for option in scope),
        index_scopes=scopes if any(scopes) else (),
        npmrc=npmrc,
        other_sources=tuple(dict.fromkeys(found.other_sources)),
        problems=tuple(found.problems),
    )


def _reason(code: object, source: object) -> Unavailable:
    """Why there is neither folder nor tree: a reason that applies before one that does not."""
    reasons = [each for each in (code, source) if isinstance(each, Unavailable)]
    applying = [each for each in reasons if each.applies]
    return (applying or reasons or [Unavailable(Reason.NOT_GIVEN, "neither source nor code was given")])[0]


def _manifests_of(code: CodeTree, problems: list[str]) -> dict[str, str]:
    """Manifests of a tree by path relative to its root: of a source folder all, else those at the top and one below it."""
    files: dict[str, str] = {}
    depth = DEPTH if code.kind == "source" else (0 if code.root == "/" and code.kind == "image" else 1)
    for path in _walk(code, depth):
        text = code.tree.text(posixpath.join(code.root, path))
        if text is None:
            problems.append(f"{path}: was not kept")
        else:
            files[path] = text
    return files


def _walk(code: CodeTree, depth: int) -> Iterator[str]:
    """Relative paths of manifests, nearest first. Folders that are packages or hold installed ones are left out."""
    level, seen = [""], 0
    for below in range(depth + 1):
        deeper: list[str] = []
        for folder in level:
            seen += 1
            here = code.tree.resolve(posixpath.join(code.root, folder)).path.rstrip("/")
            for name in code.tree.children(here or "/") if seen <= FOLDERS else []:
                entry = code.tree.entry(f"{here}/{name}")
                if entry is not None and entry.kind is Kind.SYMLINK:
                    entry = code.tree.resolve(f"{here}/{name}").entry
                if entry is None:
                    continue
                path = posixpath.join(folder, name)
                if entry.kind is Kind.FILE and is_manifest(path):
                    yield path
                elif entry.kind is Kind.DIRECTORY and below < depth and not _is_package(code, path):
                    deeper.append(path)
        level = deeper


def _is_package(code: CodeTree, path: str) -> bool:
    """Whether a folder of an image or zip is an installed package rather than the function's own."""
    if holds_installed(path):
        return True
    return code.kind != "source" and code.tree.exists(posixpath.join(code.root, path, "__init__.py"))


def _read(files: Mapping[str, str], shown: Callable[[str], str], origin: Origin, found: _Found) -> str:
    """Reads all manifests of one folder into `found`; the content of the .npmrc that counts."""
    paths = sorted(files, key=lambda path: (path.count("/"), path))
    before = len(found.requirements)
    _read_lists(files, paths, shown, origin, found)
    packages = []
    for path in paths:
        name, text, place = posixpath.basename(path), files[path], shown(path)
        if name in ("pyproject.toml", "Pipfile"):
            read = python_manifests.read_pyproject if name == "pyproject.toml" else python_manifests.read_pipfile
            manifest = read(text, place, origin)
            aside = is_aside(path)
            found.requirements += [
                dataclasses.replace(r, development=r.development or aside) for r in manifest.requirements
            ]
            found.shared += [] if aside else manifest.options
            found.local.add(("pypi", canonicalize_name(manifest.name)))
            found.problems += manifest.problems
            found.files.append(place)
        elif name == "package.json":
            package = node_manifests.read_package_json(text, place, development=is_aside(path), origin=origin)
            found.requirements += package.requirements
            found.local.add(("npm", package.name))
            found.problems += package.problems
            found.files.append(place)
            packages.append(path)
        else:
            found.other_sources += _elsewhere(path, text, place, any(p.endswith(".npmrc") for p in paths))
    found.requirements[before:] = _related(found, found.requirements[before:], files, shown)
    return _npmrc(files, packages, shown, found)


def _read_lists(
    files: Mapping[str, str], paths: list[str], shown: Callable[[str], str], origin: Origin, found: _Found
) -> None:
    """Requirements files: each that no other includes is installed on its own."""
    lists = [path for path in paths if is_requirements(path)]
    read = {path: read_requirements(path, files.get, shown=shown, origin=origin) for path in lists}
    included = {file for path, each in read.items() for file in each.files if file != path}
    seen: set[str] = set()
    # Lists that include come first, so that each list is told once, with its own place; loops are nobody's top.
    for path in [p for p in lists if p not in included] + [p for p in lists if p in included]:
        each = read[path]
        new = [file for file in each.files if file not in seen]
        seen.update(new)
        places = {f"{shown(file)}:" for file in new}
        found.requirements += [r for r in each.requirements if f"{r.place.rpartition(':')[0]}:" in places]
        found.files += [shown(file) for file in new]
        found.problems += [p for p in each.problems if p not in found.problems]
        if path not in included and not is_aside(path) and each.requirements:
            found.scopes.append(tuple(each.options))


def _related(
    found: _Found, asked: list[Requirement], files: Mapping[str, str], shown: Callable[[str], str]
) -> list[Requirement]:
    """The requirements with what stands beside them: packages of the same folder, and lock files."""
    locks: list[tuple[str, str, dict[str, tuple[str, ...]]]] = []
    for path, text in files.items():
        name = posixpath.basename(path)
        if name in (*LOCKS, *LOCKS_OF_PIPENV):
            python = name in ("poetry.lock", "uv.lock", "Pipfile.lock")
            read = python_manifests.locked_versions if python else node_manifests.locked_versions
            folder = posixpath.dirname(shown(path))
            locks.append(("pypi" if python else "npm", folder, read(path, text)))
    return [_with_neighbours(requirement, found.local, locks) for requirement in asked]


def _with_neighbours(
    asked: Requirement, local: set[tuple[str, str]], locks: list[tuple[str, str, dict[str, tuple[str, ...]]]]
) -> Requirement:
    key = canonicalize_name(asked.name) if asked.ecosystem == "pypi" else asked.name
    place = asked.place
    locked = [
        version
        for ecosystem, folder, versions in locks
        if ecosystem == asked.ecosystem and (not folder or place.startswith(f"{folder}/"))
        for version in versions.get(key, ())
    ]
    direct = asked.direct or (asked.ecosystem, key) in local
    return dataclasses.replace(asked, direct=direct, locked=tuple(locked))


def _elsewhere(path: str, text: str, place: str, has_npmrc: bool) -> list[tuple[str, str]]:
    """Places in a file that send the build to an index of its own. A folder's own .npmrc is known, any other is not."""
    name = posixpath.basename(path)
    if name in ("pip.conf", "pip.ini"):
        return [("pypi", place)]
    if name in (".yarnrc", ".yarnrc.yml", "bunfig.toml", "uv.toml"):
        ecosystem = "pypi" if name == "uv.toml" else "npm"
        return [(ecosystem, place)] if _REGISTRY.search(text) else []
    if not is_build(path):
        return []
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            continue
        if _PYTHON_INDEX.search(line):
            found.append(("pypi", f"{place}:{number}"))
        if _NODE_REGISTRY.search(line) or (".npmrc" in line and not has_npmrc):
            found.append(("npm", f"{place}:{number}"))
    return found


def _npmrc(files: Mapping[str, str], packages: list[str], shown: Callable[[str], str], found: _Found) -> str:
    """The .npmrc beside the topmost package.json; any other that names a registry is a source of its own."""
    top = posixpath.join(posixpath.dirname(packages[0]), ".npmrc") if packages else ".npmrc"
    for path, text in files.items():
        if posixpath.basename(path) == ".npmrc" and path != top and "registry" in text:
            found.other_sources.append(("npm", shown(path)))
    return files.get(top, "")
