"""Packs of named blobs that images come in: a folder, a tar archive on disk, or a stream that passes once.

A pack gives small JSON files by name and reads layers by name. It knows nothing of manifests.
"""

from __future__ import annotations

import os
import posixpath
import stat
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from troubleshooter.collectors.image_json import LARGEST
from troubleshooter.collectors.inflate import (
    FileWindow,
    StreamWindow,
    Window,
    compression,
    file_chunks,
    inflated,
    malformed,
)
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layers import Layer, read_layer, read_stream
from troubleshooter.collectors.tar import FILE, HARDLINK, SYMLINK, members
from troubleshooter.facts import Reason, SourceError, Unavailable
from troubleshooter.facts.image import Blob

MEMBERS = 100_000
"""Blobs in one pack."""
LARGEST_JSON = 32 << 20
"""Bytes of all manifests and configurations of a pack that passes once."""
_PIECE = 1 << 20


class Pack(Protocol):
    """Blobs by name."""

    def names(self) -> Iterable[str]:
        """All names, `/` between their parts."""
        ...

    def has(self, name: str) -> bool: ...

    def size(self, name: str) -> int:
        """Bytes of a blob; 0 where there is none."""
        ...

    def read(self, name: str) -> bytes | None:
        """A blob of at most 4 MiB; None where there is none. Raises SourceError."""
        ...

    def streams(self, name: str) -> bool:
        """Whether reading a blob as a layer means going through all of it: it is compressed."""
        ...

    def layer(self, name: str, stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
        """A blob read as layer `index`; its digest and size compared with `stated`. Raises SourceError."""
        ...


class Descriptor:
    """An open file that is closed when nothing needs it any more."""

    def __init__(self, path: Path) -> None:
        try:
            self.number = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            raise SourceError(Unavailable(Reason.REFUSED, f"{path.name} cannot be read: {error.strerror}")) from error
        weakref.finalize(self, os.close, self.number)
        status = os.fstat(self.number)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(Unavailable(Reason.MALFORMED, f"{path.name} is not a regular file"))
        self.size = status.st_size

    def window(self, start: int, size: int) -> FileWindow:
        """A window on a stretch of the file, which keeps it open."""
        return _HeldWindow(self, start, size)


class _HeldWindow(FileWindow):
    """A window that keeps its file open."""

    def __init__(self, file: Descriptor, start: int, size: int) -> None:
        super().__init__(file.number, start, size)
        self._file = file


def _read(file: Descriptor, start: int, size: int, stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
    """A layer that lies in a file: read at will where it is plain, else decompressed and verified as it passes."""
    if _is_compressed(file, start, size):
        return read_stream(file_chunks(file.number, start, size), stated, index, what, budget)
    return read_layer(file.window(start, size), index, what, budget)


def _is_compressed(file: Descriptor, start: int, size: int) -> bool:
    return bool(compression(FileWindow(file.number, start, size).take(0, 8)))


class Folder:
    """A pack that is a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> Iterable[str]:
        return [p.name for p in self._path.iterdir()]

    def has(self, name: str) -> bool:
        return (self._path / name).is_file()

    def size(self, name: str) -> int:
        return (self._path / name).stat().st_size if self.has(name) else 0

    def read(self, name: str) -> bytes | None:
        if not self.has(name):
            return None
        file = Descriptor(self._path / name)
        return _capped(FileWindow(file.number, 0, file.size), file.size, name)

    def layer(self, name: str, stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
        if not self.has(name):
            raise malformed(what, "is missing from the folder")
        file = Descriptor(self._path / name)
        return _read(file, 0, file.size, stated, index, what, budget)

    def streams(self, name: str) -> bool:
        if not self.has(name):
            return False
        file = Descriptor(self._path / name)
        return _is_compressed(file, 0, file.size)


class TarFile:
    """A pack that is an uncompressed tar archive on disk."""

    def __init__(self, path: Path) -> None:
        """Reads the archive's headers. Raises SourceError where it is none."""
        self._file = Descriptor(path)
        self._places: dict[str, tuple[int, int]] = {}
        links: dict[str, str] = {}
        for member in members(FileWindow(self._file.number, 0, self._file.size, ahead=512), path.name):
            name = _named(member.name)
            if member.kind == FILE and not member.sparse:
                self._places[name] = (member.offset, member.size)
            elif member.kind in (SYMLINK, HARDLINK):
                links[name] = _target(name, member.link, member.kind)
            if len(self._places) + len(links) > MEMBERS:
                raise SourceError(Unavailable(Reason.TOO_BIG, f"{path.name} holds more than {MEMBERS} files"))
        for name, target in links.items():
            if target in self._places:
                self._places.setdefault(name, self._places[target])

    def names(self) -> Iterable[str]:
        return self._places

    def has(self, name: str) -> bool:
        return name in self._places

    def size(self, name: str) -> int:
        return self._places.get(name, (0, 0))[1]

    def read(self, name: str) -> bytes | None:
        if name not in self._places:
            return None
        start, size = self._places[name]
        return _capped(FileWindow(self._file.number, start, size), size, name)

    def layer(self, name: str, stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
        if name not in self._places:
            raise malformed(what, "is missing from the archive")
        return _read(self._file, *self._places[name], stated, index, what, budget)

    def streams(self, name: str) -> bool:
        return self.has(name) and _is_compressed(self._file, *self._places[name])


class Passing:
    """A pack that passes once: what an engine saves, or an archive that is compressed as a whole.

    It is read to its end at once: JSON is kept, all else is read as layers.
    """

    def __init__(self, chunks: Iterable[bytes], what: str) -> None:
        """Raises SourceError where it is no archive. A layer that makes no sense raises when it is asked for."""
        self._jsons = LARGEST_JSON
        self._files: dict[str, bytes] = {}
        self._layers: dict[str, tuple[Layer | SourceError, int]] = {}
        self._links: dict[str, str] = {}
        self._taken: set[str] = set()
        self._budget = Budget(identify=True)
        window = StreamWindow(inflated(chunks, what), what, cap=1 << 40)
        for member in members(window, what):
            name = _named(member.name)
            if member.kind in (SYMLINK, HARDLINK):
                self._links[name] = _target(name, member.link, member.kind)
            elif member.kind == FILE and member.size:
                self._keep(name, window, member.offset, member.size)
            if len(self._files) + len(self._layers) + len(self._links) > MEMBERS:
                raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} holds more than {MEMBERS} files"))

    def _keep(self, name: str, window: Window, offset: int, size: int) -> None:
        if window.take(offset, 1) in (b"{", b"[") and size <= min(LARGEST, self._jsons):
            self._jsons -= size
            self._files[name] = window.take(offset, size)
            return
        head = window.take(offset, min(size, 512))
        if not compression(head) and head[257:262] != b"ustar" and not name.endswith(".tar"):
            return
        stated = None
        folder, _, last = name.rpartition("/")
        if folder == "blobs/sha256":
            stated = Blob(f"sha256:{last}", "", size)
        what = f"{name[:80]} of the archive"
        layer: Layer | SourceError
        plain = not compression(head)
        try:
            # The digest of a plain blob is its layer's: taken once.
            layer = read_stream(_pieces(window, offset, size), None if plain else stated, 0, what, self._budget)
            if plain and stated is not None and layer.diff_id != stated.digest:
                raise malformed(what, "does not have the digest that its name states")
        except SourceError as error:
            layer = error
        self._layers[name] = (layer, size)

    def streams(self, name: str) -> bool:
        return False

    def names(self) -> Iterable[str]:
        return [*self._files, *self._layers]

    def has(self, name: str) -> bool:
        name = self._links.get(name, name)
        return name in self._files or name in self._layers

    def size(self, name: str) -> int:
        name = self._links.get(name, name)
        return len(self._files[name]) if name in self._files else self._layers.get(name, (None, 0))[1]

    def read(self, name: str) -> bytes | None:
        return self._files.get(self._links.get(name, name))

    def layer(self, name: str, stated: Blob | None, index: int, what: str, budget: Budget) -> Layer:
        name = self._links.get(name, name)
        found, _ = self._layers.get(name, (None, 0))
        if found is None:
            raise malformed(what, "is missing from the archive")
        if isinstance(found, SourceError):
            raise SourceError(replace(found.unavailable, detail=f"{what}: {found.unavailable.detail}"))
        # The names of a large image are not held twice, unless one blob stands for two layers.
        entries = found.entries if name not in self._taken else dict(found.entries)
        self._taken.add(name)
        for path, entry in entries.items():
            if entry.layer != index:
                entries[path] = entry._replace(layer=index)
        return replace(found, entries=entries, links=dict(found.links))


def _pieces(window: Window, offset: int, size: int) -> Iterator[bytes]:
    end = offset + size
    while offset < end:
        piece = window.take(offset, min(_PIECE, end - offset))
        if not piece:
            return
        yield piece
        offset += len(piece)


def _named(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")


def _target(name: str, link: str, kind: str) -> str:
    return _named(posixpath.join(posixpath.dirname(name), link) if kind == SYMLINK else link)


def _capped(window: FileWindow, size: int, name: str) -> bytes:
    if size > LARGEST:
        raise SourceError(Unavailable(Reason.TOO_BIG, f"{name[:80]} has more than {LARGEST >> 20} MiB"))
    return window.take(0, size)
