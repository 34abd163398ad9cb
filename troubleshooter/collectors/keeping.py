"""What is kept of a file that passes by once: how much of its beginning, and whether its content.

Content is worth keeping where an analysis reads it: code, package metadata, small executables and a few system files.
Files that commonly hold credentials (`.env`, `.npmrc`, keys) are not among them.
"""

from __future__ import annotations

import re
import threading

from troubleshooter.collectors.tar import MEMBERS
from troubleshooter.facts.elf import MAGIC

LARGEST_CODE = 16 << 20
LARGEST_OTHER = 64 << 10
CONTENT = 256 << 20
"""Bytes of contents and beginnings of files that are kept of one image."""
NAMES = 256 << 20
"""Characters of all paths and link targets of one image."""

_PROGRAMS = (
    MAGIC,
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xca\xfe\xba\xbe",
    b"MZ",
)
_SCRIPTS = (b"#!", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CODE = frozenset({"py", "js", "mjs", "cjs", "json", "sh", "toml", "pth"})
_KNOWN = frozenset(
    {
        "METADATA",
        "RECORD",
        "WHEEL",
        "INSTALLER",
        "PKG-INFO",
        "top_level.txt",
        "entry_points.txt",
        "requires.txt",
        "os-release",
        "bootstrap",
        "runtime-release",
        "node_version.h",
        "Pipfile",
        "Pipfile.lock",
        "poetry.lock",
        "uv.lock",
        "yarn.lock",
        "ld.so.conf",
        "ld.so.cache",
        "pyvenv.cfg",
        "passwd",
        "group",
    }
)
_KNOWN_PATTERN = re.compile(
    r"/requirements[^/]*\.txt$|/requirements/[^/]+\.txt$|-requirements\.txt$"
    r"|/ld\.so\.conf\.d/[^/]+\.conf$|/ld-musl-[^/]+\.path$"
)


class Budget:
    """What one image may take of memory. Safe to use from any thread."""

    def __init__(self, *, content: int = CONTENT, names: int = NAMES, members: int = MEMBERS) -> None:
        self._content, self._names, self._members = content, names, members
        self._lock = threading.Lock()

    def content(self, size: int) -> bool:
        """Takes `size` bytes; False, and nothing taken, where they are not left."""
        with self._lock:
            if size > self._content:
                return False
            self._content -= size
            return True

    def paths(self, count: int, length: int) -> bool:
        """Takes `count` paths of `length` characters together; False where they are not left."""
        with self._lock:
            self._members -= count
            self._names -= length
            return self._members >= 0 and self._names >= 0


def is_program(head: bytes) -> bool:
    """Whether the file is a program of any system, by its first bytes."""
    return head.startswith(_PROGRAMS)


def head_size(head: bytes, mode: int, size: int) -> int:
    """How many of a file's first bytes are kept, given its first 64."""
    if head.startswith(_PROGRAMS):
        return min(size, 4096)
    if mode & 0o111 or head.startswith(_SCRIPTS):
        return min(size, 256)
    return min(size, 64)


def worth_keeping(path: str, head: bytes, mode: int, size: int) -> bool:
    """Whether a file's content is worth keeping."""
    name = path.rpartition("/")[2]
    if size <= LARGEST_CODE and (name.rpartition(".")[2] in _CODE or name in _KNOWN):
        return True
    if size > LARGEST_OTHER:
        return False
    if head.startswith(_SCRIPTS) or (mode & 0o111 and b"\0" not in head):
        return True
    return name.endswith((".txt", ".conf", ".path")) and _KNOWN_PATTERN.search(path) is not None
