"""Headers of a tar archive, one after the other, without its bodies.

Reads ustar, PAX, GNU long names and links, base-256 numbers, GNU sparse headers and the old formats without magic, as
the engines' own reader (Go's archive/tar) understands them: global PAX headers change nothing. Every checksum is verified.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from troubleshooter.collectors.inflate import Window, malformed, too_big

BLOCK, HEAD = 512, 64
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
_RECORDS = frozenset({_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL})
_ZEROS, _STAR = bytes(BLOCK), b"tar\0"
_FIELDS = struct.Struct("100s24s12s12x8sB100s6s82x155s12x")
"""Name; mode, owner and group together; size, checksum, kind, link, magic, prefix."""


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
    head: bytes = b""
    """The first bytes of a file that is not sparse, as many as it has and at most 64."""


def members(window: Window, what: str) -> Iterator[Member]:
    """The members in order, the body of each to be read before the next is asked for.

    `what` names the archive in errors. Raises SourceError for anything that is no tar.
    """
    offset, count = 0, 0
    pax: dict[str, str] = {}
    name = link = member = None
    take, unpack, adler, sums = window.take, _FIELDS.unpack, zlib.adler32, _SUMS
    while True:
        # The beginning of the body comes with the header: one reading fewer for every file.
        block = take(offset, BLOCK + HEAD)
        header = block[:BLOCK]
        if len(header) < BLOCK:
            _check_end(window, header, member, what)
            return
        if header[0] == 0 and header == _ZEROS:
            return
        fields = unpack(header)
        if sums.get(fields[3]) != adler(header) & 0xFFFF:
            _verify(header, fields[3], what)
        kind, size = fields[4], _number(fields[2], what)
        offset += BLOCK
        count += 1
        if count > MEMBERS:
            raise too_big(what, f"has more than {MEMBERS} members")
        if kind in _RECORDS:
            record = _record(window, offset, size, what)
            offset += -(-size // BLOCK) * BLOCK
            if kind == _PAX:
                pax = _pax(record, what)
            elif kind == _LONG_NAME:
                name = _text(record)
            elif kind == _LONG_LINK:
                link = _text(record)
            continue
        member = _member(block, fields, name, link, size, offset, what)
        name = link = None
        if kind == _SPARSE:
            member, offset = _sparse(window, header, member, what)
        if pax:
            member = _with_pax(member, pax, block, what)
            pax = {}
        if member[1] is FILE and member[0].endswith("/"):
            member = member._replace(kind=DIRECTORY, head=b"")
        yield member
        offset += (member[8] + 511) & ~511


def _check_end(window: Window, header: bytes, last: Member | None, what: str) -> None:
    """An archive may end without its two blocks of zeros, but not within a header or a body."""
    if header.strip(b"\0"):
        raise malformed(what, "is a tar archive that is cut short")
    if last is not None and last.stored and not window.reaches(last.offset + last.stored):
        raise malformed(what, f"is a tar archive that is cut short within {last.name[:200]}")


def _member(
    block: bytes, fields: tuple[Any, ...], name: str | None, link: str | None, size: int, offset: int, what: str
) -> Member:
    """A member, `name` and `link` being those of records before its header; `block` is the header and what follows it."""
    field, owner, _, _, kind, target, magic, prefix = fields
    word, known = _KINDS.get(kind, OTHER), _OWNERS.get(owner)
    mode, uid, gid = _owner(owner, what) if known is None else known
    if name is None:
        name = field.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        if prefix[0] and magic == b"ustar\0":
            # The star variant keeps times behind a shorter prefix.
            name = f"{_text(prefix[:131] if block.startswith(_STAR, BLOCK - 4) else prefix)}/{name}"
    if link is None:
        link = _text(target) if word is HARDLINK or word is SYMLINK else ""
    file = word is FILE
    # As `Member(…)` would, several times as fast: an image has tens of thousands.
    return _new(
        Member,
        (
            name,
            word,
            mode,
            uid,
            gid,
            size if file else 0,
            link,
            offset,
            0 if kind in _BODILESS else size,
            False,
            (block[BLOCK:] if size >= HEAD else block[BLOCK : BLOCK + size]) if file and size else b"",
        ),
    )


def _verify(header: bytes, stated: bytes, what: str) -> None:
    """Compares the checksum: the sum of all bytes, those of the checksum itself taken as blanks."""
    try:
        wanted = int(stated[:6], 8)
    except ValueError:
        wanted = int(digits, 8) if set(digits := stated.strip(b"\0 ")) <= _OCTAL and digits else -1
    # Adler-32's lower half is 1 plus the sum of all bytes, modulo 65521: the same sum at C's speed.
    expected = (wanted - 255 + sum(stated)) % 65521
    if zlib.adler32(header) & 0xFFFF == expected and wanted >= 0:
        if len(_SUMS) < 65536:
            _SUMS[stated] = expected
        return
    rest = header[:148] + header[156:]
    if wanted != sum(b - 256 if b > 127 else b for b in rest) + 256:
        raise malformed(what, "is not a tar archive, or is damaged: the checksum of a header is wrong")


_OCTAL = frozenset(b"01234567")
_OWNERS: dict[bytes, tuple[int, int, int]] = {}
"""Mode, owner and group by their fields: an archive holds few different ones."""
_SUMS: dict[bytes, int] = {}
"""Checksum fields seen, and what they state of Adler-32's lower half."""
_new = tuple.__new__
_NOT_OCTAL = "is not a tar archive, or is damaged: a number is not octal"


def _number(field: bytes, what: str) -> int:
    """An octal or base-256 number."""
    digits = field.strip(b"\0 ")
    if digits.isdigit():
        try:
            return int(digits, 8)
        except ValueError as error:
            raise malformed(what, _NOT_OCTAL) from error
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] & 0x40 or value >= 1 << 62:
            raise malformed(what, "is not a tar archive, or is damaged: a number is out of range")
        return value
    digits = digits.partition(b"\0")[0] or b"0"
    if not set(digits) <= _OCTAL:
        raise malformed(what, _NOT_OCTAL)
    return int(digits, 8)


def _owner(fields: bytes, what: str) -> tuple[int, int, int]:
    """Permission bits, owner and group."""
    mode, uid, gid = (_number(fields[at : at + 8], what) for at in (0, 8, 16))
    if len(_OWNERS) < 4096:
        _OWNERS[fields] = mode & 0o7777, uid, gid
    return mode & 0o7777, uid, gid


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


def _with_pax(member: Member, pax: dict[str, str], block: bytes, what: str) -> Member:
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
    sparse = member.sparse or sparse
    return member._replace(
        name=name,
        link=link if member.link or member.kind in (HARDLINK, SYMLINK) else "",
        uid=_decimal(pax["uid"], what) if "uid" in pax else member.uid,
        gid=_decimal(pax["gid"], what) if "gid" in pax else member.gid,
        size=_decimal(real, what) if real and sparse else size,
        stored=stored,
        sparse=sparse,
        head=block[BLOCK : BLOCK + min(size, HEAD)] if member.kind is FILE and not sparse else b"",
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
    return member._replace(size=real, offset=offset, sparse=True, head=b""), offset
