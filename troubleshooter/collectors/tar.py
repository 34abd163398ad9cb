"""Headers of a tar archive, one after the other, without its bodies.

Reads ustar, PAX, GNU long names and links, base-256 numbers, GNU sparse headers and the old formats without magic, as
the engines' own reader (Go's archive/tar) understands them: global PAX headers change nothing. Every checksum is verified.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from troubleshooter.collectors.inflate import Window, malformed, too_big

BLOCK = 512
LONGEST_RECORD = 1 << 20
"""Bytes of one PAX or GNU long name record."""
MEMBERS = 2_000_000

FILE, HARDLINK, SYMLINK, DIRECTORY, OTHER = "file", "hardlink", "symlink", "directory", "other"
_KINDS = {
    48: FILE,
    0: FILE,
    55: FILE,
    83: FILE,
    49: HARDLINK,
    50: SYMLINK,
    53: DIRECTORY,
    51: OTHER,
    52: OTHER,
    54: OTHER,
}
_BODILESS = frozenset(b"123456")
_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE = 76, 75, 120, 103, 83
_ZEROS = bytes(BLOCK)


class Member(NamedTuple):
    """One member. `offset` and `stored` say where its body lies in the archive."""

    name: str
    """As written, undecodable bytes as surrogates."""
    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    """Bytes of the file; more than `stored` for a sparse one."""
    link: str
    offset: int
    stored: int
    sparse: bool = False
    """Its body is not the file's content as it stands."""


def members(window: Window, what: str) -> Iterator[Member]:
    """The members in order, the body of each to be read before the next is asked for.

    `what` names the archive in errors. Raises SourceError for anything that is no tar.
    """
    offset, count = 0, 0
    pax: dict[str, str] = {}
    name = link = None
    while True:
        header = window.take(offset, BLOCK)
        if len(header) < BLOCK:
            if header.strip(b"\0"):
                raise malformed(what, "is a tar archive that is cut short")
            return
        if header[0] == 0 and header == _ZEROS:
            return
        _verify(header, what)
        kind = header[156]
        size = _number(header[124:136], what)
        offset += BLOCK
        count += 1
        if count > MEMBERS:
            raise too_big(what, f"has more than {MEMBERS} members")
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL):
            record = _record(window, offset, size, what)
            offset += -(-size // BLOCK) * BLOCK
            if kind == _PAX:
                pax = _pax(record, what)
            elif kind == _LONG_NAME:
                name = _text(record)
            elif kind == _LONG_LINK:
                link = _text(record)
            continue
        member = _member(header, kind, size, offset, what)
        if name is not None or link is not None:
            member = member._replace(
                name=member.name if name is None else name, link=member.link if link is None else link
            )
            name = link = None
        if kind == _SPARSE:
            member, offset = _sparse(window, header, member, what)
        if pax:
            member = _with_pax(member, pax, what)
            pax = {}
        if member.kind is FILE and member.name.endswith("/"):
            member = member._replace(kind=DIRECTORY)
        yield member
        if member.stored and not window.reaches(member.offset + member.stored):
            raise malformed(what, f"is a tar archive that is cut short within {member.name[:200]}")
        offset += -(-member.stored // BLOCK) * BLOCK


def _member(header: bytes, kind: int, size: int, offset: int, what: str) -> Member:
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345]:
        # The star variant keeps times behind a shorter prefix.
        prefix = header[345:476] if header[508:512] == b"tar\0" else header[345:500]
        name = f"{_text(prefix)}/{name}"
    word = _KINDS.get(kind, OTHER)
    known = _SMALL
    mode, uid, gid = known.get(header[100:108]), known.get(header[108:116]), known.get(header[116:124])
    return Member(
        name,
        word,
        (_number(header[100:108], what) if mode is None else mode) & 0o7777,
        _number(header[108:116], what) if uid is None else uid,
        _number(header[116:124], what) if gid is None else gid,
        size if word is FILE else 0,
        _text(header[157:257]) if word is HARDLINK or word is SYMLINK else "",
        offset,
        0 if kind in _BODILESS else size,
    )


def _verify(header: bytes, what: str) -> None:
    """Compares the checksum: the sum of all bytes, those of the checksum itself taken as blanks."""
    stated = header[148:156]
    try:
        wanted = int(stated[:6], 8)
    except ValueError:
        wanted = int(digits, 8) if set(digits := stated.strip(b"\0 ")) <= _OCTAL and digits else -1
    # Adler-32's lower half is 1 plus the sum of all bytes, modulo 65521: the same sum at C's speed.
    if zlib.adler32(header) & 0xFFFF == (wanted - 255 + sum(stated)) % 65521 and wanted >= 0:
        return
    rest = header[:148] + header[156:]
    if wanted != sum(b - 256 if b > 127 else b for b in rest) + 256:
        raise malformed(what, "is not a tar archive, or is damaged: the checksum of a header is wrong")


_OCTAL = frozenset(b"01234567")
_SMALL: dict[bytes, int] = {}


def _number(field: bytes, what: str) -> int:
    """An octal or base-256 number."""
    known = _SMALL.get(field)
    if known is not None:
        return known
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] & 0x40 or value >= 1 << 62:
            raise malformed(what, "is not a tar archive, or is damaged: a number is out of range")
        return value
    digits = field.strip(b"\0 ").partition(b"\0")[0] or b"0"
    if not set(digits) <= _OCTAL:
        raise malformed(what, "is not a tar archive, or is damaged: a number is not octal")
    value = int(digits, 8)
    if len(_SMALL) < 4096:
        _SMALL[field] = value
    return value


def _text(field: bytes) -> str:
    end = field.find(b"\0")
    return (field if end < 0 else field[:end]).decode("utf-8", "surrogateescape")


def _record(window: Window, offset: int, size: int, what: str) -> bytes:
    if size > LONGEST_RECORD:
        raise too_big(what, f"has a header record of {size} bytes")
    record = window.take(offset, size)
    if len(record) < size:
        raise malformed(what, "is a tar archive that is cut short")
    return record


def _pax(record: bytes, what: str) -> dict[str, str]:
    """`27 path=some/long/name\\n`, repeated."""
    found: dict[str, str] = {}
    at = 0
    while at < len(record):
        space = record.find(b" ", at, at + 9)
        digits = record[at:space]
        length = int(digits) if space > at and digits.isdigit() else 0
        line = record[space + 1 : at + length]
        key, equals, value = line[:-1].partition(b"=")
        if not length or not equals or line[-1:] != b"\n" or at + length > len(record):
            raise malformed(what, "has a PAX header that makes no sense")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "surrogateescape")
        at += length
    return found


def _with_pax(member: Member, pax: dict[str, str], what: str) -> Member:
    sparse = any(key.startswith("GNU.sparse.") for key in pax)
    name = pax.get("GNU.sparse.name") or pax.get("path") or member.name
    link = pax.get("linkpath") or member.link
    if "\0" in name or "\0" in link:
        raise malformed(what, "has a name with a zero byte in it")
    stored, size = member.stored, member.size
    if "size" in pax:
        number = _decimal(pax["size"], what)
        stored = number if member.kind is FILE or stored else stored
        size = number if member.kind is FILE else size
    real = pax.get("GNU.sparse.realsize") or pax.get("GNU.sparse.size")
    return member._replace(
        name=name,
        link=link if member.link or member.kind in (HARDLINK, SYMLINK) else "",
        uid=_decimal(pax["uid"], what) if "uid" in pax else member.uid,
        gid=_decimal(pax["gid"], what) if "gid" in pax else member.gid,
        size=_decimal(real, what) if real and sparse else size,
        stored=stored,
        sparse=member.sparse or sparse,
    )


def _decimal(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise malformed(what, "has a PAX header that makes no sense")
    return int(text)


def _sparse(window: Window, header: bytes, member: Member, what: str) -> tuple[Member, int]:
    """GNU's old sparse format: the real size, and further headers before the body."""
    offset = member.offset
    real = _number(header[483:495], what)
    more = header[482]
    while more:
        extension = window.take(offset, BLOCK)
        if len(extension) < BLOCK:
            raise malformed(what, "is a tar archive that is cut short")
        offset += BLOCK
        more = extension[504]
    return member._replace(size=real, offset=offset, sparse=True), offset
