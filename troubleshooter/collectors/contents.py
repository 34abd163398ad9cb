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
        self._lock = threading.Lock()

    def reserve(self, size: int) -> int | None:
        """Room for `size` bytes: its offset. None where there is no place to put them."""
        with self._lock:
            if self._descriptor < 0 and self._end + size > self._memory and not self._open():
                return None
            offset = self._end
            self._end += size
            if self._descriptor < 0:
                self._held.extend(bytes(size))
            return offset

    def write(self, offset: int, data: bytes) -> bool:
        """Fills reserved room; False where the disk would not take it."""
        with self._lock:
            if self._descriptor < 0:
                self._held[offset : offset + len(data)] = data
                return True
        try:
            return os.pwrite(self._descriptor, data, offset) == len(data)
        except OSError:
            return False

    def read(self, offset: int, size: int) -> bytes:
        with self._lock:
            if self._descriptor < 0:
                return bytes(self._held[offset : offset + size])
        return pread(self._descriptor, offset, size)

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
            self._held = bytearray()
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
