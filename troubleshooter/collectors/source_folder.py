"""The engineer's source folder as a tree. Nothing outside it is followed, and what is no source is left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from troubleshooter.facts import Cost, Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.tree import Entry, FileTree, Kind
from troubleshooter.model import Origin, Role, Subject, Unblock

MAX_FILES, MAX_FILE = 20_000, 16 * 1024 * 1024
SKIPPED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".tox",
        "cdk.out",
        ".aws-sam",
    }
    | {"node_modules", ".terraform", ".idea", ".vscode"}
)
"""Folders that hold no source of the function's own."""
HEAD = 4096


@provides(cost=Cost.CALL, rank=2)
def code_of_source(given: GivenSource, subject: Subject) -> CodeTree | Unavailable:
    """The folder's files, content read when it is asked for."""
    if subject.role is not Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder is not what AWS runs")
    root = given.path.resolve()
    entries: dict[str, Entry] = {}
    for path, entry in _entries(root):
        if len(entries) >= MAX_FILES:
            text = f"{given.path} holds more than {MAX_FILES} files"
            return Unavailable(Reason.TOO_BIG, text, Unblock("give the folder of the function alone with --source"))
        entries["/" + path.relative_to(root).as_posix()] = entry

    def read(path: str) -> bytes | None:
        if path not in entries or entries[path].size > MAX_FILE:
            return None
        try:
            return (root / path.lstrip("/")).read_bytes()
        except OSError:
            return None

    reading = Reading(given.path.name or str(given.path), Origin.SOURCE)
    return CodeTree(reading=reading, tree=FileTree(entries, read), root="/", kind="source")


def _entries(root: Path) -> Iterator[tuple[Path, Entry]]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        here = Path(folder)
        for name in folders:
            yield here / name, _entry(here / name)
        for name in sorted(files):
            yield here / name, _entry(here / name)


def _entry(path: Path) -> Entry:
    try:
        status = path.lstat()
        if path.is_symlink():
            return Entry(Kind.SYMLINK, 0o777, link=str(path.readlink()))
        mode = status.st_mode & 0o7777
        if path.is_dir():
            return Entry(Kind.DIRECTORY, mode, status.st_uid, status.st_gid)
        if not path.is_file():
            return Entry(Kind.OTHER, mode)
        with path.open("rb") as file:
            return Entry(Kind.FILE, mode, status.st_uid, status.st_gid, status.st_size, head=file.read(HEAD))
    except OSError:
        return Entry(Kind.OTHER, 0)
