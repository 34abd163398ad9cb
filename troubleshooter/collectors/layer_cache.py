"""Indexes of layers that were read before, in the user's cache folder, by the digest of the layer's uncompressed archive.

Only what was hashed while it was read is kept, and under the digest that came out; which compressed blob unpacks to it is
kept beside it. What is found damaged, of another version, or not the user's own is dropped without a word and read anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from troubleshooter.collectors.contents import pread, private_folder
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layer_record import Damaged, decode, write
from troubleshooter.collectors.layers import Layer

SWITCH = "TROUBLESHOOTER_NO_CACHE"
"""Environment variable: anything in it leaves the cache alone."""
SIZE = 2 << 30
"""Bytes of all records together; beyond that those go that were not used for longest."""
_STALE_S = 3600
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_RECORD, _BLOB, _PART = ".layer", ".blob", ".part"
_OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class LayerCache:
    """Records of layers in one folder. Safe to use from any thread, and by several processes at once."""

    def __init__(self, folder: Path | None, *, size: int = SIZE) -> None:
        """Without a folder nothing is ever found or kept."""
        self._folder, self._size = folder, size

    @classmethod
    def of_user(cls, environment: Mapping[str, str] | None = None) -> LayerCache:
        """The user's own; none where the environment forbids it, or where there is no place for it."""
        if (os.environ if environment is None else environment).get(SWITCH):
            return cls(None)
        outer = private_folder()
        folder = outer / "layers" if outer is not None else None
        try:
            if folder is not None:
                folder.mkdir(mode=0o700, exist_ok=True)
                if not _is_own(folder.lstat(), stat.S_ISDIR):
                    folder = None
        except OSError:
            folder = None
        return cls(folder)

    @property
    def on(self) -> bool:
        """Whether anything can be found or kept."""
        return self._folder is not None

    def find(self, digest: str, index: int, budget: Budget) -> Layer | None:
        """The layer with this digest, of its archive or of its compressed blob, as layer `index`; None where it is not known."""
        path = self._path(digest, _RECORD)
        if path is not None and not path.exists():
            named = _small(self._path(digest, _BLOB))
            path = self._path(named, _RECORD)
        if path is None:
            return None
        try:
            with _opened(path) as descriptor:
                length = os.fstat(descriptor).st_size
                found = decode(lambda at, size: pread(descriptor, at, size), length, _File(path), index, budget)
        except FileNotFoundError:
            return None
        except (OSError, Damaged):
            _remove(path)
            return None
        if found.diff_id != f"sha256:{path.name.removesuffix(_RECORD)}":
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return found

    def knows(self, digests: Iterable[str]) -> bool:
        """Whether there is a record of each of these archives."""
        paths = [self._path(digest, _RECORD) for digest in digests]
        return bool(paths) and all(path is not None and path.exists() for path in paths)

    def keep(self, layer: Layer, blob: str = "") -> None:
        """Keeps a layer that was read to its end; `blob` is the verified digest of what it was compressed in."""
        path = self._path(layer.diff_id, _RECORD)
        if path is None:
            return
        try:
            if not path.exists():
                self._replace(path, lambda file: write(layer, file))
            named = self._path(blob, _BLOB) if blob != layer.diff_id else None
            if named is not None:
                self._replace(named, lambda file: file.write(layer.diff_id.encode()))
        except (OSError, Damaged, RecursionError):
            return

    def _path(self, digest: str, suffix: str) -> Path | None:
        found = _DIGEST.fullmatch(digest)
        return self._folder / f"{found[1]}{suffix}" if found and self._folder is not None else None

    def _replace(self, path: Path, write_to: Callable[[IO[bytes]], object]) -> None:
        """Replaces a file at once, or not at all."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(8)}{_PART}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            with open(os.open(part, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
                write_to(file)
            written = part.stat().st_size
            if written <= self._size // 2:
                self._make_room(path.parent, written)
                part.replace(path)
        finally:
            _remove(part)

    def _make_room(self, folder: Path, wanted: int) -> None:
        """Removes what was not used for longest until `wanted` bytes more fit; and what a killed process left."""
        found: list[tuple[float, int, str]] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # another thread or process has just put it in its place
                if entry.name.endswith(_PART):
                    if time.time() - status.st_mtime > _STALE_S:
                        _remove(Path(entry.path))
                elif entry.name.endswith((_RECORD, _BLOB)):
                    found.append((status.st_mtime, status.st_size, entry.path))
        total = sum(size for _, size, _ in found) + wanted
        for _, size, path in sorted(found):
            if total <= self._size:
                return
            _remove(Path(path))
            total -= size


class _File:
    """Contents in a record, which may be replaced or removed at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, offset: int, size: int) -> bytes:
        try:
            with _opened(self._path) as descriptor:
                return pread(descriptor, offset, size)
        except (OSError, Damaged):
            return b""


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file of the user's own, open. Raises OSError, and Damaged for anything else."""
    descriptor = os.open(path, _OPEN)
    try:
        if not _is_own(os.fstat(descriptor), stat.S_ISREG):
            raise Damaged("not a file of the user's own")
        yield descriptor
    finally:
        os.close(descriptor)


def _is_own(status: os.stat_result, kind: object) -> bool:
    """Whether it is of that kind, the user's own, and nobody else can write to it."""
    mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return mine and callable(kind) and bool(kind(status.st_mode)) and not status.st_mode & 0o022


def _small(path: Path | None) -> str:
    """What a file that names a digest says; empty where it says nothing that makes sense."""
    if path is None:
        return ""
    try:
        with _opened(path) as descriptor:
            return pread(descriptor, 0, 100).decode("ascii", "replace")
    except (OSError, Damaged):
        return ""


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
