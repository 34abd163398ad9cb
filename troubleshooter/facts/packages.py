"""Packages: what is installed, what is asked for, and what the package index says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed package."""

    name: str
    """As its metadata spells it."""
    version: str
    path: str
    """Its dist-info folder, or its package.json."""
    provides: tuple[str, ...] = ()
    """Top-level import names (Python)."""


@dataclass(frozen=True, kw_only=True)
class InstalledPackages(Fact):
    """Distributions on the search path (Python) or packages in node_modules on the handler's way up (Node)."""

    language: str
    distributions: tuple[Distribution, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package that somebody asked for."""

    ecosystem: str
    """`pypi` or `npm`."""
    name: str
    specifier: str
    """Version range as written; empty for any."""
    place: str
    """`requirements.txt:3`"""
    development: bool = False
    marker: str = ""
    """Environment marker as written."""


@dataclass(frozen=True, kw_only=True)
class Requirements(Fact):
    """What requirements files, pyproject.toml and package.json ask for."""

    requirements: tuple[Requirement, ...] = ()
    files: tuple[str, ...] = ()
    index_options: tuple[str, ...] = ()
    """`--index-url …`, `--extra-index-url …`, `--no-index`, `--find-links …` lines of requirements files, in order."""
    npmrc: str = ""
    """Content of an .npmrc beside package.json."""
    problems: tuple[str, ...] = ()
    """Lines that could not be read."""


@dataclass(frozen=True, slots=True)
class IndexAnswer:
    """What all sources that the user's own installer would ask say of one name."""

    ecosystem: str
    name: str
    exists: bool | None
    """None where not every source answered."""
    versions: tuple[str, ...] = ()
    yanked: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Where it was asked, credentials removed."""
    top_level: tuple[str, ...] = ()
    detail: str = ""
    """Why it could not be told."""


@dataclass(frozen=True, kw_only=True)
class IndexAnswers(Fact):
    """Answers by (ecosystem, normalised name)."""

    answers: Mapping[tuple[str, str], IndexAnswer] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class IndexQuestions(Fact):
    """Names to look up: (ecosystem, normalised name), each once."""

    names: tuple[tuple[str, str], ...] = ()
