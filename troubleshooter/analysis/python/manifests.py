"""Reads pyproject.toml, Pipfile and the lock files of Python's package managers."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from troubleshooter.analysis.python.requirements_txt import read_line
from troubleshooter.facts.packages import Requirement
from troubleshooter.model import Origin

MOST = 2000
"""Entries of one table or list that are read."""

DIRECT = frozenset({"git", "hg", "svn", "bzr", "path", "url", "file", "workspace"})
"""Keys of a dependency table that name it by address."""


@dataclass(slots=True)
class Manifest:
    """What one file says."""

    requirements: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    """Indexes that it names, as pip's options."""
    name: str = ""
    """The project that it describes."""
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    """A file being read: where things stand in it."""

    text: str
    place: str
    origin: Origin

    def at(self, section: str, *spellings: str) -> str:
        """`file:line` of the first of the spellings that stands behind the section's name, else of the section."""
        start = max(self.text.find(section), 0)
        found = [start, *(at + len(word) for word in spellings if (at := self.text.find(word, start)) >= 0)]
        number = self.text.count("\n", 0, found[1] if len(found) > 1 else start) + 1
        return f"{self.place}:{number}"


def read_pyproject(text: str, place: str, origin: Origin) -> Manifest:
    """The dependencies of a pyproject.toml: the standard's, dependency groups, uv's and poetry's."""
    data, found = _toml(text, place)
    file = _File(text, place, origin)
    project, tool = _table(data.get("project")), _table(data.get("tool"))
    uv, poetry = _table(tool.get("uv")), _table(tool.get("poetry"))
    found.name = str(project.get("name") or poetry.get("name") or "")
    addressed = {
        canonicalize_name(name)
        for name, source in _table(uv.get("sources")).items()
        for entry in (source if isinstance(source, list) else [source])
        if DIRECT & _table(entry).keys()
    }
    for line in _texts(project.get("dependencies")):
        _add(found, "dependencies", line, file, addressed)
    for lines in _table(project.get("optional-dependencies")).values():
        for line in _texts(lines):
            _add(found, "optional-dependencies", line, file, addressed, optional=True)
    for lines in (*_table(data.get("dependency-groups")).values(), uv.get("dev-dependencies")):
        for line in _texts(lines):
            _add(found, "dependency-groups", line, file, addressed, development=True)
    _poetry(poetry, file, found)
    for section, key in (("uv", "index"), ("poetry", "source"), ("pdm", "source")):
        found.options += _indexes(_table(tool.get(section)).get(key))
    if isinstance(uv.get("index-url"), str):
        found.options.append(f"--extra-index-url {uv['index-url']}")
    found.options += [f"--extra-index-url {url}" for url in _texts(uv.get("extra-index-url"))]
    return found


def read_pipfile(text: str, place: str, origin: Origin) -> Manifest:
    """The packages of a Pipfile."""
    data, found = _toml(text, place)
    file = _File(text, place, origin)
    for section, development in (("packages", False), ("dev-packages", True)):
        for name, wanted in _table(data.get(section)).items():
            _dependency(found, file, f"[{section}]", name, wanted, development=development)
    found.options = _indexes(data.get("source"))
    return found


def locked_versions(path: str, text: str) -> dict[str, tuple[str, ...]]:
    """Versions by normalised name that a poetry.lock, uv.lock or Pipfile.lock holds; empty where it cannot be read."""
    found: dict[str, set[str]] = {}
    try:
        if path.endswith("Pipfile.lock"):
            data = json.loads(text)
            packages = [
                {"name": n, "version": str(_table(p).get("version", "")).lstrip("=")}
                for s in ("default", "develop")
                for n, p in _table(_table(data).get(s)).items()
            ]
        else:
            packages = [p for p in tomllib.loads(text).get("package", []) if isinstance(p, dict)]
    except (ValueError, RecursionError, AttributeError, TypeError):
        return {}
    for package in packages:
        if package.get("name") and package.get("version"):
            found.setdefault(canonicalize_name(str(package["name"])), set()).add(str(package["version"]))
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def pep440_range(wanted: str) -> str:
    """Poetry's or pipenv's version range as PEP 440 spells it; empty, which is any, where it has no such spelling."""
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    spelled = ",".join(_bound(re.sub(r"\s+", "", part)) for part in parts if part != "*")
    try:
        return str(SpecifierSet(spelled))
    except InvalidSpecifier:
        return ""


def _bound(part: str) -> str:
    """One poetry constraint: `^1.2` → `>=1.2,<2`."""
    match = re.fullmatch(r"(\^|~)([0-9]+(?:\.[0-9]+)*)([A-Za-z0-9.+-]*)", part)
    if match is None:
        return part if part[0] in "<>=!~" else f"=={part}"
    numbers = [int(n) for n in match[2].split(".")]
    if match[1] == "~":
        keep = min(len(numbers), 2)
    else:
        keep = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1) + 1
    upper = [*numbers[: keep - 1], numbers[keep - 1] + 1]
    return f">={match[2]}{match[3]},<{'.'.join(map(str, upper))}"


def _poetry(poetry: Mapping[str, Any], file: _File, found: Manifest) -> None:
    sections = [("[tool.poetry.dependencies]", poetry.get("dependencies"), False)]
    sections.append(("[tool.poetry.dev-dependencies]", poetry.get("dev-dependencies"), True))
    for name, group in _table(poetry.get("group")).items():
        sections.append((f"[tool.poetry.group.{name}.dependencies]", _table(group).get("dependencies"), name != "main"))
    for header, table, development in sections:
        for name, wanted in _table(table).items():
            if name != "python":
                _dependency(found, file, header, name, wanted, development=development)


def _dependency(found: Manifest, file: _File, header: str, name: str, wanted: object, *, development: bool) -> None:
    """One entry of a table of dependencies: a range, or a table, or a list of tables for several Pythons."""
    several = isinstance(wanted, list)
    entry = _table(wanted[0] if isinstance(wanted, list) and wanted else wanted)
    text = wanted if isinstance(wanted, str) else str(entry.get("version", ""))
    found.requirements.append(
        Requirement(
            ecosystem="pypi",
            name=name,
            # Several tables are alternatives for several Pythons: no one range holds.
            specifier="" if several or "||" in text or "|" in text else pep440_range(text),
            place=file.at(header, f"\n{name}", f'\n"{name}', name),
            development=development,
            marker=str(entry.get("markers", "")),
            # For some Pythons or platforms only: which ones is not worked out.
            optional=entry.get("optional") is True or bool({"python", "platform"} & entry.keys()),
            direct=bool(DIRECT & entry.keys()),
            origin=file.origin,
        )
    )


def _add(
    found: Manifest,
    section: str,
    line: str,
    file: _File,
    addressed: set[Any],
    *,
    development: bool = False,
    optional: bool = False,
) -> None:
    place = file.at(section, f'"{line}', f"'{line}")
    asked = read_line(line, place, development=development, optional=optional, origin=file.origin)
    if asked is None:
        found.problems.append(f"{place}: not a requirement that could be read: {line[:80]}")
        return
    if canonicalize_name(asked.name) in addressed:
        asked = Requirement(
            "pypi", asked.name, asked.specifier, place, development, asked.marker, optional, True, (), file.origin
        )
    found.requirements.append(asked)


def _toml(text: str, place: str) -> tuple[Mapping[str, Any], Manifest]:
    found = Manifest()
    try:
        return tomllib.loads(text), found
    except (ValueError, RecursionError) as error:
        found.problems.append(f"{place}: not TOML ({type(error).__name__})")
        return {}, found


def _indexes(tables: object) -> list[str]:
    """The addresses of a list of index tables, as pip's options that add to the others."""
    urls = [_table(t).get("url") for t in (tables if isinstance(tables, list) else [])]
    return [f"--extra-index-url {url}" for url in urls if isinstance(url, str)]


def _table(value: object) -> Mapping[str, Any]:
    return dict(list(value.items())[:MOST]) if isinstance(value, dict) else {}


def _texts(value: object) -> Iterator[str]:
    """The texts of a list; whatever else is in it is left out."""
    return (each for each in (value[:MOST] if isinstance(value, list) else []) if isinstance(each, str))
