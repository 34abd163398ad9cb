"""Native modules for tests: ELF files that need libraries and versions, files of other systems, and the facts they make."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from tests import coding, node_coding
from tests.analysis.elf_bytes import NUMBERS
from tests.launching import Launched, program
from troubleshooter.analysis.native import modules as native_modules
from troubleshooter.analysis.native import node_addons as native_node
from troubleshooter.analysis.native import program as native_program
from troubleshooter.analysis.spawn import outcome as spawn
from troubleshooter.analysis.spawn import zip_package as spawn_zip
from troubleshooter.facts import Store, Unavailable, providers_in
from troubleshooter.facts.tree import Entry

MACHO = b"\xcf\xfa\xed\xfe" + (0x0100000C).to_bytes(4, "little") + b"\0" * 56
PE = b"MZ" + b"\0" * 58 + (64).to_bytes(4, "little") + b"PE\0\0" + (0x8664).to_bytes(2, "little") + b"\0" * 20
MODULES = (
    *dict.fromkeys((*coding.MODULES, *node_coding.MODULES)),
    spawn,
    spawn_zip,
    native_modules,
    native_node,
    native_program,
)


def native(content: bytes) -> Entry:
    """A native module's file."""
    return program(content, 0o644)


def shared(
    machine: str = "amd64",
    needed: tuple[str, ...] = (),
    needs: Mapping[str, tuple[str, ...]] | None = None,
    defines: tuple[str, ...] = (),
    runpath: str = "",
    interpreter: str = "",
    symbols: tuple[str, ...] = (),
) -> Entry:
    """A shared object of one loadable segment; `needs` are versions by library, `defines` its own versions, `symbols` names of
    its dynamic symbols."""
    strings = bytearray(b"\0")

    def text(value: str) -> int:
        at = len(strings)
        strings.extend(value.encode() + b"\0")
        return at

    for symbol in symbols:
        text(symbol)
    tags = [(1, text(name)) for name in needed] + ([(29, text(runpath))] if runpath else [])
    verneed = b""
    for i, (library, versions) in enumerate((needs or {}).items()):
        last = i == len(needs or {}) - 1
        verneed += struct.pack("<HHIII", 1, len(versions), text(library), 16, 0 if last else 16 + 16 * len(versions))
        for j, version in enumerate(versions):
            verneed += struct.pack("<IHHII", 0, 0, 2, text(version), 0 if j == len(versions) - 1 else 16)
    verdef = b""
    for i, version in enumerate(("self", *defines) if defines else ()):
        step = 0 if i == len(defines) else 28
        verdef += struct.pack("<HHHHIII", 1, 0 if i else 1, i + 1, 1, 0, 20, step) + struct.pack(
            "<II", text(version), 0
        )
    headers = 2 + bool(interpreter)
    start = 64 + 56 * headers
    at = {"strings": start, "verneed": start + len(strings), "verdef": start + len(strings) + len(verneed)}
    tags += [(5, at["strings"]), (10, len(strings))]
    tags += [(0x6FFFFFFE, at["verneed"]), (0x6FFFFFFF, len(needs or {}))] if needs else []
    tags += [(0x6FFFFFFC, at["verdef"]), (0x6FFFFFFD, 1 + len(defines))] if defines else []
    dynamic = b"".join(struct.pack("<qQ", tag, value) for tag, value in [*tags, (0, 0)])
    body = bytes(strings) + verneed + verdef
    place = start + len(body)
    name = interpreter.encode() + b"\0" if interpreter else b""
    size = place + len(dynamic) + len(name)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, NUMBERS[machine], 1, 0, 64, 0, 0, 64, 56, headers, 0, 0, 0
    )
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, size, size, 0x1000)
    segments += struct.pack("<IIQQQQQQ", 2, 4, place, place, place, len(dynamic), len(dynamic), 8)
    if interpreter:
        there = place + len(dynamic)
        segments += struct.pack("<IIQQQQQQ", 3, 4, there, there, there, len(name), len(name), 1)
    return native(header + segments + body + dynamic + name)


def started(**parts: Any) -> Entry:
    """A program of glibc that is linked dynamically; see `shared`."""
    return program(shared(interpreter="/lib64/ld-linux-x86-64.so.2", **parts).head)


def with_natives(target: Launched) -> Launched:
    """The same target, analysed for native modules too."""
    store = target.store
    seeds = [slot.value for slot in store._slots.values() if not isinstance(slot.value, Unavailable)]
    missing = {kind: slot.value for kind, slot in store._slots.items() if isinstance(slot.value, Unavailable)}
    return Launched(Store(providers_in(MODULES), seeds, missing=missing))


def python_image(files: Mapping[str, Any], **more: Any) -> Launched:
    """An image of AWS's Python 3.12 base for x86_64; files are the task root's, or absolute."""
    return with_natives(coding.an_image(files, **more))


def node_image(files: Mapping[str, Any], **more: Any) -> Launched:
    """An image of AWS's Node.js base for x86_64; files are the task root's, or absolute."""
    return with_natives(node_coding.an_image(files, **more))
