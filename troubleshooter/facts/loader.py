"""The dynamic loader, step by step: what glibc's ld.so, or musl's, opens for one program or library of a tree.

Imitated are the order of folders (RPATH up the chain of loaders, LD_LIBRARY_PATH, RUNPATH, the cache, the default folders),
what counts as loaded already, which files are passed over and which end the start, and versions. $ORIGIN is the folder of
the path as it was opened: links are not resolved.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.facts.elf import MAGIC, Elf
from troubleshooter.facts.tree import FileTree, Kind

DEEP = 600
"""Most files opened for one program."""
CACHE = "/etc/ld.so.cache"
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADERS = {
    "amd64": ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1"),
    "arm64": ("/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1"),
}
ANYWHERE = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
"""Default folders of one distribution or another."""

_CACHE_FLAGS = {"amd64": 0x303, "arm64": 0xA03}
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MUSL_OWN = re.compile(r"^lib(?:c|pthread|rt|m|dl|util|xnet)\.")
HARDWARE = {"amd64": ("x86-64-v3", "x86-64-v2")}
"""Levels of instructions that every CPU of Lambda has (AVX2 is documented), the best first: names below glibc-hwcaps.

Whether one has the fourth, AVX-512, is not told. glibc knows no levels of arm64.
"""
_KNOWS_LEVELS = (2, 33)
"""The glibc that looks for them first; older ones look into other folders, which no distribution uses."""
_EXTENSION_MAGIC, _LEVELS_TAG, _IN_EXTENSION = 0xEAA42174, 1, 1 << 62
"""Of the cache: its second part, the list of levels there, and the mark of an entry that is for one of them."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A name that the loader does not get a file for."""

    name: str
    wanted_by: str
    problem: str = ""
    """Why the file that it finds ends the start; empty where it finds none."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A version that the library found for a name does not define."""

    path: str
    """The library, as it was opened."""
    name: str
    version: str
    wanted_by: str


@dataclass(slots=True, eq=False)
class Opened:
    """One file that is loaded."""

    path: str
    """As it was opened."""
    real: str
    elf: Elf
    by: Opened | None
    names: set[str]


@dataclass(slots=True)
class Loading:
    """What starting one program, or loading one library, leads to."""

    objects: list[Opened] = field(default_factory=list)
    """In the order of loading, the file itself first."""
    lost: list[Lost] = field(default_factory=list)
    unmet: list[Unmet] = field(default_factory=list)


@dataclass(frozen=True)
class Loader:
    """The loader of one tree, for one CPU."""

    tree: FileTree
    machine: str
    library_path: tuple[str, ...] = ()
    """Elements of LD_LIBRARY_PATH; an empty one is the working directory."""
    cwd: str = "/"
    musl: bool = False
    _known: dict[str, Elf | None] = field(default_factory=dict, compare=False, repr=False)
    _seen: dict[str, tuple[str, Elf] | str | None] = field(default_factory=dict, compare=False, repr=False)

    # ------------------------------------------------------------ the tree's own settings

    @cached_property
    def cache(self) -> dict[str, str] | None:
        """Path by name in /etc/ld.so.cache; None where it is there and was not read."""
        if not self.tree.is_file(CACHE):
            return {}
        content = self.tree.read(CACHE)
        return None if content is None else _cached(content, _CACHE_FLAGS.get(self.machine, 0), self.levels)

    @cached_property
    def configured(self) -> tuple[str, ...]:
        """Folders of /etc/ld.so.conf and what it includes: what the cache was made of."""
        texts = [self.tree.text("/etc/ld.so.conf") or ""]
        names = [n for n in self.tree.children("/etc/ld.so.conf.d") if n.endswith(".conf")]
        texts += [self.tree.text(f"/etc/ld.so.conf.d/{name}") or "" for name in names]
        return tuple(line.strip() for text in texts for line in text.splitlines() if line.strip().startswith("/"))

    @cached_property
    def defaults(self) -> tuple[str, ...]:
        """Folders compiled into the loader."""
        if self.musl:
            text = self.tree.text(f"/etc/ld-musl-{_MUSL_NAMES.get(self.machine, '')}.path")
            return tuple(p for p in re.split(r"[:\n]", text) if p) if text else ("/lib", "/usr/local/lib", "/usr/lib")
        triplet = TRIPLETS.get(self.machine, "none")
        multiarch = (f"/lib/{triplet}", f"/usr/lib/{triplet}")
        if any(self.tree.exists(f"{folder}/libc.so.6") for folder in multiarch):
            return (*multiarch, "/lib", "/usr/lib")
        if any(self.tree.exists(f"{folder}/libc.so.6") for folder in ("/lib64", "/usr/lib64")):
            return ("/lib64", "/usr/lib64")
        return (*multiarch, f"/usr/local/lib/{triplet}", *ANYWHERE)

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Levels of the CPU whose own folders and entries of the cache this loader takes first."""
        paths = [self.tree.resolve(f"{folder}/libc.so.6").path for folder in self.defaults]
        libc = next((elf for path in paths if (elf := self.elf(path)) is not None), None)
        versions = [m for each in libc.provides if (m := _GLIBC.fullmatch(each))] if libc is not None else []
        old = versions and max((int(m[1]), int(m[2])) for m in versions) < _KNOWS_LEVELS
        return () if self.musl or old else HARDWARE.get(self.machine, ())

    def elf(self, real: str) -> Elf | None:
        """Header facts of the file at a real path, each read once."""
        if real not in self._known:
            self._known[real] = self.tree.elf(real)
        return self._known[real]

    # ------------------------------------------------------------ loading

    def load(self, path: str, into: Loading | None = None) -> Loading:
        """Loads the file at `path`: a program with all that it needs, or, `into` a running one, a library."""
        result = Loading()
        first = self._open(path)
        if not isinstance(first, Opened):
            result.lost.append(Lost(path, path, first or ""))
            return result
        running = into.objects if into is not None else []
        main = first.by = running[0] if running else None
        there = [*running, *self._itself(), first]
        todo = [first]
        while todo and len(there) < DEEP:
            here = todo.pop(0)
            result.objects.append(here)
            for name in here.elf.needed:
                found = self._need(name, here, main or first, there)
                if isinstance(found, Lost):
                    result.lost.append(found)
                elif found is not None:
                    todo.append(found)
                    there.append(found)
        for here in result.objects:
            result.unmet += self._unmet(here, there)
        return result

    def _itself(self) -> list[Opened]:
        """The loader's own file, which is loaded before all others."""
        names = LOADERS.get(self.machine, ("", ""))
        found = self._open(names[1 if self.musl else 0])
        if not isinstance(found, Opened):
            return []
        found.names |= {posixpath.basename(found.path)}
        return [found]

    def _need(self, name: str, here: Opened, main: Opened, there: list[Opened]) -> Opened | Lost | None:
        """The file that is loaded for a name; None where it is loaded already."""
        if self.musl and _MUSL_OWN.match(name):
            return None
        if self.musl:
            # musl loads the program itself again where something needs it.
            there = [each for each in there if each is not main]
        if self._match(name, there) is not None:
            return None
        found = self.find(name, here, main)
        if not isinstance(found, Opened):
            return Lost(name, here.path, found or "")
        # The program itself is known by its names alone: found under another one, it is mapped again.
        same = next((each for each in there if each is not main and each.real == found.real), None)
        if same is not None:
            same.names.add(name)
            return None
        found.by = here
        found.names.add(name)
        return found

    def _match(self, name: str, there: list[Opened]) -> Opened | None:
        for each in there:
            if name in each.names or (not self.musl and name in (each.path, each.elf.soname)):
                return each
        return None

    def _unmet(self, here: Opened, there: list[Opened]) -> Iterator[Unmet]:
        for name, version in () if self.musl else here.elf.versions:
            found = self._match(name, there)
            if found is None or not found.elf.provides or not found.elf.complete:
                # Without any definitions the loader only warns.
                continue
            if version not in found.elf.provides:
                yield Unmet(found.path, name, version, here.path)

    # ------------------------------------------------------------ looking for one name

    def find(self, name: str, here: Opened, main: Opened | None = None) -> Opened | str | None:
        """What is opened for a name that `here` needs: the file, why what is found ends the start, or None."""
        if "/" in name:
            return self._open(posixpath.join(self.cwd, self._expanded(name, here)))
        for path in self._candidates(name, here, main or here):
            found = self._open(path)
            if found is not None:
                return found
        return None

    def _candidates(self, name: str, here: Opened, main: Opened) -> Iterator[str]:
        for folder in self._folders_before_cache(here, main):
            yield from self._in(folder, name)
        if not self.musl:
            if self.cache is None:
                for folder in self.configured:
                    yield from self._in(folder, name)
            elif name in self.cache:
                yield self.cache[name]
        for folder in self.defaults:
            yield from self._in(folder, name)

    def _in(self, folder: str, name: str) -> Iterator[str]:
        if self.levels and self.tree.exists(f"{folder}/glibc-hwcaps"):
            yield from (posixpath.join(folder, "glibc-hwcaps", level, name) for level in self.levels)
        yield posixpath.join(folder, name)

    def _folders_before_cache(self, here: Opened, main: Opened) -> Iterator[str]:
        if self.musl:
            yield from (posixpath.join(self.cwd, each) for each in self.library_path if each)
            for each in _chain(here):
                yield from self._split(each.elf.rpath if each.elf.runpath is None else each.elf.runpath, each)
            return
        if not here.elf.runpath:
            chain = list(_chain(here))
            for each in chain if main in chain else [*chain, main]:
                if not each.elf.runpath:
                    yield from self._split(each.elf.rpath, each)
        yield from (posixpath.join(self.cwd, self._expanded(each, main)) for each in self.library_path)
        yield from self._split(here.elf.runpath, here)

    def _split(self, value: str | None, owner: Opened) -> Iterator[str]:
        if self.musl and (value is None or re.search(r"\$(?!ORIGIN|\{ORIGIN\})", value)):
            # musl ignores the whole of a path with a word that it does not know.
            return
        for each in value.split(":") if value else ():
            if self.musl and not each:
                continue
            yield posixpath.join(self.cwd, self._expanded(each, owner))

    def _expanded(self, value: str, owner: Opened) -> str:
        """A path with $ORIGIN and $LIB filled in. `..` stays: what it means depends on links."""
        if "$" not in value:
            return value
        folder = posixpath.dirname(owner.path)
        value = re.sub(r"\$(?:\{ORIGIN\}|ORIGIN(?!\w))", lambda _: folder, value)
        own = f"lib/{TRIPLETS[self.machine]}" if self.defaults[0].endswith("-linux-gnu") else "lib64"
        return value if self.musl else re.sub(r"\$(?:\{LIB\}|LIB(?!\w))", own, value)

    def _open(self, path: str) -> Opened | str | None:
        """The file at `path`; why it ends the start; or None where it is passed over."""
        if path not in self._seen:
            self._seen[path] = self._look(path)
        found = self._seen[path]
        return Opened(path, *found, None, set()) if isinstance(found, tuple) else found

    def _look(self, path: str) -> tuple[str, Elf] | str | None:
        if not path.startswith("/"):
            return None
        found = self.tree.resolve(path)
        if found.entry is None:
            return None
        if found.entry.kind is not Kind.FILE:
            return "it is a directory" if found.entry.kind is Kind.DIRECTORY else None
        if found.entry.size < _HEADER or not found.entry.head.startswith(MAGIC):
            return "it is too short" if found.entry.size < _HEADER else "it has no ELF header"
        elf = self.elf(found.path)
        if elf is None:
            return None
        if elf.bits == 32 or elf.machine not in (self.machine, "unknown"):
            return "it is for another CPU" if self.musl else None
        if elf.type not in ("shared", "executable"):
            return "it is no shared object"
        return found.path, elf


_HEADER = 64
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_MUSL_NAMES = {"amd64": "x86_64", "arm64": "aarch64"}


def _chain(here: Opened) -> Iterator[Opened]:
    each: Opened | None = here
    while each is not None:
        yield each
        each = each.by


def _cached(content: bytes, flags: int, levels: tuple[str, ...]) -> dict[str, str] | None:
    """Path by name, for the best of the CPU's levels, else the first of several; None where the content makes no sense."""
    start = content.find(_CACHE_MAGIC)
    if start < 0 or len(content) < start + 48:
        return None
    (count,) = struct.unpack_from("<I", content, start + 20)
    named = _levels_of(content, start)
    ranks = {number: levels.index(level) for number, level in enumerate(named) if level in levels}
    found: dict[str, tuple[int, str]] = {}
    for index in range(min(count, (len(content) - start - 48) // 24)):
        kind, name, path, _, hardware = struct.unpack_from("<iIIIQ", content, start + 48 + 24 * index)
        rank = ranks.get(hardware & 0xFFFFFFFF) if hardware & _IN_EXTENSION else None if hardware else len(levels)
        if kind == flags and rank is not None:
            key = _text(content, start + name)
            if key not in found or rank < found[key][0]:
                found[key] = rank, _text(content, start + path)
    return {name: path for name, (_, path) in found.items()}


def _levels_of(content: bytes, start: int) -> list[str]:
    """The levels that a cache has entries for, by their numbers there."""
    (offset,) = struct.unpack_from("<I", content, start + 32)
    at = start + offset
    if not offset or len(content) < at + 8 or struct.unpack_from("<I", content, at)[0] != _EXTENSION_MAGIC:
        return []
    (sections,) = struct.unpack_from("<I", content, at + 4)
    for index in range(min(sections, (len(content) - at - 8) // 16)):
        tag, _, place, size = struct.unpack_from("<IIII", content, at + 8 + 16 * index)
        if tag == _LEVELS_TAG and start + place + size <= len(content):
            numbers = struct.iter_unpack("<I", content[start + place :][: size & ~3])
            return [_text(content, start + each) for (each,) in numbers]
    return []


def _text(content: bytes, at: int) -> str:
    return content[at : content.find(b"\0", at)].decode("utf-8", "surrogateescape")
