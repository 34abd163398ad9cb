"""Packages: what is installed, what is asked for, and what the package index says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact
from troubleshooter.model import Origin


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
    elsewhere: tuple[Distribution, ...] = ()
    """Python: distributions in folders of the same tree that are not on the search path, as in a virtual environment."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """A name that own code asks an own module for, while the installed package of that name is meant."""

    module: str
    attribute: str
    path: str
    """The own module's file."""
    hidden: str
    """The package's file, which is not reached."""
    distribution: str
    """Name and version of the package."""
    place: str
    """`path:line` of what asks."""
    text: str
    """The source line, stripped."""
    imported: bool
    """`from module import attribute`, not `module.attribute`."""


@dataclass(frozen=True, kw_only=True)
class ShadowedPackages(Fact):
    """Python: installed packages that an own module of the same name hides, where loading the handler fails for it."""

    shadows: tuple[Shadow, ...] = ()


@dataclass(frozen=True, slots=True)
class MetadataUse:
    """A place that reads an installed distribution's metadata whenever its module is loaded."""

    distribution: str
    """As it is asked for."""
    path: str
    line: int
    text: str
    """The source line, stripped."""
    importer: str
    """`path:line` of the import that loads the module; empty for the handler's own file."""


@dataclass(frozen=True, kw_only=True)
class LostMetadata(Fact):
    """Python: metadata that loading the handler is sure to ask for and that no folder of the tree has."""

    uses: tuple[MetadataUse, ...] = ()


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
    optional: bool = False
    """An extra, optional or peer dependency: its absence breaks no installation."""
    direct: bool = False
    """Asked for by address, path, repository or alias: no index is asked for this name."""
    locked: tuple[str, ...] = ()
    """Versions that a lock file beside it holds."""
    origin: Origin = Origin.SOURCE


@dataclass(frozen=True, kw_only=True)
class SourceManifests(Fact):
    """Files of the engineer's source folder that say which packages are asked for and from where.

    Requirements files and what they include, pyproject.toml, Pipfile, package.json, lock files, `.npmrc`, `pip.conf`, and
    build files that may configure an index.
    """

    root: str
    """The folder."""
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Text by path relative to the folder, `/` between its parts."""
    skipped: tuple[str, ...] = ()
    """What was not read, and why."""


@dataclass(frozen=True, kw_only=True)
class Requirements(Fact):
    """What requirements files, pyproject.toml and package.json ask for."""

    requirements: tuple[Requirement, ...] = ()
    files: tuple[str, ...] = ()
    index_options: tuple[str, ...] = ()
    """`--index-url …`, `--extra-index-url …`, `--no-index`, `--find-links …` lines of requirements files, in order.

    Only of the engineer's own source folder, as written: `${X}` is not expanded.
    """
    index_scopes: tuple[tuple[str, ...], ...] = ()
    """The same by requirements file that is installed on its own; empty where none sets any."""
    npmrc: str = field(default="", repr=False)
    """Content of an .npmrc beside the source folder's package.json."""
    other_sources: tuple[tuple[str, str], ...] = ()
    """Places that send the build to an index that this machine's installer would not ask: (`pypi`, `Dockerfile:4`)."""
    problems: tuple[str, ...] = ()
    """Lines that could not be read."""


@dataclass(frozen=True, slots=True)
class IndexAnswer:
    """What all sources that the user's own installer would ask say of one name."""

    ecosystem: str
    name: str
    exists: bool | None
    """True where any source lists the name, False where all of them answered that they do not, else None."""
    versions: tuple[str, ...] = ()
    """Every version that any source lists, yanked ones too; oldest first, npm's as the registry orders them."""
    yanked: tuple[str, ...] = ()
    """Versions of which every file is yanked."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """npm's dist-tags: `latest` → version."""
    sources: tuple[str, ...] = ()
    """Where it was asked, credentials removed."""
    top_level: tuple[str, ...] = ()
    detail: str = ""
    """Why not every source answered; empty where all of them did."""


@dataclass(frozen=True, kw_only=True)
class IndexAnswers(Fact):
    """Answers by (ecosystem, normalised name)."""

    answers: Mapping[tuple[str, str], IndexAnswer] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class IndexQuestions(Fact):
    """Names to look up: (ecosystem, normalised name), each once."""

    names: tuple[tuple[str, str], ...] = ()
