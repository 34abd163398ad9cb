"""Small ELF files whose headers are true: `readelf`, the dynamic loader and the product read the same in them."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

MACHINES = {"amd64": 62, "arm64": 183, "arm": 40, "386": 3, "riscv64": 243, "s390x": 22}
_EXIT_0 = b"\xb8\x3c\0\0\0\x31\xff\x0f\x05"
_SECTIONS = b"\0.text\0.dynstr\0.dynamic\0.gnu.version_r\0.interp\0.shstrtab\0"


def elf(
    machine: str = "amd64",
    *,
    interpreter: str | None = None,
    needed: Sequence[str] = (),
    runpath: str | None = None,
    versions: Mapping[str, Sequence[str]] | None = None,
    shared: bool = False,
    padding: int = 0,
) -> bytes:
    """A little-endian ELF64 file; on amd64 its code is exit(0).

    `versions` maps a needed library to the versions required of it; `padding` bytes of text push the dynamic section out.
    """
    return _Writer(machine, interpreter, needed, runpath, versions or {}, shared, padding).write()


class _Writer:
    def __init__(
        self,
        machine: str,
        interpreter: str | None,
        needed: Sequence[str],
        runpath: str | None,
        versions: Mapping[str, Sequence[str]],
        shared: bool,
        padding: int,
    ) -> None:
        self.machine, self.interpreter, self.versions = MACHINES[machine], interpreter, versions
        self.kind = 3 if shared else 2
        self.base = 0 if shared else 0x400000
        self.strings = bytearray(b"\0")
        self.tags = [(1, self._string(n)) for n in needed]
        if runpath:
            self.tags.append((29, self._string(runpath)))
        self.dynamic = bool(self.tags or versions or shared)
        self.padding = padding
        self.parts: list[bytes] = []
        self.places: dict[str, tuple[int, int]] = {}
        self.headers = 1 + (interpreter is not None) + self.dynamic
        self.offset = 64 + 56 * self.headers

    def _string(self, text: str) -> int:
        at = len(self.strings)
        self.strings += text.encode() + b"\0"
        return at

    def _put(self, name: str, data: bytes, align: int = 8) -> None:
        pad = -self.offset % align
        self.parts.append(b"\0" * pad + data)
        self.places[name] = (self.offset + pad, len(data))
        self.offset += pad + len(data)

    def _verneed(self) -> bytes:
        out = bytearray()
        for i, (library, names) in enumerate(self.versions.items()):
            size = 16 + 16 * len(names)
            last = i + 1 == len(self.versions)
            out += struct.pack("<HHIII", 1, len(names), self._string(library), 16, 0 if last else size)
            for j, name in enumerate(names):
                step = 16 if j + 1 < len(names) else 0
                out += struct.pack("<IHHII", _hash(name), 0, j + 2, self._string(name), step)
        return bytes(out)

    def write(self) -> bytes:
        verneed = self._verneed()
        self._put("text", (_EXIT_0 if self.machine == 62 else bytes(16)) + bytes(self.padding), 16)
        if self.interpreter is not None:
            self._put("interp", self.interpreter.encode() + b"\0")
        self._put("dynstr", bytes(self.strings))
        if verneed:
            self._put("verneed", verneed)
        if self.dynamic:
            tags = [*self.tags, (5, self.base + self.places["dynstr"][0]), (10, len(self.strings)), (6, 0), (11, 24)]
            if verneed:
                tags += [(0x6FFFFFFE, self.base + self.places["verneed"][0]), (0x6FFFFFFF, len(self.versions))]
            self._put("dynamic", b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)]))
        self._put("shstrtab", _SECTIONS, 1)
        table = self.offset + (-self.offset % 8)
        sections = self._sections()
        identity = b"\x7fELF\x02\x01\x01" + bytes(9)
        header = struct.pack(
            "<16sHHIQQQIHHHHHH",
            *(identity, self.kind, self.machine, 1, self.base + self.places["text"][0], 64, table, 0),
            *(64, 56, self.headers, 64, len(sections), len(sections) - 1),
        )
        body = header + self._segments() + b"".join(self.parts)
        return body + bytes(table - self.offset) + b"".join(sections)

    def _segments(self) -> bytes:
        load = struct.pack("<IIQQQQQQ", 1, 7, 0, self.base, self.base, self.offset, self.offset, 0x1000)
        first = self._segment(3, 4, "interp", 1) if self.interpreter is not None else b""
        last = self._segment(2, 6, "dynamic", 8) if self.dynamic else b""
        return first + load + last

    def _segment(self, kind: int, flags: int, name: str, align: int) -> bytes:
        at, size = self.places[name]
        return struct.pack("<IIQQQQQQ", kind, flags, at, self.base + at, self.base + at, size, size, align)

    def _sections(self) -> list[bytes]:
        sections, index = [bytes(64)], {}
        wanted = (
            (".interp", "interp", 1, "", 0, 0, 2),
            (".text", "text", 1, "", 0, 0, 6),
            (".dynstr", "dynstr", 3, "", 0, 0, 2),
            (".dynamic", "dynamic", 6, "dynstr", 0, 16, 2),
            (".gnu.version_r", "verneed", 0x6FFFFFFE, "dynstr", len(self.versions), 0, 2),
            (".shstrtab", "shstrtab", 3, "", 0, 0, 0),
        )
        for name, part, kind, link, info, entry, flags in wanted:
            if part not in self.places:
                continue
            index[part] = len(sections)
            at, size = self.places[part]
            where = _SECTIONS.index(name.encode() + b"\0")
            address = self.base + at if flags else 0
            fields = (where, kind, flags, address, at, size, index.get(link, 0), info, 8, entry)
            sections.append(struct.pack("<IIQQQQIIQQ", *fields))
        return sections


def _hash(name: str) -> int:
    value = 0
    for byte in name.encode():
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value
