"""What a program file is, from its bytes: ELF headers, and the magic of other systems' formats.

Every read is bounds-checked against the bytes at hand, so the first 4096 of a file tell its machine and, nearly always,
its interpreter; what lies beyond them is left out and said to be. Nothing here raises on any input.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from troubleshooter.facts.elf_symbols import RELOCATIONS, STRINGS, addon_versions, glibc_alone

MAGIC = b"\x7fELF"
SEGMENTS, TAGS, STRING, VERSIONS = 1170, 4096, 4096, 4096
"""Most program headers (the kernel's own limit), dynamic entries, bytes of one string, and version records looked at."""

_MACHINES = {
    3: "386",
    8: "mips",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
    258: "loong64",
}
_struct = cache(struct.Struct)
_TYPES = {1: "relocatable", 2: "executable", 3: "shared", 4: "core"}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 14, 15, 29
_DT_RELA, _DT_RELASZ, _DT_STRSZ = 7, 8, 10
_WEAK = 2
"""A version that may be absent."""
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF


@dataclass(frozen=True, slots=True)
class Elf:
    """Header facts of one ELF file."""

    machine: str
    """OCI architecture (`amd64`, `arm64`, `arm`, `386`, …), or `machine 0x…` where it has no such name."""
    bits: int
    """32 or 64; 0 where the header is damaged."""
    type: str
    """`executable`, `shared` (also a position independent executable), `relocatable`, `core`, or `type …`."""
    interpreter: str | None = None
    """Path of the loader that the kernel starts in its place; None for a static file and for a plain shared object."""
    dynamic: bool = False
    """Has a dynamic section."""
    needed: tuple[str, ...] = ()
    """Names of the shared objects it needs, in order."""
    soname: str | None = None
    rpath: str | None = None
    runpath: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    """(shared object, version) that it requires, as `("libc.so.6", "GLIBC_2.34")`."""
    provides: tuple[str, ...] = ()
    """Versions that it defines, as libc's `GLIBC_2.34`."""
    addon: tuple[int, ...] = ()
    """NODE_MODULE_VERSIONs that a Node.js addon registers for, 0 for Node-API; empty for anything else."""
    glibc_alone: str = ""
    """A symbol among its names that glibc has and musl has not."""
    complete: bool = True
    """False where a part that the headers point to was not in the bytes given: more names may be there."""
    problem: str = ""
    """Why the kernel or loader would not take it, where its own headers show that: cut short, or out of bounds."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program file's format, and the machines it is for."""

    format: str
    """`elf`, `mach-o` (macOS), or `pe` (Windows)."""
    machines: tuple[str, ...] = ()
    """OCI architectures, several for a universal Mach-O file."""


def identify(head: bytes) -> Binary | None:
    """Format of a program file from its first bytes; None for a script, data, or nothing known."""
    if head.startswith(MAGIC):
        elf = read_elf(head)
        return Binary("elf", (elf.machine,) if elf else ())
    return _mach_o(head) or _pe(head)


def read_elf(data: bytes, size: int | None = None) -> Elf | None:
    """Header facts of the ELF file that begins with `data`; None where it is none.

    `size` is the file's whole size where `data` is only its beginning; it tells what is cut short from what was not given.
    """
    whole = len(data) if size is None else max(size, len(data))
    return read_elf_parts(lambda at, count: data[at : at + count], whole)


def read_elf_parts(read: Callable[[int, int], bytes], size: int) -> Elf | None:
    """The same for a file of `size` bytes of which `read(offset, count)` gives what is at hand, fewer bytes where it lacks some."""
    head = read(0, 64)
    if not head.startswith(MAGIC):
        return None
    try:
        return _read(read, head, size)
    except (struct.error, IndexError, OverflowError, ValueError):
        return Elf(_machine(head), 0, "unknown", complete=False, problem="its ELF header is damaged")


@dataclass(frozen=True, slots=True)
class ElfPlaces:
    """Where in an ELF file that passes by its names may lie."""

    named: tuple[tuple[int, int], ...]
    """Stretches, as offset and size in their order: the first segment that is loaded, interpreter, dynamic section."""
    end_matters: bool
    """A segment is loaded from the dynamic section's place or from behind it: where programs that change names put them."""


def elf_places(head: bytes, size: int) -> ElfPlaces | None:
    """The places for a file of `size` bytes, from its beginning; None where the beginning does not tell."""
    try:
        segments, _ = _segments(_Bytes(lambda at, count: head[at : at + count], head, size))
    except (struct.error, IndexError, ValueError):
        return None
    if not segments:
        return None
    loaded = sorted((s.offset, s.size) for s in segments if s.kind == _PT_LOAD)
    dynamic = next((s for s in segments if s.kind == _PT_DYNAMIC), None)
    others = [(s.offset, s.size) for s in segments if s.kind == _PT_INTERP]
    if dynamic is None:
        return ElfPlaces(tuple(others[:1]), False)
    behind = any(offset >= dynamic.offset for offset, _ in loaded)
    return ElfPlaces(tuple(sorted([*loaded[:1], *others[:1], (dynamic.offset, dynamic.size)])), behind)


def _machine(data: bytes) -> str:
    if len(data) < 20:
        return "unknown"
    little = data[5] != 2
    number = int.from_bytes(data[18:20], "little" if little else "big")
    name = _MACHINES.get(number, f"machine 0x{number:x}")
    if name in ("ppc64", "mips") and little:
        return name + "le"
    return name


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int


class _Bytes:
    """The bytes at hand of a file of `whole` bytes, read with the file's own width and order."""

    def __init__(self, read: Callable[[int, int], bytes], head: bytes, whole: int) -> None:
        self.read, self.whole = read, whole
        self.wide = head[4] == 2
        self.order = ">" if head[5] == 2 else "<"
        self.complete = True
        self.texts, self.texts_at = b"", 0
        """The table of names and its place, where it was given: names are read from it at once."""

    def unpack(self, layout: str, offset: int) -> tuple[int, ...] | None:
        """Fields at `offset`, or None where they were not given."""
        fields = _struct(self.order + layout)
        data = self.read(offset, fields.size) if 0 <= offset < self.whole else b""
        if len(data) < fields.size:
            self.complete = False
            return None
        return fields.unpack(data)

    def table(self, layout: str, offset: int, count: int) -> list[tuple[int, ...]]:
        """Up to `count` records of fields from `offset` on: those that were given."""
        fields = _struct(self.order + layout)
        data = self.read(offset, fields.size * count) if 0 <= offset < self.whole else b""
        return list(fields.iter_unpack(data[: len(data) // fields.size * fields.size]))

    def string(self, offset: int, limit: int = STRING) -> str | None:
        """The text that ends with a zero byte at `offset`, or None where it was not given."""
        at = offset - self.texts_at
        if 0 <= at < len(self.texts) and limit == STRING and (end := self.texts.find(b"\0", at, at + limit)) >= 0:
            return self.texts[at:end].decode("utf-8", "surrogateescape")
        data = self.read(offset, limit) if 0 <= offset < self.whole else b""
        end = data.find(b"\0")
        if end < 0:
            self.complete = False
            return None
        return data[:end].decode("utf-8", "surrogateescape")


def _read(read: Callable[[int, int], bytes], head: bytes, whole: int) -> Elf:
    if len(head) < 52:
        return Elf(_machine(head), 0, "unknown", complete=False, problem="its ELF header is cut short")
    if head[4] not in (1, 2) or head[5] not in (1, 2):
        return Elf(_machine(head), 0, "unknown", problem="its ELF header is damaged")
    source = _Bytes(read, head, whole)
    kind = _TYPES.get(number := _field(source, "H", 16), f"type {number}")
    segments, problem = _segments(source)
    interpreter = None
    for segment in segments:
        if segment.kind == _PT_INTERP:
            interpreter = source.string(segment.offset, min(segment.size, STRING))
            if segment.offset + segment.size > whole:
                problem = problem or "its interpreter's name lies outside the file"
            break
    dynamic = next((s for s in segments if s.kind == _PT_DYNAMIC), None)
    if not problem and any(s.kind == _PT_LOAD and s.offset + s.size > whole for s in segments):
        problem = "it is cut short: its headers describe more bytes than the file has"
    known = _machine(head), 64 if source.wide else 32, kind, interpreter
    if dynamic is None:
        return Elf(*known, complete=source.complete, problem=problem)
    tags = _tags(source, dynamic)
    first = dict(reversed(tags))
    _read_texts(source, segments, first)
    names = _dynamic(source, segments, tags)
    return Elf(
        *known,
        dynamic=True,
        needed=tuple(names.get(_DT_NEEDED, ())),
        soname=next(iter(names.get(_DT_SONAME, ())), None),
        rpath=next(iter(names.get(_DT_RPATH, ())), None),
        runpath=next(iter(names.get(_DT_RUNPATH, ())), None),
        versions=_versions(source, segments, first),
        provides=_provides(source, segments, first),
        **_symbols(source, segments, first),
        complete=source.complete,
        problem=problem,
    )


def _field(source: _Bytes, layout: str, offset: int) -> int:
    found = source.unpack(layout, offset)
    if found is None:
        raise ValueError("cut short")
    return found[0]


def _segments(source: _Bytes) -> tuple[list[_Segment], str]:
    """The program headers at hand, and what is wrong with them."""
    table = _field(source, "Q", 32) if source.wide else _field(source, "I", 28)
    entry, count = _field(source, "H", 54 if source.wide else 42), _field(source, "H", 56 if source.wide else 44)
    layout = "IIQQQQQQ" if source.wide else "IIIIIIII"
    if not count:
        return [], ""
    if entry != struct.calcsize("=" + layout) or count > SEGMENTS:
        return [], "its program headers have an impossible size"
    if table + entry * count > source.whole:
        return [], "its program headers lie outside the file"
    segments = []
    records = source.table(layout, table, count)
    source.complete = source.complete and len(records) == count
    for fields in records:
        if source.wide:
            kind, _, offset, address, _, size, _, _ = fields
        else:
            kind, offset, address, _, size, _, _, _ = fields
        segments.append(_Segment(kind, offset, address, size))
    return segments, ""


def _place(segments: list[_Segment], address: int) -> int:
    """File offset of a virtual address; -1 where no segment loads it."""
    for segment in segments:
        if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
            return address - segment.address + segment.offset
    return -1


def _tags(source: _Bytes, dynamic: _Segment) -> list[tuple[int, int]]:
    layout, width = ("qQ", 16) if source.wide else ("iI", 8)
    tags: list[tuple[int, int]] = []
    count = min(dynamic.size // width, TAGS)
    records = source.table(layout, dynamic.offset, count)
    for tag, value in records:
        if tag == 0:
            return tags
        tags.append((tag & 0xFFFFFFFF, value))
    source.complete = source.complete and len(records) == count
    return tags


def _read_texts(source: _Bytes, segments: list[_Segment], tags: dict[int, int]) -> None:
    """Reads the table of names."""
    start, size = _place(segments, tags.get(_DT_STRTAB, -1)), tags.get(_DT_STRSZ, 0)
    if start >= 0 and 0 < size <= STRINGS:
        source.texts, source.texts_at = source.read(start, size), start


def _dynamic(source: _Bytes, segments: list[_Segment], tags: list[tuple[int, int]]) -> dict[int, list[str]]:
    """Names in the dynamic section, by tag."""
    strings = next((_place(segments, value) for tag, value in tags if tag == _DT_STRTAB), -1)
    names: dict[int, list[str]] = {}
    for tag, value in tags:
        if tag in (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH):
            name = source.string(strings + value) if strings >= 0 else None
            if name is not None:
                names.setdefault(tag, []).append(name)
    return names


def _symbols(source: _Bytes, segments: list[_Segment], tags: dict[int, int]) -> dict[str, Any]:
    """What the names of its dynamic symbols tell."""
    strings = source.texts
    if len(strings) < tags.get(_DT_STRSZ, 0) or not source.wide or source.order != "<":
        return {}

    def at(address: int, count: int) -> bytes:
        place = _place(segments, address)
        return source.read(place, count) if place >= 0 else b""

    def relocations() -> bytes:
        return at(tags.get(_DT_RELA, -1), min(tags.get(_DT_RELASZ, 0), RELOCATIONS))

    return {"addon": addon_versions(strings, relocations, at), "glibc_alone": glibc_alone(strings)}


def _versions(source: _Bytes, segments: list[_Segment], tags: dict[int, int]) -> tuple[tuple[str, str], ...]:
    """Version needs, in the file's order."""
    strings, record = _place(segments, tags.get(_DT_STRTAB, -1)), _place(segments, tags.get(_DT_VERNEED, -1))
    found: list[tuple[str, str]] = []
    if _DT_VERNEED not in tags or strings < 0 or record < 0:
        return ()
    for _ in range(min(tags.get(_DT_VERNEEDNUM, 0), VERSIONS)):
        need = source.unpack("HHIII", record)
        if need is None:
            break
        _, count, file, first, step = need
        library, each = source.string(strings + file), record + first
        for _ in range(min(count, VERSIONS - len(found))):
            entry = source.unpack("IHHII", each)
            version = source.string(strings + entry[3]) if entry else None
            if entry is None or library is None or version is None:
                break
            if not entry[1] & _WEAK:
                found.append((library, version))
            if not entry[4]:
                break
            each += entry[4]
        if not step or len(found) >= VERSIONS:
            break
        record += step
    return tuple(found)


def _provides(source: _Bytes, segments: list[_Segment], tags: dict[int, int]) -> tuple[str, ...]:
    """Version definitions but the first, which names the file itself."""
    strings, record = _place(segments, tags.get(_DT_STRTAB, -1)), _place(segments, tags.get(_DT_VERDEF, -1))
    found: list[str] = []
    if _DT_VERDEF not in tags or strings < 0 or record < 0:
        return ()
    for _ in range(min(tags.get(_DT_VERDEFNUM, 0), VERSIONS)):
        definition = source.unpack("HHHHIII", record)
        entry = source.unpack("II", record + definition[5]) if definition else None
        name = source.string(strings + entry[0]) if entry else None
        if definition is None or name is None:
            break
        if not definition[1] & 1:
            found.append(name)
        if not definition[6]:
            break
        record += definition[6]
    return tuple(found)


_MACH_CPUS = {7: "386", 12: "arm", 0x01000007: "amd64", 0x0100000C: "arm64"}
_PE_CPUS = {0x14C: "386", 0x1C0: "arm", 0x1C4: "arm", 0x8664: "amd64", 0xAA64: "arm64"}


def _mach_o(head: bytes) -> Binary | None:
    magic = head[:4]
    if magic in (b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf"):
        cpu = int.from_bytes(head[4:8], "little" if magic[0] in (0xCE, 0xCF) else "big")
        return Binary("mach-o", (_MACH_CPUS.get(cpu, f"cpu 0x{cpu:x}"),))
    if magic in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        count, step = int.from_bytes(head[4:8], "big"), 20 if magic[3] == 0xBE else 32
        # Java class files share the magic; there this number is the format version, 45 and up.
        if 0 < count < 40:
            cpus = [int.from_bytes(head[at : at + 4], "big") for at in range(8, min(8 + count * step, len(head)), step)]
            return Binary("mach-o", tuple(_MACH_CPUS.get(cpu, f"cpu 0x{cpu:x}") for cpu in cpus))
    return None


def _pe(head: bytes) -> Binary | None:
    if not head.startswith(b"MZ") or len(head) < 64:
        return None
    at = int.from_bytes(head[60:64], "little")
    if head[at : at + 4] != b"PE\0\0":
        # A header further on than the bytes at hand reach is still a Windows program's.
        return Binary("pe") if 64 <= at < 1 << 16 and at + 6 > len(head) else None
    cpu = int.from_bytes(head[at + 4 : at + 6], "little")
    return Binary("pe", (_PE_CPUS.get(cpu, f"cpu 0x{cpu:x}"),))
