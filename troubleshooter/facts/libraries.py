"""What the dynamic loader would find for a program file in a tree: its shared libraries, and their versions.

Only what is certain is called missing: a name that no file of the whole tree has, so that nothing could have loaded it
before. Libraries of the C library itself are left out, because their absence is another C library's presence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.facts.loader import Loader, Loading
from troubleshooter.facts.tree import FileTree

_OF_THE_C_LIBRARY = re.compile(r"^(?:ld-|ld64|linux-|libc\.|lib(?:m|pthread|dl|rt|util|resolv|anl|nsl|crypt)\.so)")
_OF_MUSL = re.compile(r"libc\.musl-|ld-musl-|libc\.so$")
_NUMBERED = re.compile(r"^([A-Z]+)_(\d+(?:\.\d+)*)$")


@dataclass(frozen=True, slots=True)
class MissingLibrary:
    """A library that nothing in the tree is."""

    name: str
    wanted_by: str
    """The file that needs it: the one that was asked about, or a library on the way."""


@dataclass(frozen=True, slots=True)
class OldLibrary:
    """A library that is there and lacks a version that a file needs."""

    path: str
    """The library, real path."""
    name: str
    version: str
    """What is needed: `GLIBC_2.28`."""
    newest: str
    """The newest of the same kind that it has."""
    wanted_by: str


@dataclass(frozen=True, slots=True)
class ShadowedLibrary:
    """A library that LD_LIBRARY_PATH puts before the one that has the version needed."""

    path: str
    """The one that is taken, as it is opened."""
    name: str
    version: str
    wanted_by: str
    right: str
    """The one that would be taken without the variable."""


@dataclass(frozen=True)
class Libraries:
    """The dynamic loader's view of one tree."""

    tree: FileTree
    library_path: tuple[str, ...] = ()
    """Elements of LD_LIBRARY_PATH."""
    cwd: str = "/"
    program: str = ""
    """The interpreter that loads the native modules; what it has loaded itself is there already. Empty where it is not known."""
    _loaders: dict[tuple[str, bool], Loader] = field(default_factory=dict, compare=False, repr=False)
    _last: dict[str, Loading] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Paths of everything in the tree that is named like a shared library, by base name."""
        found: dict[str, list[str]] = {}
        for path in self.tree:
            name = path.rpartition("/")[2]
            if ".so" in name:
                found.setdefault(name, []).append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    @cached_property
    def musl(self) -> bool:
        """Whether the tree's own C library is musl."""
        own = [n for folder in ("/lib", "/usr/lib") for n in self.tree.children(folder)]
        return any(n.startswith("ld-musl-") for n in own) and "libc.so.6" not in self.names

    def loader(self, machine: str, *, given: bool = True) -> Loader:
        """The loader for a CPU; not `given`, as it is without LD_LIBRARY_PATH."""
        key = (machine, given)
        if key not in self._loaders:
            path = self.library_path if given else ()
            self._loaders[key] = Loader(self.tree, machine, path, self.cwd, self.musl)
        return self._loaders[key]

    def loading(self, path: str) -> Loading:
        """What loading the file at `path` leads to, in the process of the program where that is known."""
        if path not in self._last:
            self._last.clear()
            self._last[path] = self._load(path)
        return self._last[path]

    def _load(self, path: str, *, given: bool = True) -> Loading:
        elf = self.tree.elf(path)
        if elf is None:
            return Loading()
        loader = self.loader(elf.machine, given=given)
        running = loader.load(self.program) if self.program and self.program != path else None
        return loader.load(path, running if running is not None and running.objects else None)

    def missing(self, path: str) -> tuple[MissingLibrary, ...]:
        """Libraries that the file at `path`, or a library that it loads, needs and that no file of the tree is."""
        lost = [
            MissingLibrary(each.name, each.wanted_by)
            for each in self.loading(path).lost
            if each.name not in self.names and "/" not in each.name and not _OF_THE_C_LIBRARY.match(each.name)
        ]
        return tuple({each.name: each for each in reversed(lost)}.values())[::-1]

    def outdated(self, path: str) -> tuple[OldLibrary, ...]:
        """Versions that the file at `path`, or a library that it loads, needs of one that lacks them, where no other has them."""
        old = []
        loader = self.loader(self._machine(path))
        for each in self.loading(path).unmet:
            library = loader.elf(self.tree.resolve(each.path).path)
            if library is None or any(each.version in self._versions(p) for p in self.names.get(each.name, ())):
                continue
            newest = newest_of(each.version, library.provides)
            if newest:
                real = self.tree.resolve(each.path).path
                old.append(OldLibrary(real, each.name, each.version, newest, each.wanted_by))
        return tuple(old)

    def shadowed(self, path: str) -> tuple[ShadowedLibrary, ...]:
        """Versions that are not found because LD_LIBRARY_PATH puts another library before the only one that has them."""
        given = {self.tree.resolve(each, cwd=self.cwd).path for each in self.library_path}
        unmet = [
            each
            for each in self.loading(path).unmet
            if self.tree.resolve(each.path.rpartition("/")[0] or "/").path in given
        ]
        if not unmet:
            return ()
        free = self._load(path, given=False).objects
        found = []
        for each in unmet:
            right = next((o for o in free if each.name in o.names and each.version in o.elf.provides), None)
            having = {
                self.tree.resolve(p).path for p in self.names.get(each.name, ()) if each.version in self._versions(p)
            }
            if right is not None and having == {right.real}:
                found.append(ShadowedLibrary(each.path, each.name, each.version, each.wanted_by, right.path))
        return tuple(found)

    def foreign_libc(self, path: str) -> str:
        """What the file at `path` needs of the C library that the tree does not have; empty where that is not certain."""
        elf = self.tree.elf(path)
        lost = [each.name for each in self.loading(path).lost]
        if elf is None or not self.musl:
            return next((n for n in lost if _OF_MUSL.match(n)), "") if "libc.so.6" in self.names else ""
        if "libgcompat.so.0" in self.names:
            return ""
        loader = next((n for n in lost if n.startswith("ld-linux")), "")
        return loader or (elf.glibc_alone if any(n == "libc.so.6" for n, _ in elf.versions) else "")

    def _machine(self, path: str) -> str:
        elf = self.tree.elf(path)
        return elf.machine if elf is not None else ""

    def _versions(self, path: str) -> tuple[str, ...]:
        other = self.loader(self._machine(path)).elf(self.tree.resolve(path).path)
        return other.provides if other is not None else ()


def newest_of(version: str, provides: tuple[str, ...]) -> str:
    """The newest version of the same kind, where it is older than `version`; else empty: then it is no question of age."""
    wanted = _NUMBERED.match(version)
    if wanted is None:
        return ""
    same = [(_numbers(m[2]), m[0]) for each in provides if (m := _NUMBERED.match(each)) and m[1] == wanted[1]]
    best = max(same, default=None)
    return best[1] if best is not None and best[0] < _numbers(wanted[2]) else ""


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
