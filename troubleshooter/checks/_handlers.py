"""Handlers that lie in the image, to fill a fix in."""

from __future__ import annotations

import re

from troubleshooter.facts import Unavailable
from troubleshooter.facts.image import ImageTree

_PYTHON = re.compile(r"^def (\w*handler\w*)\(", re.MULTILINE)
_NODE = re.compile(
    r"^(?:module\.)?exports\.(\w*[hH]andler\w*)\s*=|^export (?:const|(?:async )?function) (\w*[hH]andler\w*)\b",
    re.MULTILINE,
)


def only_handler(files: ImageTree | Unavailable, root: str = "/var/task") -> str | None:
    """The handler's name, `file.function`, where exactly one file of the task root defines exactly one."""
    if isinstance(files, Unavailable):
        return None
    found = []
    for name in files.tree.children(root):
        stem, _, suffix = name.rpartition(".")
        pattern = {"py": _PYTHON, "js": _NODE, "mjs": _NODE, "cjs": _NODE}.get(suffix)
        text = files.tree.text(f"{root}/{name}") if pattern and stem else None
        if pattern is not None and text is not None:
            found += [f"{stem}.{next(filter(None, m.groups()))}" for m in pattern.finditer(text)]
    return found[0] if len(found) == 1 else None
