"""How the process is started: the effective launch and what happens when the kernel is asked to do it."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.model import Evidence


@dataclass(frozen=True, kw_only=True)
class EffectiveLaunch(Fact):
    """Image configuration with the function's ImageConfig on top, per member (API semantics, not folklore).

    A member that is absent, or empty in the record, falls back to the image's; `entrypoint_origin` and its sisters say
    which won: `override`, `image`, or `none`.
    """

    entrypoint: tuple[str, ...]
    entrypoint_origin: str
    command: tuple[str, ...]
    command_origin: str
    workdir: str
    workdir_origin: str
    path: str | None = None
    """PATH of the process, the image's with the function's on top."""
    evidence: tuple[Evidence, ...] = ()
    """The members, each cited from where it came."""

    @property
    def argv(self) -> tuple[str, ...]:
        return self.entrypoint + self.command


@dataclass(frozen=True, kw_only=True)
class SpawnResult(Fact):
    """What execve would say to the effective argv inside the image, as Lambda's unprivileged user."""

    errno: str
    """`ok`, or the kernel's `ENOENT`, `EACCES`, `ENOEXEC`, `ELOOP`, `ENOTDIR`, `ENAMETOOLONG`, `ELIBBAD`, `EIO`."""
    cause: str
    """Why, in one word: see `analysis/spawn/execve.py`; `ok` where everything that was followed starts."""
    path: str
    """The file that decided, as it was named: the entrypoint, or an interpreter or loader it needs."""
    detail: str
    """One clause."""
    stage: str = "exec"
    """Who fails: `exec` the kernel, before anything of the image runs; `script` the interpreter, which cannot read its
    script; `env` the `env` of a first line; `runtime` what AWS's entry script goes on to start."""
    role: str = "entrypoint"
    """What `path` is to the program that was to start: `entrypoint` (itself), `interpreter`, or `loader`."""
    chain: tuple[str, ...] = ()
    """Files that the kernel opens in turn, real paths: script, interpreter, loader, then what those start."""
    machine: str = ""
    """OCI architecture of the ELF file at the end of the chain; empty where there is none."""
    machine_path: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OwnSpawnResult(SpawnResult):
    """The same question asked of the image alone, without the function's override."""

    argv: tuple[str, ...] = ()
    """The image's own ENTRYPOINT and CMD."""


@dataclass(frozen=True, kw_only=True)
class PackageSpawnResult(SpawnResult):
    """The same question asked of a zip package's own bootstrap."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A file that the launch looks up, and that a variable keeps from being found."""

    variable: str
    """`PATH` or `LD_LIBRARY_PATH`."""
    origin: str
    """Who sets it: `function` or `image`."""
    value: str
    name: str
    """What is looked up."""
    at: str
    """Where it lies in the image."""
    wanted_by: str
    """The program or script that asks for it."""
    stage: str
    """Who looks: `exec` the kernel's start, `env`, a `script`, or the `loader` of a program."""


@dataclass(frozen=True, kw_only=True)
class LaunchSearch(Fact):
    """The launch once more, with the folders that the base's PATH and LD_LIBRARY_PATH name."""

    lost: tuple[Lost, ...] = ()
    """Empty where it finds everything, or more folders would not help."""


@dataclass(frozen=True, slots=True)
class ExtensionStart:
    """One file in /opt/extensions, and what the kernel says to starting it."""

    path: str
    mode: int
    cause: str
    """As in `SpawnResult`."""
    detail: str


@dataclass(frozen=True, kw_only=True)
class ExtensionStarts(Fact):
    """The files that Lambda starts beside the runtime."""

    starts: tuple[ExtensionStart, ...] = ()
