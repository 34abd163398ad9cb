"""Bytes of archives: read forward from a stream or at will from a file, decompressed and verified on the way, with caps.

A *window* gives the bytes at an offset. That of a file can be asked for any offset; that of a stream only for offsets
that never go back, and holds no more than what it was last asked for.
"""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from troubleshooter.facts import Reason, SourceError, Unavailable

CHUNK = 256 << 10
"""Bytes that are decompressed at once: they stay in the processor's cache."""
INPUT = 1 << 16
LARGEST = 12 << 30
"""Bytes that one layer may inflate to: Lambda's limit for a whole image is 10 GB."""
ZSTD_WINDOW = 128 << 20

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_OTHERS = {b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x04\x22\x4d\x18": "lz4"}


def malformed(what: str, detail: str) -> SourceError:
    """The error for bytes that are not what they should be; `what` names the blob."""
    return SourceError(Unavailable(Reason.MALFORMED, f"{what} {detail}"))


def too_big(what: str, detail: str) -> SourceError:
    """The error for more than a cap allows."""
    return SourceError(Unavailable(Reason.TOO_BIG, f"{what} {detail}"))


class Window(Protocol):
    """Bytes by offset."""

    random: bool
    """Whether earlier offsets can be asked for again."""

    def take(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at `offset`; fewer only at the end."""
        ...

    def reaches(self, end: int) -> bool:
        """Whether there are at least `end` bytes. Of a stream, those before may be gone then."""
        ...


class FileWindow:
    """A stretch of a file, by offset from its start. Reads at positions, so any number of threads may share the file."""

    random = True

    def __init__(self, descriptor: int, start: int, size: int, *, ahead: int = 16 << 10) -> None:
        """`descriptor` stays open as long as this is used; `ahead` bytes are read at once."""
        self._descriptor, self._start, self.size, self._ahead = descriptor, start, size, ahead
        self._base, self._held = 0, b""

    def take(self, offset: int, size: int) -> bytes:
        at = offset - self._base
        held = self._held
        if at >= 0 and at + size <= len(held):
            return held[at : at + size]
        if offset >= self.size or size <= 0:
            return b""
        size = min(size, self.size - offset)
        if size > self._ahead:
            return self._read(offset, size)
        self._base, self._held = offset, self._read(offset, min(self._ahead, self.size - offset))
        return self._held[:size]

    def reaches(self, end: int) -> bool:
        return end <= self.size

    def read(self, offset: int, size: int) -> bytes:
        """Like `take`, without reading ahead: safe from any thread."""
        return self._read(offset, max(0, min(size, self.size - offset)))

    def _read(self, offset: int, size: int) -> bytes:
        data = _pread(self._descriptor, size, self._start + offset)
        while len(data) < size:
            more = _pread(self._descriptor, size - len(data), self._start + offset + len(data))
            if not more:
                break
            data += more
        return data

    def part(self, offset: int, size: int) -> FileWindow:
        """A window of its own on a stretch of this one."""
        return FileWindow(
            self._descriptor, self._start + offset, max(0, min(size, self.size - offset)), ahead=self._ahead
        )


class StreamWindow:
    """A stream seen through a window that only moves forward. It copies no more than what it is asked for."""

    random = False

    def __init__(self, chunks: Iterable[bytes], what: str, *, cap: int = LARGEST, identify: bool = False) -> None:
        """`identify`: `digest` will be asked for."""
        self._chunks, self._what, self._cap = iter(chunks), what, cap
        self._base, self._held = 0, b""
        """The newest piece, and where it begins."""
        self._reached = 0
        """Where it ends."""
        self._older: list[tuple[int, bytes]] = []
        """Pieces before it that may be asked for again."""
        self._hash = hashlib.sha256(usedforsecurity=False) if identify else None

    def take(self, offset: int, size: int) -> bytes:
        at = offset - self._base
        if at >= 0 and offset + size <= self._reached:
            return self._held[at : at + size]
        self._forward(offset, offset + size)
        if offset >= self._base:
            at = offset - self._base
            return self._held[at : at + size]
        pieces = [*self._older, (self._base, self._held)]
        return b"".join(piece[max(0, offset - start) : max(0, offset + size - start)] for start, piece in pieces)

    def reaches(self, end: int) -> bool:
        return end <= self._reached or len(self.take(end - 1, 1)) == 1

    def digest(self) -> str:
        """Digest of all the bytes, those not yet read included; empty where it was not to be asked for."""
        if self._hash is None:
            return ""
        while self.reaches(self._reached + 1):
            pass
        return f"sha256:{self._hash.hexdigest()}"

    def _forward(self, offset: int, end: int) -> None:
        """Reads on until the bytes before `end` are there, dropping the pieces before `offset`."""
        self._older = [(start, piece) for start, piece in self._older if start + len(piece) > offset]
        reached = self._reached
        while reached < end:
            chunk = next(self._chunks, None)
            if chunk is None:
                return
            if reached > offset:
                self._older.append((self._base, self._held))
            self._base, self._held = reached, chunk
            self._reached = reached = reached + len(chunk)
            if reached > self._cap:
                raise too_big(self._what, f"inflates to more than {self._cap >> 30} GiB")
            if self._hash is not None:
                self._hash.update(chunk)


def _pread(descriptor: int, size: int, offset: int) -> bytes:
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        raise SourceError(Unavailable(Reason.REFUSED, f"a file cannot be read: {error.strerror}")) from error


def file_chunks(descriptor: int, start: int, size: int) -> Iterator[bytes]:
    """A stretch of a file, in pieces."""
    end = start + size
    while start < end:
        data = _pread(descriptor, min(INPUT * 4, end - start), start)
        if not data:
            return
        start += len(data)
        yield data


class Verified:
    """Pieces of a blob on their way through; `finish` reads what is left and compares digest and size."""

    def __init__(self, chunks: Iterable[bytes], digest: str, size: int | None, what: str) -> None:
        """Raises SourceError for a kind of digest that is not known."""
        name, _, self._wanted = digest.partition(":")
        if name not in ("sha256", "sha512"):
            raise SourceError(Unavailable(Reason.UNSUPPORTED, f"{what} has a digest of an unknown kind: {name[:20]!r}"))
        self._hash = hashlib.new(name, usedforsecurity=False)
        self._chunks, self._size, self._what = iter(chunks), size, what
        self._seen = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        self._seen += len(chunk)
        if self._size is not None and self._seen > self._size:
            raise malformed(self._what, f"is larger than the {self._size} bytes that its manifest states")
        self._hash.update(chunk)
        return chunk

    def finish(self) -> None:
        """Raises SourceError where the bytes are not those that the digest names."""
        for _ in self:
            pass
        if self._size is not None and self._seen != self._size:
            raise malformed(self._what, f"ends after {self._seen} of the {self._size} bytes that its manifest states")
        if self._hash.hexdigest() != self._wanted:
            raise malformed(self._what, "does not have the digest that its manifest states")


def check_digest(data: bytes, digest: str, what: str) -> None:
    """Raises SourceError where `data` is not what `digest` names."""
    Verified([data], digest, None, what).finish()


def inflated(chunks: Iterable[bytes], what: str) -> Iterator[bytes]:
    """The pieces decompressed, by what their first bytes say they are; plain ones pass. Raises SourceError while read."""
    source = iter(chunks)
    first = b""
    while len(first) < 8:
        more = next(source, None)
        if more is None:
            break
        first += more
    rest = _again(first, source)
    if first.startswith(_GZIP):
        return _gzip(rest, what)
    if first.startswith(_ZSTD) or (len(first) >= 4 and first[1:4] == b"\x2a\x4d\x18" and first[0] & 0xF0 == 0x50):
        return _zstd(rest, what)
    for magic, name in _OTHERS.items():
        if first.startswith(magic):
            raise SourceError(Unavailable(Reason.UNSUPPORTED, f"{what} is compressed with {name}"))
    return rest


def compression(head: bytes) -> str:
    """`gzip`, `zstd`, another name, or empty for plain bytes, from a file's first bytes."""
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD):
        return "zstd"
    return next((name for magic, name in _OTHERS.items() if head.startswith(magic)), "")


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _gzip(chunks: Iterator[bytes], what: str) -> Iterator[bytes]:
    """One or several gzip members, one behind the other; zeros behind the last are padding."""
    new, errors = _inflater()
    inflater = None
    try:
        for waiting in chunks:
            while True:
                if inflater is None:
                    waiting = waiting.lstrip(b"\0")
                    if not waiting:
                        break
                    inflater = new()
                data = inflater.decompress(waiting, CHUNK)
                if data:
                    yield data
                waiting = b""
                if inflater.eof:
                    waiting, inflater = inflater.unused_data, None
                elif inflater.needs_input:
                    break
    except errors as error:
        raise malformed(what, f"is not valid gzip: {str(error)[:100]}") from error
    if inflater is not None:
        raise malformed(what, "is gzip that is cut short")


class _Zlib:
    """The standard library's inflater with isal's interface."""

    def __init__(self) -> None:
        self._object = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail and not self._object.eof

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, limit: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, limit)


def _inflater() -> tuple[Any, tuple[type[Exception], ...]]:
    """A maker of inflaters, and the errors they raise. isal is two to three times as fast as zlib."""
    try:
        from isal import igzip_lib
    except ImportError:
        return _Zlib, (zlib.error, EOFError)
    library: Any = igzip_lib
    return lambda: library.IgzipDecompressor(flag=library.DECOMP_GZIP), (library.error, EOFError, ValueError)


def _zstd(chunks: Iterator[bytes], what: str) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    try:
        with decompressor.stream_reader(_Reader(chunks), read_size=INPUT * 2, read_across_frames=True) as reader:  # type: ignore[arg-type]
            data = reader.read(CHUNK)
            # The reader takes a stream that ends within its first block for an empty one.
            if not data:
                raise malformed(what, "is zstd that is cut short")
            while data:
                yield data
                data = reader.read(CHUNK)
    except zstandard.ZstdError as error:
        raise malformed(what, f"is not valid zstd: {str(error)[:100]}") from error


class _Reader(io.RawIOBase):
    """Pieces as something to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._held = chunks, b""

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            more = next(self._chunks, None)
            if more is None:
                return b""
            self._held = more
        data, self._held = (self._held, b"") if size < 0 else (self._held[:size], self._held[size:])
        return data
