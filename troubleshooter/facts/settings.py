"""Environment variables that code reads, against those that the function has."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.model import Evidence


@dataclass(frozen=True, slots=True)
class NamedSetting:
    """A name that a log or a pasted text says is missing. It may be any key, not only a variable's."""

    name: str
    evidence: Evidence
    while_loading: bool = False
    """Said by a failed init."""
    place: str = ""
    """`path:line` of the deepest frame of its traceback, Python's own `os` apart; empty where there is none."""


@dataclass(frozen=True, kw_only=True)
class SettingsQuestion(Fact):
    """Why one should look which variables the code reads: names that are missed, or nothing shows that it was ever loaded."""

    names: tuple[NamedSetting, ...] = ()
    loaded: bool = False
    """The log shows that the handler's module was loaded."""


@dataclass(frozen=True, slots=True)
class EnvironmentRead:
    """One place where code reads a variable and fails without it."""

    name: str
    place: str
    """`path:line`"""
    text: str
    """The source line, stripped."""
    while_loading: bool
    """It runs, under no condition, when the module is loaded."""
    prepared: bool = False
    """Something that may load settings runs before it."""
    last_line: int = 0
    """Of the expression, where it has several."""

    def stands_at(self, place: str) -> bool:
        """Whether a frame's `path:line` is this read."""
        path, _, line = place.rpartition(":")
        own, _, first = self.place.rpartition(":")
        same = path == own or path.endswith(f"/{own.lstrip('/')}")
        return same and int(first) <= int(line) <= max(int(first), self.last_line)


@dataclass(frozen=True, kw_only=True)
class EnvironmentReads(Fact):
    """Variables that the handler's own module reads by `os.environ[…]`."""

    reads: tuple[EnvironmentRead, ...] = ()
    set_by_code: tuple[str, ...] = ()
    """Names that some code of the function's sets itself; `*` where that cannot be told, as with a file of settings."""
    elsewhere: tuple[str, ...] = ()
    """Names of `reads` that own code uses for something else too, as the key of another mapping."""
