"""ELF files of a few hundred bytes, made by hand: on their own CPU they run and end with status 0."""

from __future__ import annotations

import struct

NUMBERS = {"amd64": 62, "arm64": 183, "386": 3, "arm": 40, "riscv64": 243}
CODE = {
    "amd64": b"\xb8\x3c\x00\x00\x00\x31\xff\x0f\x05",  # exit(0)
    "arm64": struct.pack("<III", 0xD2800BA8, 0xD2800000, 0xD4000001),
}
BASE = 0x400000


def elf(
    machine: str = "amd64",
    interpreter: str | None = None,
    *,
    kind: int = 2,
    entry_size: int = 56,
    name_end: bytes = b"\0",
) -> bytes:
    """A 64-bit executable; the arguments after `interpreter` make damaged ones."""
    headers = 1 + (interpreter is not None)
    name = b"" if interpreter is None else interpreter.encode("utf-8", "surrogateescape") + name_end
    code = CODE.get(machine, b"\0" * 16)
    start = 64 + 56 * headers
    size = start + len(code) + len(name)
    base = BASE if kind == 2 else 0
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", kind, NUMBERS[machine], 1, base + start, 64, 0, 0, 64, entry_size, headers, 0, 0, 0
    )
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    if interpreter is not None:
        at = start + len(code)
        segments = struct.pack("<IIQQQQQQ", 3, 4, at, base + at, base + at, len(name), len(name), 1) + segments
    return header + segments + code + name
