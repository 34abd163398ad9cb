"""Where nothing can be written on Lambda: the function's files, without what leads to a place that is writable."""

from __future__ import annotations

import posixpath
import re

from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.tree import Kind

WRITABLE = ("/tmp", "/dev", "/proc", "/mnt", "/run", "/sys")  # noqa: S108 - a place on Lambda, not here
"""Where writing may succeed, or fails for another reason: /tmp, devices, and where file systems are mounted."""

_LINKS = re.compile(r"\bln\b|\bsymlink|\bcp\s+-\w*[as]")


def read_only(code: CodeTree, path: str) -> bool:
    """Whether a file at that path cannot be made because of Lambda's read-only file system, and for no other reason."""
    if _writable(path):
        return False
    if code.kind == "source":
        return path.startswith("/var/task/") and path.count("/") == 3 and not _linked_in_source(code, path)
    if code.kind == "zip" and not (posixpath.dirname(path) + "/").startswith("/var/task/"):
        return False
    folder = code.tree.resolve(posixpath.dirname(path))
    if _writable(folder.path) or (folder.entry is None and folder.path != "/var/task"):
        return False
    if folder.entry is not None and folder.entry.kind is not Kind.DIRECTORY:
        return False
    real = code.tree.resolve(path)
    if _writable(real.path) or real.problem == "too many links":
        return False
    # A link to nothing fails for the lack of its target's folder as well.
    return real.entry.kind is not Kind.OTHER if real.entry is not None else not _is_link(code, path)


def _writable(path: str) -> bool:
    return any((path + "/").startswith(place + "/") for place in WRITABLE)


def _is_link(code: CodeTree, path: str) -> bool:
    return code.tree.resolve(path, follow_last=False).entry is not None


def _linked_in_source(code: CodeTree, path: str) -> bool:
    """Whether the source folder, or what a Dockerfile in it does, may put a link there."""
    name = posixpath.basename(path)
    if code.tree.resolve(posixpath.join(code.root, name)).links:
        return True
    files = (posixpath.join(code.root, each) for each in code.tree.children(code.root) if "ockerfile" in each)
    return any((text := code.tree.text(each)) is None or _LINKS.search(text) for each in files)
