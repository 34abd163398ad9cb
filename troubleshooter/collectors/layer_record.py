"""The index of one layer as a file, for the cache on disk: kept contents, JSON columns, and the beginnings of files.

    magic · length of contents, of columns, of beginnings · SHA-256 of columns and beginnings · the three of them

What is read back is data of unknown origin: every value is checked, and anything that makes no sense raises `Damaged`.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, get_type_hints

from troubleshooter.collectors import contents, inflate, keeping, layers, tar
from troubleshooter.collectors.contents import Slice, Source
from troubleshooter.collectors.keeping import CONTENT, Budget, like_credentials, public_head
from troubleshooter.collectors.layers import Layer
from troubleshooter.facts import elf, elf_symbols, tree
from troubleshooter.facts.elf import Elf
from troubleshooter.facts.tree import Entry, Kind

MAGIC = b"TSLAYER1"
COLUMNS = (
    *("reader", "diff_id", "size", "paths", "kinds", "modes", "uids", "gids", "sizes", "heads", "targets"),
    *("implied", "whiteouts", "opaque", "links", "elves", "contents"),
)
"""One line of JSON each."""
LARGEST_INDEX = 512 << 20
"""Bytes of columns and beginnings of one layer."""
LARGEST_NUMBER = 1 << 62
READERS = (layers, keeping, contents, tar, inflate, tree, elf, elf_symbols)
"""Modules whose code decides what a record holds."""
_HEADER = struct.Struct("<8sQQQ32s")
_KINDS = {"f": Kind.FILE, "d": Kind.DIRECTORY, "l": Kind.SYMLINK, "o": Kind.OTHER}
_elf_values = attrgetter(*(each.name for each in fields(Elf)))
_LETTERS = {kind: letter for letter, kind in _KINDS.items()}


class Damaged(Exception):
    """Bytes that are no record of a layer, or one of another version."""


@cache
def reader() -> str:
    """Names the code that makes layers: what another version of it kept may lack what this one looks for."""
    try:
        code = b"".join(Path(module.__file__ or "").read_bytes() for module in READERS)
    except OSError as error:
        raise Damaged("this program's own files cannot be read") from error
    return hashlib.sha256(code).hexdigest()[:16]


def write(layer: Layer, file: IO[bytes]) -> None:
    """Writes the record of a layer. Contents that look like credentials are left out. Raises OSError, Damaged."""
    file.write(bytes(_HEADER.size))
    contents, length = _write_contents(layer, file)
    entries, beginnings = layer.entries, list(_beginnings(layer))
    columns: dict[str, Callable[[], Any]] = {
        "reader": reader,
        "diff_id": lambda: layer.diff_id,
        "size": lambda: layer.size,
        "paths": lambda: list(entries),
        "kinds": lambda: "".join(_LETTERS[e.kind] for e in entries.values()),
        "modes": lambda: [e.mode for e in entries.values()],
        "uids": lambda: [e.uid for e in entries.values()],
        "gids": lambda: [e.gid for e in entries.values()],
        "sizes": lambda: [e.size for e in entries.values()],
        "heads": lambda: list(map(len, beginnings)),
        "targets": lambda: {path: e.link for path, e in entries.items() if e.link},
        "implied": lambda: sorted(layer.implied),
        "whiteouts": lambda: sorted(layer.whiteouts),
        "opaque": lambda: sorted(layer.opaque),
        "links": lambda: layer.links,
        "elves": lambda: [[n, *_elf_values(layer.elves[p])] for n, p in enumerate(entries) if p in layer.elves],
        "contents": lambda: [list(column) for column in contents],
    }
    check, lengths = hashlib.sha256(usedforsecurity=False), [0, 0]
    # One at a time: a large layer's columns together take tens of megabytes.
    texts = (json.dumps(columns[name](), separators=(",", ":")).encode() + b"\n" for name in COLUMNS)
    for number, pieces in enumerate((texts, beginnings)):
        for piece in pieces:
            file.write(piece)
            check.update(piece)
            lengths[number] += len(piece)
    file.seek(0)
    file.write(_HEADER.pack(MAGIC, length, *lengths, check.digest()))


def _beginnings(layer: Layer) -> Iterator[bytes]:
    return (public_head(path, entry.head, entry.mode) for path, entry in layer.entries.items())


def _digest(*parts: bytes) -> bytes:
    found = hashlib.sha256(usedforsecurity=False)
    for part in parts:
        found.update(part)
    return found.digest()


def _write_contents(layer: Layer, file: IO[bytes]) -> tuple[tuple[array[int], ...], int]:
    """Number of the path, offset, size and checksum of each content, as columns; and the length of all."""
    columns = tuple(array("Q") for _ in range(4))
    end = 0
    for number, path in enumerate(layer.entries):
        piece = layer.contents.get(path)
        data = piece.read() if piece is not None else None
        if data is None or like_credentials(path, data) or end + len(data) > CONTENT:
            continue
        file.write(data)
        for column, value in zip(columns, (number, end, len(data), zlib.crc32(data)), strict=True):
            column.append(value)
        end += len(data)
    return columns, end


def decode(read: Callable[[int, int], bytes], length: int, source: Source, index: int, budget: Budget) -> Layer:
    """The layer of a record of `length` bytes, as layer `index`. `read` gives bytes by offset and size. Raises Damaged."""
    header = read(0, _HEADER.size)
    if len(header) < _HEADER.size:
        raise Damaged("cut short")
    magic, contents, columns, heads, digest = _HEADER.unpack(header)
    if magic != MAGIC or columns + heads > LARGEST_INDEX or _HEADER.size + contents + columns + heads != length:
        raise Damaged("no record of this version, or cut short")
    start = _HEADER.size + contents
    text, beginnings = read(start, columns), read(start + columns, heads)
    if _digest(text, beginnings) != digest:
        raise Damaged("changed")
    try:
        body = dict(zip(COLUMNS, map(json.loads, text.splitlines()), strict=True))
        return _Decoder(body, beginnings, index, budget).layer(source, contents)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise Damaged("makes no sense") from error


class _Decoder:
    def __init__(self, body: dict[str, Any], heads: bytes, index: int, budget: Budget) -> None:
        self.body, self.heads, self.index = body, heads, index
        if body["reader"] != reader():
            raise Damaged("made by another version")
        self.paths: list[str] = _texts(body["paths"])
        if len(set(self.paths)) != len(self.paths):
            raise Damaged("a path twice")
        named = sum(map(len, self.paths)) + sum(map(len, _texts(body["targets"].values())))
        if not budget.paths(len(self.paths) + len(body["implied"]), named + sum(map(len, _texts(body["implied"])))):
            raise Damaged("more paths than an image may have")
        if not budget.head(max(0, len(heads) - 64 * len(self.paths))):
            raise Damaged("more beginnings than an image may have")

    def layer(self, source: Source, length: int) -> Layer:
        body = self.body
        found = Layer(
            entries=self._entries(),
            implied=set(_texts(body["implied"])),
            whiteouts=set(_texts(body["whiteouts"])),
            opaque=set(_texts(body["opaque"])),
            links=dict(zip(_texts(body["links"]), _texts(body["links"].values()), strict=True)),
            size=_numbers([body["size"]])[0],
            diff_id=_texts([body["diff_id"]])[0],
        )
        for each in body["elves"]:
            found.elves[self.paths[each[0]]] = _elf(each[1:])
        for number, offset, size, crc in zip(*map(_numbers, body["contents"]), strict=True):
            if offset + size > length:
                raise Damaged("a content outside")
            found.contents[self.paths[number]] = Slice(source, _HEADER.size + offset, size, crc)
        return found

    def _entries(self) -> dict[str, Entry]:
        body, targets, heads, index = self.body, self.body["targets"], self.heads, self.index
        columns = [_numbers(body[name]) for name in ("modes", "uids", "gids", "sizes", "heads")]
        if sum(columns[4]) != len(heads):
            raise Damaged("beginnings of another length")
        entries: dict[str, Entry] = {}
        at = 0
        for path, kind, mode, uid, gid, size, head in zip(self.paths, body["kinds"], *columns, strict=True):
            link = targets.get(path, "")
            entries[path] = Entry(_KINDS[kind], mode, uid, gid, size, link, heads[at : at + head], index)
            at += head
        return entries


def _texts(values: Iterable[Any]) -> list[str]:
    found = list(values)
    if set(map(type, found)) - {str}:
        raise Damaged("no text where there should be one")
    return found


def _numbers(values: Any) -> list[int]:
    if not isinstance(values, list) or set(map(type, values)) - {int}:
        raise Damaged("no number where there should be one")
    if values and not 0 <= min(values) <= max(values) < LARGEST_NUMBER:
        raise Damaged("a number out of range")
    return values


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one, other in map(_texts, values))


_READERS: dict[Any, Callable[[Any], Any]] = {
    str: lambda value: _texts([value])[0],
    str | None: lambda value: None if value is None else _texts([value])[0],
    int: lambda value: _numbers([value])[0],
    bool: lambda value: _truth(value),
    tuple[str, ...]: lambda values: tuple(_texts(values)),
    tuple[int, ...]: lambda values: tuple(_numbers(values)),
    tuple[tuple[str, str], ...]: _pairs,
}


@cache
def _elf_readers() -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Each field of an ELF file's facts, and what makes it of JSON."""
    types = get_type_hints(Elf)
    return tuple((field.name, _READERS[types[field.name]]) for field in fields(Elf))


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Damaged("no truth value where there should be one")
    return value


def _elf(values: list[Any]) -> Elf:
    return Elf(**{name: read(value) for (name, read), value in zip(_elf_readers(), values, strict=True)})
