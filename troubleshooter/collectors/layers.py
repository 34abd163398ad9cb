"""One layer of an image read into paths, as an engine would unpack it.

A layer is read once, forward. Of a file in a seekable archive only the place of its body is kept and read when asked
for; of one in a stream, what is worth keeping is kept as it passes. Nothing is unpacked.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from troubleshooter.collectors.contents import Held, Slice, Spool
from troubleshooter.collectors.inflate import (
    FileWindow,
    StreamWindow,
    Verified,
    Window,
    inflated,
    malformed,
    too_big,
)
from troubleshooter.collectors.keeping import MARKED, Budget, head_size, is_program, set_aside, worth_keeping
from troubleshooter.collectors.tar import DIRECTORY, FILE, HARDLINK, HEAD, MEMBERS, SYMLINK, Member, members
from troubleshooter.facts.elf import MAGIC, Elf, elf_places, read_elf, read_elf_parts
from troubleshooter.facts.image import Blob
from troubleshooter.facts.tree import HOPS, Entry, Kind

T = TypeVar("T")

LONGEST_PATH = 4096
"""Characters; the kernel takes no longer one."""
REMOVALS = 20_000_000
"""Paths looked at once more while one layer replaces its own folders, or changes files by links: no real layer does that much."""
LARGEST_READ = 64 << 20
"""Bytes of one file that is read again on request."""
_WHOLE_ELF, _ELF_HEAD, _ELF_MEMORY = 256 << 10, 64 << 10, 2 << 20
_ELF_NAMED, _ELF_TAIL = 256 << 20, 16 << 20
"""Bytes of one stretch of a large ELF file that are set aside, on disk, to find names in; of its end."""
_FILE = Kind.FILE
_new = tuple.__new__
_SETTLED = 1000
"""Paths that are counted at once."""
_NO_ELF = Elf("unknown", 0, "unknown", complete=False, problem="its ELF header is damaged")


@dataclass(slots=True)
class Layer:
    """What one layer brings, by absolute path."""

    entries: dict[str, Entry] = field(default_factory=dict)
    implied: set[str] = field(default_factory=set)
    """Folders that have no entry of their own and must be there all the same."""
    whiteouts: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)
    """Hard links whose target is in no earlier entry of this layer."""
    places: dict[str, int] = field(default_factory=dict)
    """Where a file's body lies, in a seekable archive."""
    contents: dict[str, Slice] = field(default_factory=dict)
    elves: dict[str, Elf] = field(default_factory=dict)
    window: FileWindow | None = None
    size: int = 0
    """Bytes of its archive up to the end of the last member."""
    diff_id: str = ""
    """Digest of its archive, where all of it was read."""
    again: Callable[[str], bytes | None] | None = field(default=None, repr=False, compare=False)
    """Reads a file's content anew from where the layer came from."""

    def read(self, path: str) -> bytes | None:
        """Content of a file of this layer; None where it is not one that is kept, or is too large."""
        entry = self.entries[path]
        if not entry.size:
            return b""
        kept = self.slice(path)
        content = kept.read() if kept is not None else None
        wanted = content is None and self.window is None and not is_program(entry.head)
        if wanted and self.again is not None and worth_keeping(path, entry.head, entry.mode, entry.size):
            return self.again(path)
        return content

    def slice(self, path: str) -> Slice | None:
        """Where the content of a file of this layer lies; None where it is not at hand."""
        kept, place, size = self.contents.get(path), self.places.get(path), self.entries[path].size
        if kept is None and self.window is not None and place is not None and size <= LARGEST_READ:
            return Slice(self.window, place, size)
        return kept

    def elf(self, path: str) -> Elf | None:
        """Header facts of a program file of this layer."""
        if path in self.elves:
            return self.elves[path]
        entry, place = self.entries[path], self.places.get(path)
        if not entry.head.startswith(MAGIC):
            return None
        if self.window is None or place is None:
            return read_elf(entry.head, entry.size)
        return read_elf_parts(self.window.part(place, entry.size).take, entry.size)


def read_stream(chunks: Iterable[bytes], stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
    """Reads one layer from the bytes of its blob, whose digest and size must be those `stated`. Raises SourceError."""
    verified = None if stated is None else Verified(chunks, stated.digest, stated.size or None, what)
    window = StreamWindow(inflated(chunks if verified is None else verified, what), what, identify=budget.identify)
    layer = read_layer(window, index, what, budget)
    layer.diff_id = window.digest()
    if verified is not None:
        verified.finish()
    return layer


def read_layer(window: Window, index: int, what: str, budget: Budget) -> Layer:
    """Reads one layer to its end. Raises SourceError, naming `what`, for anything that an engine would refuse or a cap does."""
    return _LayerReader(window, index, what, budget).read()


class _LayerReader:
    def __init__(self, window: Window, index: int, what: str, budget: Budget) -> None:
        self.window, self.index, self.what, self.budget = window, index, what, budget
        self.layer = Layer(window=window if isinstance(window, FileWindow) else None)
        self.entries, self.places, self.random = self.layer.entries, self.layer.places, window.random
        self.folders: dict[str, str] = {"": ""}
        """Folder as named → folder as it is once this layer's own links are followed."""
        self.same: dict[str, dict[str, None]] = {}
        """Names of one file, by each of them."""
        self.removals = 0
        self.pending_names = 0
        self.pending_members = 0

    def read(self) -> Layer:
        folders, add, names, count = self.folders, self._add, 0, 0
        member = None
        for member in members(self.window, self.what):
            path = "/" + member[0].removeprefix("./").strip("/")
            if "/." in path or "//" in path:
                path = posixpath.normpath(path)
            if len(path) > LONGEST_PATH or path == "/":
                continue
            names += len(path) + len(member[6])
            count += 1
            if count == _SETTLED:
                self._charge(names, count)
                names = count = 0
            parent, _, base = path.rpartition("/")
            real = folders.get(parent)
            if real is None:
                real = self._folder(parent)
            if base.startswith(".wh."):
                self._whiteout(real, base)
            else:
                add(path if real == parent else f"{real}/{base}", member)
        self._charge(names, count)
        self._settle()
        self.layer.size = 0 if member is None else member.offset + member.stored
        return self.layer

    def _charge(self, length: int, count: int = 1) -> None:
        self.pending_names += length
        self.pending_members += count
        if self.pending_members >= _SETTLED:
            self._settle()

    def _settle(self) -> None:
        if not self.budget.paths(self.pending_members, self.pending_names):
            raise too_big(
                self.what, f"brings the image to more than {MEMBERS} paths, or to too much text in their names"
            )
        self.pending_members = self.pending_names = 0

    def _forget_folders(self) -> None:
        self.folders.clear()
        self.folders[""] = ""

    def _folder(self, named: str, hops: int = 0) -> str:
        """The real folder behind a name, made where it is missing."""
        known = self.folders.get(named)
        if known is not None:
            return known
        here = ""
        todo = named.split("/")[1:]
        while todo:
            there = f"{here}/{todo.pop(0)}"
            entry = self.layer.entries.get(there)
            if entry is not None and entry.kind is Kind.SYMLINK:
                hops += 1
                if hops > HOPS:
                    raise malformed(self.what, "has a path through a loop of symbolic links")
                target = posixpath.normpath(posixpath.join("/", here, entry.link)).lstrip("/")
                todo = [*(target.split("/") if target else []), *todo]
                here = ""
                continue
            if entry is None and there not in self.layer.implied:
                self._charge(len(there))
                self.layer.implied.add(there)
            elif entry is not None and entry.kind is not Kind.DIRECTORY:
                self._remove(there)
                self.layer.implied.add(there)
            here = there
        self.folders[named] = here
        return here

    def _whiteout(self, folder: str, base: str) -> None:
        if base == ".wh..wh..opq":
            self.layer.opaque.add(folder)
        elif not base.startswith(".wh..wh.") and len(base) > 4:
            self.layer.whiteouts.add(f"{folder}/{base[4:]}")

    def _add(self, path: str, member: Member) -> None:
        layer = self.layer
        if path in self.entries or path in layer.implied or path in layer.links:
            self._replace(path, member)
        _, kind, mode, uid, gid, size, link, offset, _, sparse, head = member
        if kind is FILE:
            if size > HEAD and not sparse and (mode & 0o111 or (head and head[0] in MARKED)):
                head = self._longer(head, mode, size, offset)
            self.entries[path] = _new(Entry, (_FILE, mode, uid, gid, size, "", head, self.index))
            if sparse:
                return
            if self.random:
                self.places[path] = offset
            else:
                self._keep(path, head, mode, size, offset)
        elif kind is DIRECTORY:
            self.entries[path] = Entry(Kind.DIRECTORY, mode, uid, gid, 0, "", b"", self.index)
            self.folders[path] = path
        elif kind is SYMLINK:
            self.entries[path] = Entry(Kind.SYMLINK, 0o777, uid, gid, len(link), link, b"", self.index)
        elif kind is HARDLINK:
            self._add_link(path, member)
        else:
            self.entries[path] = Entry(Kind.OTHER, mode, uid, gid, 0, "", b"", self.index)

    def _longer(self, head: bytes, mode: int, size: int, offset: int) -> bytes:
        """More of the beginning of a file that may be started, as far as the budget has it."""
        more = head_size(head, mode, size)
        return self.window.take(offset, more) if more > len(head) and self.budget.head(more) else head

    def _keep(self, path: str, head: bytes, mode: int, size: int, offset: int) -> None:
        """Keeps what is worth it of a file that passes by."""
        if not head or head[0] not in MARKED or not is_program(head):
            kept = self.budget.keep(self.window, offset, size) if worth_keeping(path, head, mode, size) else None
            if kept is not None:
                self.layer.contents[path] = kept
        elif head.startswith(MAGIC):
            self.layer.elves[path] = self._elf(offset, size)

    def _add_link(self, path: str, member: Member) -> None:
        named = posixpath.normpath("/" + member.link.lstrip("/"))
        parent, _, base = named.rpartition("/")
        target = f"{self.folders.get(parent, parent)}/{base}"
        layer = self.layer
        entry = layer.entries.get(target)
        if target == path or (entry is not None and entry.kind is Kind.DIRECTORY):
            return
        if entry is None:
            layer.links[path] = target
            return
        _copy(layer.places, target, path)
        _copy(layer.contents, target, path)
        _copy(layer.elves, target, path)
        same = self.same.setdefault(target, {target: None})
        same[path] = None
        self.same[path] = same
        # An engine sets owner and mode that the link states: of the file itself, whatever its name.
        mode = member.mode if entry.kind is Kind.FILE else entry.mode
        stated = entry._replace(mode=mode, uid=member.uid, gid=member.gid)
        layer.entries[path] = stated
        if stated != entry:
            self._count(len(same), "states other rights for the same file again and again")
            layer.entries.update(dict.fromkeys(same, stated))

    def _elf(self, offset: int, size: int) -> Elf:
        """Header facts of an ELF file as it passes, without its names where too many are held already."""
        found = self._passing_elf(offset, size) or _NO_ELF
        self._charge(len(found.interpreter or ""))
        if self.budget.named(_length(found)):
            return found
        return replace(
            found, needed=(), soname=None, rpath=None, runpath=None, versions=(), provides=(), complete=False
        )

    def _passing_elf(self, offset: int, size: int) -> Elf | None:
        """Header facts of an ELF file as it passes: whole if small, else its beginning, its dynamic section, and its end.

        The end is read where a program such as patchelf put a segment, or the program headers, behind everything else.
        """
        if size <= _WHOLE_ELF:
            return read_elf(self.window.take(offset, size), size)
        head = self.window.take(offset, _ELF_HEAD)
        places, spool, end = elf_places(head, size), Spool(memory=_ELF_MEMORY), len(head)
        parts = [Slice(Held(head), 0, end)]
        starts = [0]
        wanted = [] if places is None else [(start, start + min(length, _ELF_NAMED)) for start, length in places.named]
        if places is None or places.end_matters:
            wanted.append((size - _ELF_TAIL, size))
        for start, stop in wanted:
            start, stop = max(start, end), min(stop, size)
            kept = set_aside(self.window, offset + start, stop - start, spool) if start < stop else None
            if kept is not None:
                parts.append(kept)
                starts.append(start)
                end = stop

        def read(at: int, count: int) -> bytes:
            found = b""
            for start, part in zip(starts, parts, strict=True):
                first, last = max(at, start), min(at + count, start + part.size)
                if first > at + len(found):
                    break
                if first < last:
                    found += part.source.read(part.offset + first - start, last - first)
            return found

        return read_elf_parts(read, size)

    def _replace(self, path: str, member: Member) -> None:
        """A later entry of the same path: a folder stays a folder, anything else goes with all below it."""
        layer = self.layer
        layer.links.pop(path, None)
        if member.kind is DIRECTORY and (path in layer.implied or self._kind(path) is Kind.DIRECTORY):
            layer.implied.discard(path)
            return
        if self._kind(path) is Kind.DIRECTORY or path in layer.implied:
            self._remove_below(path)
        elif self._kind(path) is Kind.SYMLINK:
            self._forget_folders()
        self._remove(path)
        layer.implied.discard(path)

    def _kind(self, path: str) -> Kind | None:
        entry = self.layer.entries.get(path)
        return entry.kind if entry is not None else None

    def _remove(self, path: str) -> None:
        layer = self.layer
        if path in self.same:
            del self.same.pop(path)[path]
        layer.entries.pop(path, None)
        layer.places.pop(path, None)
        layer.contents.pop(path, None)
        layer.elves.pop(path, None)

    def _count(self, paths: int, what: str) -> None:
        """Counts paths that are looked at once more. Raises SourceError, saying `what` the layer does, where they are too many."""
        self.removals += paths
        if self.removals > REMOVALS:
            raise too_big(self.what, what)

    def _remove_below(self, path: str) -> None:
        layer, prefix = self.layer, path + "/"
        self._count(len(layer.entries) + len(layer.implied) + 1, "replaces its own folders again and again")
        for each in [p for p in layer.entries if p.startswith(prefix)]:
            self._remove(each)
        for group in (layer.implied, layer.opaque, layer.whiteouts):
            group.difference_update([p for p in group if p.startswith(prefix)])
        self._forget_folders()


def _length(elf: Elf) -> int:
    """Characters of the names in it, with something for each."""
    names = [*elf.needed, *elf.provides, *(part for pair in elf.versions for part in pair)]
    names += [name for name in (elf.soname, elf.rpath, elf.runpath) if name]
    return sum(map(len, names)) + 64 * len(names)


def _copy(kept: dict[str, T], source: str, target: str) -> None:
    if source in kept:
        kept[target] = kept[source]
