"""What the dynamic loader would find for a program file in a tree: its shared libraries, and their versions.

Only what is certain is called missing: a name that no file of the whole tree has, so that nothing could have loaded it
before. Libraries of the C library itself are left out, because their absence is another C library's presence.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.facts.elf import Elf
from troubleshooter.facts.tree import FileTree

DEEP = 300
"""Most libraries looked at for one file."""
DEFAULTS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

_OF_THE_C_LIBRARY = re.compile(r"^(?:ld-|ld64|linux-|libc\.|lib(?:m|pthread|dl|rt|util|resolv|anl|nsl|crypt)\.so)")
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


@dataclass(frozen=True)
class Libraries:
    """The dynamic loader's view of one tree."""

    tree: FileTree
    library_path: tuple[str, ...] = ()
    """The folders of LD_LIBRARY_PATH."""
    _found: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)
    _read: dict[str, Elf | None] = field(default_factory=dict, compare=False, repr=False)

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

    @cached_property
    def configured(self) -> tuple[str, ...]:
        """Folders of /etc/ld.so.conf and what it includes."""
        texts = [self.tree.text("/etc/ld.so.conf") or ""]
        names = [n for n in self.tree.children("/etc/ld.so.conf.d") if n.endswith(".conf")]
        texts += [self.tree.text(f"/etc/ld.so.conf.d/{name}") or "" for name in names]
        return tuple(line.strip() for text in texts for line in text.splitlines() if line.strip().startswith("/"))

    def folders(self, path: str, elf: Elf) -> tuple[str, ...]:
        """Where the loader looks for the libraries of the file at `path`, a real path."""
        first = [] if elf.runpath else _expanded(elf.rpath, path)
        last = _expanded(elf.runpath, path)
        triplet = TRIPLETS.get(elf.machine, "")
        multiarch = (f"/lib/{triplet}", f"/usr/lib/{triplet}", f"/usr/local/lib/{triplet}") if triplet else ()
        return tuple(dict.fromkeys([*first, *self.library_path, *last, *self.configured, *multiarch, *DEFAULTS]))

    def find(self, name: str, path: str, elf: Elf) -> str:
        """Real path of the library `name` for the file at `path`; empty where it is in none of its folders."""
        for folder in self.folders(path, elf):
            key = (folder, name)
            if key not in self._found:
                found = self.tree.resolve(posixpath.join(folder, name))
                self._found[key] = found.path if found.entry is not None else ""
            candidate = self._found[key]
            if candidate:
                other = self._elf(candidate)
                # The loader passes over libraries of another CPU.
                if other is None or other.machine in (elf.machine, "unknown"):
                    return candidate
        return ""

    def missing(self, path: str) -> tuple[MissingLibrary, ...]:
        """Libraries that the file at `path`, or a library that it loads, needs and that no file of the tree is."""
        lost: list[MissingLibrary] = []
        for here, elf in self._loaded(path):
            names = [n for n in elf.needed if n not in self.names and "/" not in n and not self._own(n)]
            lost += [MissingLibrary(name, here) for name in names]
        return tuple({each.name: each for each in reversed(lost)}.values())[::-1]

    def outdated(self, path: str) -> tuple[OldLibrary, ...]:
        """Versions that the file at `path` needs of a library that lacks them, and that no other of its name has."""
        elf = self._elf(path)
        if elf is None:
            return ()
        old = []
        real = self.tree.resolve(path).path
        for name, version in elf.versions:
            found = self.find(name, real, elf)
            library = self._elf(found) if found else None
            if library is None or not library.complete or not library.provides:
                continue
            if version in library.provides or any(version in self._versions(p) for p in self.names.get(name, ())):
                continue
            newest = newest_of(version, library.provides)
            if newest:
                old.append(OldLibrary(found, name, version, newest, real))
        return tuple(old)

    def _elf(self, path: str) -> Elf | None:
        """Header facts of the file at `path`; a library is asked for once for every file that loads it."""
        if path not in self._read:
            self._read[path] = self.tree.elf(path)
        return self._read[path]

    def _versions(self, path: str) -> tuple[str, ...]:
        other = self._elf(path)
        return other.provides if other is not None else ()

    def _own(self, name: str) -> bool:
        return _OF_THE_C_LIBRARY.match(name) is not None

    def _loaded(self, path: str) -> list[tuple[str, Elf]]:
        """The file and the libraries that load with it, as far as they are found."""
        todo, seen, loaded = [self.tree.resolve(path).path], set[str](), []
        while todo and len(seen) < DEEP:
            here = todo.pop(0)
            if here in seen:
                continue
            seen.add(here)
            elf = self._elf(here)
            if elf is None:
                continue
            loaded.append((here, elf))
            todo += [found for name in elf.needed if (found := self.find(name, here, elf))]
        return loaded


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


def _expanded(value: str | None, path: str) -> list[str]:
    """The folders of a RPATH or RUNPATH."""
    folder = posixpath.dirname(path)
    parts = [p for p in (value or "").split(":") if p]
    return [posixpath.normpath(p.replace("${ORIGIN}", folder).replace("$ORIGIN", folder)) for p in parts]
