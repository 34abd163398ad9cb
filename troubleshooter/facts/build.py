"""How an image is built, as its Dockerfile says."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class PackageCommand:
    """One call of an operating system's package manager in a RUN instruction."""

    manager: str
    """`yum`, `dnf`, `microdnf`, `apt-get`, `apt`, or `apk`."""
    text: str
    """The command, its words joined by blanks, cut to 200 characters."""
    place: str
    """`Dockerfile:2`"""
    base: str
    """Image that the stage starts from, through other stages; arguments filled in with their defaults."""
    base_place: str
    decided: bool
    """Whether the base is written out. False where an ARG decides it, which a build may set."""
    fatal: bool
    """Whether the build ends where this command is not found: nothing catches it, and nothing installed it before."""


@dataclass(frozen=True, kw_only=True)
class ImageBuild(Fact):
    """What the source folder's Dockerfiles do with package managers."""

    files: tuple[str, ...] = ()
    packages: tuple[PackageCommand, ...] = ()
