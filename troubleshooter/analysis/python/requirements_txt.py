"""Reads requirements files as pip does: continuations, comments, options, includes, hashes, markers, addresses."""

from __future__ import annotations

import optparse
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Pep508
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from troubleshooter.facts.manifests import is_aside
from troubleshooter.facts.packages import Requirement
from troubleshooter.model import Origin

INCLUDES = 50
"""Files that one requirements file may draw in."""
LINES = 5000
"""Lines of one file that are read."""

_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][\w.-]*)")
_ADDRESS = re.compile(r"^[A-Za-z][\w+.-]*:")
_ARCHIVE = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


@dataclass(slots=True)
class RequirementsFile:
    """What one requirements file with all that it includes says."""

    requirements: list[Requirement] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    """Options that decide where pip looks, long names, one text each."""
    problems: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class _LineError(Exception):
    pass


class _Parser(optparse.OptionParser):
    """The options that pip takes in a requirements file."""

    def __init__(self) -> None:
        super().__init__(add_help_option=False)
        self.add_option("-i", "--index-url", "--pypi-url", dest="index_url")
        self.add_option("--extra-index-url", dest="extra", action="append", default=[])
        self.add_option("--no-index", action="store_true", default=False)
        self.add_option("-f", "--find-links", dest="links", action="append", default=[])
        self.add_option("-r", "--requirement", dest="includes", action="append", default=[])
        self.add_option("-c", "--constraint", dest="constraints", action="append", default=[])
        self.add_option("-e", "--editable", dest="editables", action="append", default=[])
        self.add_option("--trusted-host", dest="trusted", action="append", default=[])
        for name in ("--no-binary", "--only-binary", "--use-feature", "--hash", "--global-option", "--config-settings"):
            self.add_option(name, action="append")
        for name in ("--prefer-binary", "--require-hashes", "--pre"):
            self.add_option(name, action="store_true")

    def exit(self, status: int = 0, msg: str | None = None) -> NoReturn:
        raise _LineError(msg or "")

    def error(self, msg: str) -> NoReturn:
        raise _LineError(msg)


def read_requirements(
    path: str, read: Callable[[str], str | None], *, shown: Callable[[str], str] = str, origin: Origin = Origin.SOURCE
) -> RequirementsFile:
    """The requirements of `path` and all that it includes with `-r`, in pip's order.

    `read` gives a file's text by path, None where there is none; `shown` turns a path into what places name.
    """
    found = RequirementsFile()
    _read(path, read, shown, origin, found)
    return found


def _read(
    path: str,
    read: Callable[[str], str | None],
    shown: Callable[[str], str],
    origin: Origin,
    found: RequirementsFile,
) -> None:
    if path in found.files:
        return
    text = read(path) if len(found.files) < INCLUDES else None
    if text is None:
        found.problems.append(f"{shown(path)}: included, and not there to be read")
        return
    found.files.append(path)
    for count, (number, line) in enumerate(logical_lines(text)):
        place = f"{shown(path)}:{number}"
        if count == LINES:
            found.problems.append(f"{place}: more than {LINES} lines, of which the rest was not read")
            return
        arguments, options = _split(line)
        try:
            parsed = _parsed(options)
        except (_LineError, ValueError):
            found.problems.append(f"{place}: options that pip does not take: {options[:80]}")
            continue
        development = is_aside(path)
        if arguments or parsed.editables:
            asked = arguments or parsed.editables[0]
            requirement = read_line(asked, place, development=development, origin=origin)
            if requirement is not None:
                found.requirements.append(requirement)
            elif arguments and not _is_path(asked):
                found.problems.append(f"{place}: not a requirement that could be read: {asked[:80]}")
            continue
        found.options += _sources(parsed, posixpath.dirname(path))
        for include in parsed.includes[:1]:
            if _ADDRESS.match(include):
                found.problems.append(f"{place}: includes a file of another host, which was not read")
                continue
            _read(posixpath.normpath(posixpath.join(posixpath.dirname(path), include)), read, shown, origin, found)


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of its first line, content) of each line that says something: continuations joined, comments gone."""
    first = 0
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            first = first if parts else number
            parts.append(line.strip("\\"))
            continue
        whole = "".join([*parts, f" {line}" if comment else line])
        number, parts = (first, []) if parts else (number, parts)
        if stripped := _without_comment(whole):
            yield number, stripped
    if parts and (stripped := _without_comment("".join(parts))):
        yield first, stripped


def _without_comment(line: str) -> str:
    """The line up to the first `#` that starts it or follows a blank."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line.strip() if at < 0 else line[:at].strip()


def read_line(
    text: str, place: str, *, development: bool = False, optional: bool = False, origin: Origin = Origin.SOURCE
) -> Requirement | None:
    """One requirement as pip and PEP 508 spell it; None where it names no package or cannot be read."""
    text = text.strip()
    try:
        asked = Pep508(text)
    except (InvalidRequirement, RecursionError):
        name = _name_of_address(text)
        if name is None:
            return None
        return Requirement(
            "pypi", name, "", place, development=development, optional=optional, direct=True, origin=origin
        )
    return Requirement(
        ecosystem="pypi",
        name=asked.name,
        specifier=str(asked.specifier),
        place=place,
        development=development,
        marker=str(asked.marker or ""),
        optional=optional,
        direct=asked.url is not None,
        origin=origin,
    )


def _name_of_address(text: str) -> str | None:
    """The package that an address, repository or archive is of, where its text says so."""
    if egg := _EGG.search(text):
        return egg[1]
    file = posixpath.basename(text.partition("#")[0].partition("?")[0].partition(";")[0].strip())
    if not file.endswith(".whl") or not _is_path(text):
        return None
    try:
        return str(parse_wheel_filename(file)[0])
    except (InvalidWheelFilename, ValueError):
        return None


def _is_path(text: str) -> bool:
    """Whether a line asks for an address or a file rather than for a name."""
    bare = text.partition(";")[0].partition("[")[0].strip()
    return bool(_ADDRESS.match(text)) or "/" in bare or "\\" in bare or bare.startswith(".") or bare.endswith(_ARCHIVE)


def _split(line: str) -> tuple[str, str]:
    """The requirement and the options of a line; markers must not meet shell quoting."""
    words = line.split(" ")
    at = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:at]).strip(), " ".join(words[at:])


def _parsed(options: str) -> optparse.Values:
    """The options of a line. Raises what optparse and shlex raise."""
    if not options:
        return _NO_OPTIONS
    parsed, _ = _Parser().parse_args(shlex.split(options))
    return parsed


_NO_OPTIONS = _Parser().get_default_values()


def _sources(parsed: optparse.Values, folder: str) -> list[str]:
    """The line's options that decide where pip looks."""
    options = []
    if parsed.no_index:
        options.append("--no-index")
    if parsed.index_url:
        options.append(f"--index-url {parsed.index_url}")
    options += [f"--extra-index-url {url}" for url in parsed.extra]
    for link in parsed.links[:1]:
        here = link if _ADDRESS.match(link) or link.startswith(("/", "~")) else posixpath.join(folder, link)
        options.append(f"--find-links {here}")
    return options + [f"--trusted-host {host}" for host in parsed.trusted]
