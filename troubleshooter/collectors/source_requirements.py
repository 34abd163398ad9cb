"""Reads the files of the engineer's source folder that say which packages are asked for. Nothing there is run."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from troubleshooter.facts import Cost, Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenSource
from troubleshooter.facts.manifests import DEPTH, holds_installed, is_manifest
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

ENTRIES, FILES = 20_000, 300
LARGEST = 1024 * 1024
LARGEST_LOCK = 8 * 1024 * 1024

_INCLUDE = re.compile(r"^[ \t]*(?:-r|-c|--requirement|--constraint)(?:[ \t]+|=)(\S+)", re.MULTILINE)
_USERINFO = re.compile(r"://([^\s/@\"']+)@")
_NPM_AUTH = re.compile(r"(?:_authToken|_auth|_password)\s*=\s*[\"']?([^\s\"']+)")


@provides(cost=Cost.CALL)
def source_manifests(source: GivenSource, secrets: Secrets | Unavailable) -> SourceManifests | Unavailable:
    """Manifests up to four folders deep, and what requirements files among them include from within the folder."""
    if not source.path.is_dir():
        unblock = Unblock("give --source a folder that can be read")
        return Unavailable(Reason.MALFORMED, f"{source.path} is not a folder", unblock)
    skipped: list[str] = []
    files: dict[str, str] = {}
    for path in _walk(source.path, skipped):
        _take(source.path, path, files, skipped)
    queue = [path for path in files if path.endswith(".txt")]
    while queue:
        path = queue.pop()
        for include in _INCLUDE.findall(files[path]):
            other = posixpath.normpath(posixpath.join(posixpath.dirname(path), include))
            if other in files or other.startswith(("../", "/")) or ":" in other:
                continue
            _take(source.path, other, files, skipped)
            if other in files:
                queue.append(other)
    if isinstance(secrets, Secrets):
        for text in files.values():
            _remember(text, secrets)
    return SourceManifests(
        reading=Reading("source folder", Origin.SOURCE), root=str(source.path), files=files, skipped=tuple(skipped)
    )


def _walk(top: Path, skipped: list[str]) -> Iterator[str]:
    """Relative paths of manifests, nearest first. Links to folders are not followed."""
    level, seen = [""], 0
    for below in range(DEPTH + 1):
        deeper: list[str] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(top / folder), key=lambda entry: entry.name)
            except OSError as error:
                skipped.append(f"{folder or '.'}: could not be listed ({type(error).__name__})")
                continue
            # A folder with metadata of installed packages holds them; what they ask for is their own business.
            installed = any(entry.name.endswith(".dist-info") for entry in entries)
            for entry in entries:
                seen += 1
                if seen > ENTRIES:
                    skipped.append(f"what comes after {ENTRIES} entries")
                    return
                path = posixpath.join(folder, entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if below < DEPTH and not installed and not holds_installed(path):
                        deeper.append(path)
                elif is_manifest(path):
                    yield path
        level = deeper


def _take(top: Path, path: str, files: dict[str, str], skipped: list[str]) -> None:
    """Reads one regular file into `files`, or says in `skipped` why not."""
    largest = LARGEST_LOCK if "lock" in posixpath.basename(path) else LARGEST
    try:
        # Not blocking: a pipe of that name must not hold the walk up.
        handle = os.open(top / path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                skipped.append(f"{path}: not a regular file")
                return
            content = file.read(largest + 1)
    except OSError as error:
        skipped.append(f"{path}: could not be read ({type(error).__name__})")
        return
    if len(content) > largest:
        skipped.append(f"{path}: larger than {largest} bytes")
    elif len(files) >= FILES:
        skipped.append(f"{path}: more than {FILES} files")
    else:
        files[path] = _decoded(content)


def _decoded(content: bytes) -> str:
    """UTF-16 where a byte order mark says so, as editors on Windows write it, else UTF-8."""
    utf_16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if utf_16 else "utf-8-sig", "replace")


def _remember(text: str, secrets: Secrets) -> None:
    """Credentials that stand in index addresses and npm's settings are shown nowhere."""
    for userinfo in _USERINFO.findall(text):
        for part in userinfo.split(":", 1):
            if not part.startswith("${"):
                secrets.remember("index credential", part)
                secrets.remember("index credential", unquote(part))
    for token in _NPM_AUTH.findall(text):
        if not token.startswith("${"):
            secrets.remember("npm credential", token)
