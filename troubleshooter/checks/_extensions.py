"""The files that Lambda starts as extensions."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from troubleshooter.facts.image import ImageTree
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Evidence

FOLDER = "/opt/extensions"


def extensions(files: ImageTree) -> Iterator[tuple[str, Entry]]:
    """Regular files directly in the folder that others may execute, with their paths."""
    for name in files.tree.children(FOLDER):
        path = posixpath.join(FOLDER, name)
        entry = files.tree.entry(files.tree.resolve(path, follow_last=False).path)
        if entry is not None and entry.kind is Kind.FILE and entry.mode & 0o001:
            yield path, entry


def cite(files: ImageTree, path: str, value: str, label: str) -> Evidence:
    return files.cite("tree", value, label=label, source=f"image {path}")
