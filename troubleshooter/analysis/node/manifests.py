"""Reads package.json and the lock files of Node's package managers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troubleshooter.facts.packages import Requirement
from troubleshooter.model import Origin

MOST = 2000
"""Dependencies of one section that are read."""

_NAME = re.compile(r"^(?:@[A-Za-z0-9~][\w.~-]*/)?[A-Za-z0-9~][\w.~-]*$")
_ADDRESSED = re.compile(r"^(?:[./~]|[A-Za-z][A-Za-z0-9+.-]*:|[^@\s]+@[^:.\s]+\.[^:\s]+:)")
_ARCHIVE = re.compile(r"\.(?:tgz|tar\.gz|tar)$", re.IGNORECASE)
_SECTIONS = (
    ("devDependencies", True, False),
    ("peerDependencies", False, True),
    ("dependencies", False, False),
    ("optionalDependencies", False, True),
)
"""(section, for development, optional), the one that npm obeys last."""

_YARN = re.compile(
    r'^"?(@?[^@"\s,]+)@[^\n]*:\n(?:[ \t]+resolution:[^\n]*\n)?[ \t]+version:? "?([^"\s]+)"?', re.MULTILINE
)
_PNPM = re.compile(r"^  ['\"]?/?(@?[^@'\"\s(]+)[@/]([0-9][^'\"\s(:]*)[^\n]*:\s*$", re.MULTILINE)


@dataclass(slots=True)
class PackageJson:
    """What one package.json says."""

    requirements: list[Requirement] = field(default_factory=list)
    name: str = ""
    problems: list[str] = field(default_factory=list)


def read_package_json(text: str, place: str, *, development: bool, origin: Origin) -> PackageJson:
    """The dependencies of a package.json. A name in several sections counts as npm counts it."""
    found = PackageJson()
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        found.problems.append(f"{place}: not JSON ({type(error).__name__})")
        return found
    if not isinstance(data, dict):
        found.problems.append(f"{place}: not an object")
        return found
    found.name = str(data.get("name") or "")
    by_name: dict[str, Requirement] = {}
    for section, aside, optional in _SECTIONS:
        entries = data.get(section)
        for name, wanted in list(entries.items())[:MOST] if isinstance(entries, dict) else ():
            where = f"{place}:{_line(text, section, name)}"
            if not isinstance(wanted, str) or not _NAME.match(name):
                found.problems.append(f"{where}: not a dependency that could be read: {name[:80]}")
                continue
            by_name[name] = Requirement(
                ecosystem="npm",
                name=name,
                specifier=wanted.strip(),
                place=where,
                development=development or aside,
                optional=optional,
                direct=is_addressed(wanted.strip()),
                origin=origin,
            )
    found.requirements = list(by_name.values())
    return found


def is_addressed(wanted: str) -> bool:
    """Whether a dependency is asked for by file, address, repository, workspace or alias, not by range or tag."""
    return bool(_ADDRESSED.match(wanted) or _ARCHIVE.search(wanted) or "/" in wanted)


def locked_versions(path: str, text: str) -> dict[str, tuple[str, ...]]:
    """Versions by name that a package-lock.json, yarn.lock or pnpm-lock.yaml holds; empty where it cannot be read."""
    found: dict[str, set[str]] = {}
    if path.endswith(("yarn.lock", "pnpm-lock.yaml")):
        pattern = _YARN if path.endswith("yarn.lock") else _PNPM
        for match in pattern.finditer(text):
            found.setdefault(match[1], set()).add(match[2])
    else:
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        for at, package in _table(_table(data).get("packages")).items():
            name = at.rpartition("node_modules/")[2]
            _note(found, name, package)
        for name, package in _table(_table(data).get("dependencies")).items():
            _note(found, name, package)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}


def _note(found: dict[str, set[str]], name: str, package: object) -> None:
    version = _table(package).get("version")
    if name and isinstance(version, str):
        found.setdefault(name, set()).add(version)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _line(text: str, section: str, name: str) -> int:
    """Line of a dependency: the first after its section's key that has its name as a key."""
    start = max(text.find(f'"{section}"'), 0)
    match = re.compile(rf"{re.escape(json.dumps(name))}\s*:").search(text, start)
    return text.count("\n", 0, match.start() if match else start) + 1
