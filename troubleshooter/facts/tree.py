"""A read-only file tree: an image's merged layers, a zip, or a source folder, all with Linux semantics.

Paths are absolute and normalised POSIX text. Nothing is ever written to disk, and symbolic links are resolved inside the
tree, with a limit on hops.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from troubleshooter.facts.elf import MAGIC, Elf, read_elf

HOPS = 40
"""Linux's own limit on symbolic links in one resolution."""


class Kind(StrEnum):
    """What a path is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"
    """A device, socket or pipe."""


class Entry(NamedTuple):
    """One path of a tree. A tuple: an image has tens of thousands, and they are made four times as fast."""

    kind: Kind
    mode: int = 0o644
    """Permission bits."""
    uid: int = 0
    gid: int = 0
    size: int = 0
    link: str = ""
    """Target of a symbolic link, as written."""
    head: bytes = b""
    """The first bytes of a regular file, as far as it has them: 4096 of a program (ELF, Mach-O, PE), 256 of what is executable
    or starts with `#!` or a byte order mark, 64 of any other."""
    layer: int = -1
    """Index of the layer that brought it, lowest 0; -1 where there are no layers."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Result of following a path. `entry` is None where nothing is there; `problem` then says why."""

    path: str
    """The real path, as far as it was followed."""
    entry: Entry | None
    problem: str = ""
    """`missing`, `not a directory`, `too many links`, or empty."""
    links: tuple[str, ...] = ()
    """The symbolic links that were followed, in order."""


class FileTree:
    """Paths and the content of those files that were kept or can be fetched."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        read: Callable[[str], bytes | None],
        elf: Callable[[str], Elf | None] | None = None,
    ) -> None:
        """`entries` by absolute real path, parents included; `read` gives a file's content, None where it was not kept.

        `elf` gives header facts of an ELF file whose content need not have been kept.
        """
        self._entries = entries
        self._read = read
        self._elf = elf
        self._children: dict[str, list[str]] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def entry(self, path: str) -> Entry | None:
        """What lies exactly at `path`, links not followed."""
        return Entry(Kind.DIRECTORY, 0o755) if path == "/" else self._entries.get(path)

    def resolve(self, path: str, *, cwd: str = "/", follow_last: bool = True) -> Resolved:
        """Follows `path` as the kernel would; relative paths start at `cwd`."""
        todo = [p for p in posixpath.join(cwd, path).split("/") if p not in ("", ".")]
        here = ""
        links: list[str] = []
        while todo:
            part = todo.pop(0)
            if part == "..":
                here = posixpath.dirname(here).rstrip("/")
                continue
            there = f"{here}/{part}"
            entry = self.entry(there)
            if entry is None:
                return Resolved(there, None, "missing", tuple(links))
            if entry.kind is Kind.SYMLINK and (todo or follow_last):
                links.append(there)
                if len(links) > HOPS:
                    return Resolved(there, None, "too many links", tuple(links))
                todo = [p for p in entry.link.split("/") if p not in ("", ".")] + todo
                here = "" if entry.link.startswith("/") else here
                continue
            if todo and entry.kind is not Kind.DIRECTORY:
                return Resolved(there, None, "not a directory", tuple(links))
            here = there
        real = here or "/"
        return Resolved(real, self.entry(real), "", tuple(links))

    def exists(self, path: str, *, cwd: str = "/") -> bool:
        return self.resolve(path, cwd=cwd).entry is not None

    def is_file(self, path: str, *, cwd: str = "/") -> bool:
        entry = self.resolve(path, cwd=cwd).entry
        return entry is not None and entry.kind is Kind.FILE

    def is_dir(self, path: str, *, cwd: str = "/") -> bool:
        entry = self.resolve(path, cwd=cwd).entry
        return entry is not None and entry.kind is Kind.DIRECTORY

    def read(self, path: str, *, cwd: str = "/") -> bytes | None:
        """Content of the regular file at `path`, links followed; None where there is none or it was not kept."""
        found = self.resolve(path, cwd=cwd)
        if found.entry is None or found.entry.kind is not Kind.FILE:
            return None
        return self._read(found.path)

    def text(self, path: str, *, cwd: str = "/") -> str | None:
        """Like `read`, decoded as UTF-8, undecodable bytes replaced, a leading byte order mark dropped."""
        content = self.read(path, cwd=cwd)
        return None if content is None else content.decode("utf-8-sig", "replace")

    def elf(self, path: str, *, cwd: str = "/") -> Elf | None:
        """Header facts of the ELF file at `path`, links followed; None where there is none.

        Known also where `read` gives None; `Elf.complete` says whether everything could be read.
        """
        found = self.resolve(path, cwd=cwd)
        if found.entry is None or not found.entry.head.startswith(MAGIC):
            return None
        if self._elf is not None:
            return self._elf(found.path)
        content = self._read(found.path)
        return read_elf(found.entry.head if content is None else content, found.entry.size)

    def children(self, path: str) -> list[str]:
        """Names directly below a directory, links followed; empty where it is none."""
        return self._below().get(self.resolve(path).path, [])

    def walk(self, path: str) -> Iterator[str]:
        """All real paths below a directory, parents before children. Links to `path` are followed, those below it are not."""
        below, start = self._below(), self.resolve(path).path
        todo = [posixpath.join(start, name) for name in reversed(below.get(start, []))]
        while todo:
            child = todo.pop()
            yield child
            todo += [f"{child}/{name}" for name in reversed(below.get(child, []))]

    def _below(self) -> Mapping[str, list[str]]:
        """Names by the folder that they lie in."""
        if self._children is None:
            index: dict[str, list[str]] = {}
            for each in self._entries:
                parent, _, name = each.rpartition("/")
                index.setdefault(parent or "/", []).append(name)
            self._children = {k: sorted(v) for k, v in index.items()}
        return self._children
