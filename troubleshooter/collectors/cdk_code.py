"""Reads the files of the engineer's source folder that are CDK code. Nothing there is run."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from troubleshooter.facts import Cost, Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.manifests import holds_installed
from troubleshooter.facts.template import CdkCode
from troubleshooter.model import Origin, Role, Subject, Unblock

DEPTH = 6
ENTRIES, FILES = 20_000, 200
LARGEST = 512 * 1024
"""Bytes of one file."""
ALTOGETHER = 64 * 1024 * 1024
"""Bytes that are looked at."""

_SUFFIXES = (".py", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_TESTS = re.compile(
    r"(?:^|/)(?:tests?|__tests__|specs?)/|(?:^|/)test_[^/]*$|(?:_test|\.test|\.spec)\.\w+$|(?:^|/)conftest\.py$"
)
_IMPORTS = re.compile(rb"\baws_cdk\b|[\"'](?:aws-cdk-lib|@aws-cdk/)")


@provides(cost=Cost.CALL)
def cdk_code(source: GivenSource, subject: Subject) -> CdkCode | Unavailable:
    """Files up to six folders deep that name the CDK's packages; tests, and what was installed or built, left out."""
    if subject.role is not Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder says what is proposed, not what runs")
    if not source.path.is_dir():
        unblock = Unblock("Give --source a folder that can be read.")
        return Unavailable(Reason.MALFORMED, f"{source.path} is not a folder", unblock)
    files: dict[str, str] = {}
    skipped: list[str] = []
    left = ALTOGETHER
    for path in _walk(source.path, skipped):
        if left <= 0 or len(files) >= FILES:
            skipped.append(f"{path} and what comes after it")
            break
        content = _content(source.path, path, skipped)
        left -= len(content)
        if _IMPORTS.search(content):
            files[path] = content.decode("utf-8-sig", "replace")
    if not files:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the source folder holds no CDK code")
    return CdkCode(reading=Reading("source folder", Origin.SOURCE), files=files, skipped=tuple(skipped))


def _walk(top: Path, skipped: list[str]) -> Iterator[str]:
    """Relative paths of code files, nearest folders first. Links to folders are not followed."""
    level, seen = [""], 0
    for below in range(DEPTH + 1):
        deeper: list[str] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(top / folder), key=lambda entry: entry.name)
            except OSError as error:
                skipped.append(f"{folder or '.'} could not be listed ({type(error).__name__})")
                continue
            for entry in entries:
                seen += 1
                if seen > ENTRIES:
                    skipped.append(f"what comes after {ENTRIES} entries")
                    return
                path = f"{folder}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False):
                    deeper += [path] if below < DEPTH and not holds_installed(path) else []
                elif path.endswith(_SUFFIXES) and not path.endswith(".d.ts") and not _TESTS.search(path):
                    yield path
        level = deeper


def _content(top: Path, path: str, skipped: list[str]) -> bytes:
    """A regular file's bytes; none, and why in `skipped`, where they cannot be had."""
    try:
        # Not blocking: a pipe of that name must not hold the walk up.
        handle = os.open(top / path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return b""
            content = file.read(LARGEST + 1)
    except OSError as error:
        skipped.append(f"{path} could not be read ({type(error).__name__})")
        return b""
    if len(content) <= LARGEST:
        return content
    # Bundles are this large, written CDK code is not.
    return b""
