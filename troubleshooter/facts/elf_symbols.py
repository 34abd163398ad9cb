"""What the symbols of a shared object say of the program that it is made for: a version of Node.js, or glibc.

Names are taken from the table of dynamic strings as they stand; nothing is resolved.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

STRINGS = 16 << 20
"""Bytes of the table of names that are looked at; beyond it nothing is said."""
RELOCATIONS = 8 << 20
NODE_API = 0
"""Stands for Node-API among the ABI versions: it fits every Node.js."""

_RELATIVE = (8, 1027)
"""R_X86_64_RELATIVE and R_AARCH64_RELATIVE."""
_NEWEST = 400
_OWN_VERSION = re.compile(rb"\0node_register_module_v(\d{1,3})(?=\0)")
_NODE_API = re.compile(rb"\0napi_register_module_v\d+(?=\0)|napi_module_register\0")
_SOURCE = re.compile(rb"[^\0]+\.(?:c|cc|cpp|cxx|c\+\+|C|mm)\0")
_NAME = re.compile(rb"[A-Za-z_$][\w$.-]{0,200}\0")
_GLIBC_ALONE = re.compile(rb"\0(__\w+_chk|gnu_get_libc_version|__res_init|__isoc23_\w+|__libc_single_threaded)(?=\0)")

Read = Callable[[int, int], bytes]


def addon_versions(strings: bytes, relocations: Callable[[], bytes], at: Read) -> tuple[int, ...]:
    """The NODE_MODULE_VERSIONs that a Node.js addon registers for, `NODE_API` among them; empty for anything else.

    `strings` is the whole table of dynamic names, `relocations` gives those with addends, `at` reads at a virtual address.
    """
    if b"module_register" not in strings and b"register_module_v" not in strings:
        return ()
    found = {int(match[1]) for match in _OWN_VERSION.finditer(strings)}
    if _NODE_API.search(strings):
        found.add(NODE_API)
    if b"\0node_module_register\0" in strings:
        found |= _registered(relocations(), at)
    return tuple(sorted(found))


def _registered(relocations: bytes, at: Read) -> set[int]:
    """Versions in the `node_module` structures that a constructor registers.

    Such a structure is `{int version; unsigned flags; void *handle; const char *file; f; f; const char *name; …}`: the file is
    a source file's name, and both texts are pointers that the loader fills in.
    """
    usable = relocations[: len(relocations) // 24 * 24]
    pointers = {
        place: value for place, kind, value in struct.iter_unpack("<QQq", usable) if kind & 0xFFFFFFFF in _RELATIVE
    }
    found = set()
    for place, value in pointers.items():
        name = pointers.get(place + 24)
        if name is None or not _NAME.match(at(name, 202)) or not _SOURCE.match(at(value, 4096)):
            continue
        head = at(place - 16, 16)
        if len(head) == 16:
            version, flags, handle = struct.unpack("<iIQ", head)
            if 0 < version < _NEWEST and flags < 256 and not handle:
                found.add(version)
    return found


def glibc_alone(strings: bytes) -> str:
    """A name of glibc that musl does not have; empty where there is none."""
    found = _GLIBC_ALONE.search(strings)
    return found[1].decode("ascii") if found else ""
