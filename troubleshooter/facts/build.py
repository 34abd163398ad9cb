"""How an image is built, as its Dockerfile says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact
from troubleshooter.facts.function import EnvironmentVariable


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
    sources: bool = False
    """Whether this command, or one before it, may have changed where packages come from."""


@dataclass(frozen=True, kw_only=True)
class ImageBuild(Fact):
    """What the source folder's Dockerfiles do with package managers."""

    files: tuple[str, ...] = ()
    packages: tuple[PackageCommand, ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """One COPY or ADD from the build's context."""

    sources: tuple[str, ...]
    """As written, variables filled in."""
    target: str
    """Absolute path in the image; ends with `/` where the text says that it is a folder."""
    place: str
    modes: str = ""
    """Argument of --chmod."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One RUN instruction."""

    text: str
    place: str
    workdir: str
    mounts: bool = False
    """Brings files of its own, by --mount."""


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a stage that brings or runs something, in order."""

    copied: Copied | None = None
    ran: Ran | None = None
    foreign: bool = False
    """Files of another stage or image, or an instruction that may bring any."""


@dataclass(frozen=True, slots=True)
class BuildStage:
    """One stage, with what it inherits from earlier stages of the same file."""

    base: str
    """Image that it starts from in the end; arguments filled in with their defaults."""
    base_place: str
    decided: bool
    """Whether the base is written out. False where an ARG decides it, which a build may set."""
    kind: str
    """`aws` (a Lambda base image), the name of an official image (`python`, `node`, `debian`, …), or empty."""
    entrypoint: tuple[str, ...] | None = None
    """None where the base decides it and is not known."""
    command: tuple[str, ...] | None = None
    workdir: str = "/"
    user: str = ""
    environment: tuple[EnvironmentVariable, ...] = ()
    platform: str = ""
    """`linux/arm64`, where FROM writes it out or the base's tag is for one CPU."""
    places: Mapping[str, str] = field(default_factory=dict)
    """`entrypoint`, `command`, `workdir`, `user`, `environment`, `architecture` → `Dockerfile:12`."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImageRecipe(Fact):
    """The Dockerfile that the proposed image is made of."""

    path: str
    """Relative to the source folder."""
    contexts: tuple[str, ...]
    """Folders that may be the build's context, relative to the source folder; one where the template names it."""
    stages: tuple[BuildStage, ...]
    """All stages up to the one that is the image."""
    may_have_client: bool = True
    """False where neither the Dockerfile nor any manifest names a runtime client or an adapter, and nothing is copied
    from an image that might bring one."""

    @property
    def final(self) -> BuildStage:
        return self.stages[-1]


@dataclass(frozen=True, kw_only=True)
class EntryScript(Fact):
    """The file of the source folder that is copied to where the image's launch finds its program."""

    path: str
    """In the image."""
    origin: str
    """In the source folder."""
    copied_at: str
    mode: int
    first_line: str
    mode_set: bool
    """Whether the build sets modes, by --chmod or chmod."""
    rewritten: bool
    """Whether a step of the build may change the text."""


@dataclass(frozen=True, slots=True)
class BuildGap:
    """A file that a step of the build needs and that is not there then."""

    kind: str
    """`absent` (COPY of a file that the context does not have, and has under almost the same name), `elsewhere` (has in another
    folder, from where something may bring it before the build), `ignored` (.dockerignore keeps it out), `not copied` (an
    installer reads it and no step brought it)."""
    file: str
    place: str
    """Of the step."""
    text: str
    """The step, cut."""
    because: str
    """What shows it, with its place: `.dockerignore:3 *.txt`, `no step before copies it`."""


@dataclass(frozen=True, kw_only=True)
class BuildGaps(Fact):
    """What the steps of a Dockerfile miss in the source folder, as far as the text settles it."""

    gaps: tuple[BuildGap, ...] = ()
    looked_at: int = 0
    """Files that steps name and that were looked for."""
    made: tuple[str, ...] = ()
    """Those that the source folder does not have and that something may make before the build."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of the source folder that loads with the handler and that no step of the Dockerfile brings."""

    file: str
    """Relative to the source folder."""
    source: str
    """Relative to the build's context."""
    wanted: str
    """Where the image should have it."""
    module: str
    importer: str
    """`path:line` of the import that leads to it; empty for the handler's own file."""
    because: str
    """What shows it: `.dockerignore:3 *.py`, `no COPY or ADD names it, or a folder above it`."""


@dataclass(frozen=True, kw_only=True)
class StagedCode(Fact):
    """Whether the Dockerfile brings the function's own code that loads with the handler."""

    left_out: tuple[LeftOut, ...] = ()
    """Empty where there are doubts."""
    copies: tuple[str, ...] = ()
    """What the image's stage copies: `Dockerfile:4 app.py to /var/task/`."""
    doubts: tuple[str, ...] = ()
    """Why other steps may bring a file that none copies."""
    whole: bool = False
    """Whether a step brings each file that loads, and no command takes files away."""
    sealed: bool = False
    """Whether the image holds its base and single files of the source folder, and nothing installs anything."""
