"""npm's version ranges: whether any published version satisfies what a package.json asks for.

The rules of semver in npm's own loose reading: `^`, `~`, x-ranges, hyphen ranges, comparators, `||`, tags, and pre-releases
only where the range names one of the same major.minor.patch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST = 256
"""Characters of a version or range; npm takes no longer version either."""

_PRE = r"-?((?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|[0-9]+)(?:\.(?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|[0-9]+))*)"
_BUILD = r"\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"^[v=\s]*([0-9]+)\.([0-9]+)\.([0-9]+)(?:{_PRE})?(?:{_BUILD})?$")
_PART = r"[0-9]+|[xX*]"
_PARTIAL = rf"[v=\s]*({_PART})(?:\.({_PART})(?:\.({_PART})(?:{_PRE})?)?)?"
_TERM = re.compile(rf"^(~>?|\^|[<>]?=?)\s*{_PARTIAL}$")
_HYPHEN = re.compile(rf"^\s*{_PARTIAL}\s+-\s+{_PARTIAL}\s*$")
_LOOSE_SPACE = re.compile(r"(~>?|\^|[<>]=?|=)\s+(?=[0-9vxX*=])")
_TAG = re.compile(r"^[A-Za-z0-9_.!~*'()-]+$")

Pre = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Version:
    """One version. Build metadata does not count."""

    release: tuple[int, int, int]
    pre: Pre = ()

    @property
    def key(self) -> tuple[tuple[int, int, int], int, Pre]:
        """Sorts as semver does: a release after its pre-releases."""
        return self.release, 0 if self.pre else 1, self.pre


@dataclass(frozen=True, slots=True)
class _Bound:
    operator: str
    """`<`, `<=`, `>`, `>=` or `=`."""
    version: Version

    def admits(self, version: Version) -> bool:
        mine, other = self.version.key, version.key
        if self.operator == "=":
            return other == mine
        if self.operator.startswith(">"):
            return other > mine or (other == mine and self.operator == ">=")
        return other < mine or (other == mine and self.operator == "<=")


_ZERO: Pre = ((0, 0, ""),)
"""The lowest pre-release, `-0`."""
_NOTHING = (_Bound("<", Version((0, 0, 0), _ZERO)),)


def matches(wanted: str, versions: Iterable[str], tags: Mapping[str, str]) -> bool | None:
    """Whether npm would find a version for `wanted`; None where the text is neither version, range nor tag."""
    wanted = wanted.strip()
    known = {parsed: text for text in versions if (parsed := parse_version(text)) is not None}
    if len(wanted) > LONGEST:
        return None
    if exact := parse_version(wanted):
        return exact in known
    alternatives = parse_range(wanted)
    if alternatives is None:
        return tags.get(wanted) in known.values() if _TAG.match(wanted) else None
    if wanted in ("", "*") and tags.get("latest") in known.values():
        return True
    return any(_in_range(version, alternatives) for version in known)


def satisfies(version: str, wanted: str) -> bool | None:
    """Whether one version lies in a range; None where one of the two cannot be read."""
    parsed, alternatives = parse_version(version), parse_range(wanted.strip()) if len(wanted) <= LONGEST else None
    if parsed is None or alternatives is None:
        return None
    return _in_range(parsed, alternatives)


def parse_version(text: str) -> Version | None:
    """A whole version; None where the text is none."""
    match = _VERSION.match(text.strip()) if len(text) <= LONGEST else None
    return Version((int(match[1]), int(match[2]), int(match[3])), _pre(match[4])) if match else None


def parse_range(text: str) -> list[tuple[_Bound, ...]] | None:
    """Alternatives, each a list of bounds that must all hold; None where the text is no range."""
    alternatives = [_alternative(part.strip()) for part in re.split(r"\|\|", text)]
    read = [bounds for bounds in alternatives if bounds is not None]
    if not read:
        return None
    possible = [bounds for bounds in read if bounds != _NOTHING]
    # Where anything goes, nothing else is looked at, so no alternative may let a pre-release in.
    return [()] if () in possible else possible or [_NOTHING]


def _alternative(text: str) -> tuple[_Bound, ...] | None:
    text = re.sub(_BUILD, "", text)
    if match := _HYPHEN.match(text):
        low, high = match.groups()[:4], match.groups()[4:]
        return (*_bounds(">=", *low), *_upper(*high))
    terms = _LOOSE_SPACE.sub(r"\1", text).split()
    bounds: list[_Bound] = []
    read = not terms
    for at, term in enumerate(terms):
        match = _TERM.match(term)
        found = _term(match) if match else None
        # npm loses a `*` that has a term on both sides, which matters where both are dropped.
        if found is None or (not found and 0 < at < len(terms) - 1):
            continue
        if found == _NOTHING:
            return _NOTHING
        read = True
        bounds += found
    return tuple(bounds) if read else None


def _term(match: re.Match[str]) -> tuple[_Bound, ...] | None:
    """The bounds of one term; None where npm drops it."""
    operator, major, minor, patch, pre = match.groups()
    if operator.startswith("~"):
        return _tilde(major, minor, patch, pre)
    if operator == "^":
        return _caret(major, minor, patch, pre)
    # `*.2` and `1.x.3` mean nothing.
    if (_is_x(major) and not _is_x(minor)) or (_is_x(minor) and patch and not _is_x(patch)):
        return None
    return _bounds(operator or "=", major, minor, patch, pre)


def _bounds(operator: str, major: str, minor: str | None, patch: str | None, pre: str | None) -> tuple[_Bound, ...]:
    """A comparator, with x for any number where a part is left out."""
    if _is_x(major):
        return _NOTHING if operator in ("<", ">") else ()
    if not _is_x(minor) and not _is_x(patch):
        return (_Bound(operator, Version((int(major), _number(minor), _number(patch)), _pre(pre))),)
    first = (int(major), 0 if _is_x(minor) else _number(minor), 0)
    after = (first[0] + 1, 0, 0) if _is_x(minor) else (first[0], first[1] + 1, 0)
    if operator == ">":
        return (_Bound(">=", Version(after)),)
    if operator == ">=":
        return (_Bound(">=", Version(first)),)
    if operator == "<":
        return (_Bound("<", Version(first, _ZERO)),)
    if operator == "<=":
        return (_Bound("<", Version(after, _ZERO)),)
    return _Bound(">=", Version(first)), _Bound("<", Version(after, _ZERO))


def _upper(major: str, minor: str | None, patch: str | None, pre: str | None) -> tuple[_Bound, ...]:
    return () if _is_x(major) else _bounds("<=", major, minor, patch, pre)


def _tilde(major: str, minor: str | None, patch: str | None, pre: str | None) -> tuple[_Bound, ...]:
    if _is_x(major):
        return ()
    if _is_x(minor) or _is_x(patch):
        return _bounds("=", major, minor, None, None)
    low = Version((int(major), _number(minor), _number(patch)), _pre(pre))
    return _Bound(">=", low), _Bound("<", Version((low.release[0], low.release[1] + 1, 0), _ZERO))


def _caret(major: str, minor: str | None, patch: str | None, pre: str | None) -> tuple[_Bound, ...]:
    if _is_x(major):
        return ()
    whole = not _is_x(minor) and not _is_x(patch)
    low = (int(major), 0 if _is_x(minor) else _number(minor), _number(patch) if whole else 0)
    if low[0] or _is_x(minor):
        high = (low[0] + 1, 0, 0)
    elif low[1] or not whole:
        high = (0, low[1] + 1, 0)
    else:
        high = (0, 0, low[2] + 1)
    return _Bound(">=", Version(low, _pre(pre) if whole else ())), _Bound("<", Version(high, _ZERO))


def _in_range(version: Version, alternatives: list[tuple[_Bound, ...]]) -> bool:
    return any(_admitted(version, bounds) for bounds in alternatives)


def _admitted(version: Version, bounds: tuple[_Bound, ...]) -> bool:
    if not all(bound.admits(version) for bound in bounds):
        return False
    return not version.pre or any(b.version.pre and b.version.release == version.release for b in bounds)


def _pre(text: str | None) -> Pre:
    """Identifiers of a pre-release, numbers before words."""
    parts = text.split(".") if text else []
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts)


def _number(text: str | None) -> int:
    return int(text or 0)


def _is_x(text: str | None) -> bool:
    return text is None or text in ("", "x", "X", "*")
