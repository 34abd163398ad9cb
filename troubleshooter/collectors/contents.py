"""Contents of files that pass by once: a little in memory, the rest in a file that has no name and ends with the process."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
import zlib
from pathlib import Path
from typing import NamedTuple, Protocol

MEMORY = 8 << 20
"""Bytes that are held in memory before a file is opened."""
PIECE, PIECES = 1 << 20, 4096
"""Bytes that are written at once, and of how many contents at most: most are small."""


class Source(Protocol):
    """Where kept bytes lie."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes; fewer where they are gone."""
        ...


class Slice(NamedTuple):
    """One file's content in a source."""

    source: Source
    offset: int
    size: int
    crc: int | None = None
    """Checksum of the bytes; None where nobody else can have changed them."""

    def read(self) -> bytes | None:
        """The content; None where it is gone or damaged."""
        data = self.source.read(self.offset, self.size)
        if len(data) != self.size or (self.crc is not None and zlib.crc32(data) != self.crc):
            return None
        return data


class Held:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


class Spool:
    """Bytes in the order in which they came. Safe to use from any thread."""

    def __init__(self, *, memory: int = MEMORY) -> None:
        self._memory, self._held, self._end = memory, bytearray(), 0
        self._descriptor = -1
        self._waiting: list[bytes] = []
        """The end of what was appended, on its way to the file."""
        self._flushed = 0
        """Where it begins."""
        self._lost: tuple[int, int] | None = None
        """The stretch that the disk would not take; nothing comes after it."""
        self._lock = threading.Lock()

    def append(self, data: bytes) -> int | None:
        """Puts `data` behind all that is there: its offset. None where there is no place to put it."""
        with self._lock:
            if not self._has_room(len(data)):
                return None
            offset = self._end
            self._end += len(data)
            if self._descriptor < 0:
                self._held += data
            else:
                self._waiting.append(data)
                if self._end - self._flushed >= PIECE or len(self._waiting) >= PIECES:
                    self._flush()
            return offset

    def reserve(self, size: int) -> int | None:
        """Room for `size` bytes: its offset. None where there is no place to put them."""
        with self._lock:
            self._flush()
            if not self._has_room(size):
                return None
            offset = self._end
            self._end += size
            self._flushed = self._end
            if self._descriptor < 0:
                self._held.extend(bytes(size))
            return offset

    def write(self, offset: int, data: bytes) -> bool:
        """Fills reserved room; False where the disk would not take it."""
        with self._lock:
            if self._descriptor < 0:
                self._held[offset : offset + len(data)] = data
                return True
        return self._written(offset, data)

    def read(self, offset: int, size: int) -> bytes:
        with self._lock:
            if self._descriptor < 0:
                return bytes(self._held[offset : offset + size])
            if offset + size > self._flushed:
                self._flush()
            if self._lost is not None and offset + size > self._lost[0] and offset < self._lost[1]:
                return b""
        return pread(self._descriptor, offset, size)

    def _has_room(self, size: int) -> bool:
        if self._descriptor < 0 and self._end + size > self._memory and not self._open():
            return False
        return self._lost is None

    def _flush(self) -> None:
        """Writes what waits."""
        if self._waiting and not self._written(self._flushed, b"".join(self._waiting)):
            self._lost = self._flushed, self._end
        self._waiting.clear()
        self._flushed = self._end

    def _written(self, offset: int, data: bytes) -> bool:
        try:
            return os.pwrite(self._descriptor, data, offset) == len(data)
        except OSError:
            return False

    def _open(self) -> bool:
        """Moves what is held into a file."""
        for folder in (private_folder(), None):
            try:
                with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                    file.write(self._held)
                    self._descriptor = os.dup(file.fileno())
            except OSError:
                continue
            weakref.finalize(self, os.close, self._descriptor)
            self._held, self._flushed = bytearray(), self._end
            return True
        return False


def pread(descriptor: int, offset: int, size: int) -> bytes:
    """Bytes of a file; none where it cannot be read."""
    try:
        return os.pread(descriptor, size, offset)
    except OSError:
        return b""


def private_folder() -> Path | None:
    """The user's cache folder for this program, for no other's eyes; None where there can be none."""
    import platformdirs

    path = Path(platformdirs.user_cache_dir("troubleshooter", appauthor=False))
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = path.lstat()
        if path.is_symlink() or not path.is_dir() or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
            return None
        if status.st_mode & 0o077:
            path.chmod(0o700)
    except (OSError, RuntimeError):
        return None
    return path
