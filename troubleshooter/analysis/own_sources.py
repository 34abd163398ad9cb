"""The function's own source files: without what was installed beside them. Pure."""

from __future__ import annotations

import posixpath
import re

from troubleshooter.facts.image import CodeTree

_INSTALLED = re.compile(
    r"/(?:site-packages|dist-packages|node_modules|__pycache__|[^/]+\.(?:dist|egg)-info|[^/]+\.data)(?:/|$)"
)
RECORDS = 400
"""Installed distributions of a folder that are looked at."""


def own_files(code: CodeTree, suffixes: tuple[str, ...]) -> list[str]:
    """Source files below the code's root that no package brought."""
    brought = _brought(code)
    root = code.root.rstrip("/")
    return [
        path
        for path in code.tree.walk(code.root)
        if path.endswith(suffixes)
        and not _INSTALLED.search(path)
        and path.removeprefix(f"{root}/").partition("/")[0] not in brought
    ]


def _brought(code: CodeTree) -> set[str]:
    """First parts of the paths that distributions installed right into the root, as `pip install -t` does."""
    found: set[str] = set()
    infos = [name for name in code.tree.children(code.root) if name.endswith(".dist-info")]
    for name in infos[:RECORDS]:
        record = code.tree.read(posixpath.join(code.root, name, "RECORD")) or b""
        for line in record.decode("utf-8", "replace").split("\n"):
            first = line.partition(",")[0].strip('"').partition("/")[0]
            if first and first != "..":
                found.add(first)
    return found
