"""The code of a zip function, through the presigned address that GetFunction gives. The address never leaves this room."""

from __future__ import annotations

import io
import posixpath
import stat
import zipfile

from troubleshooter.collectors.aws_lambda import GetFunctionAnswer
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Cost, Reading, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, PackageCode, ZipFunction
from troubleshooter.facts.tree import Entry, FileTree, Kind
from troubleshooter.model import Origin, Unblock

ROOT = "/var/task"
MAX_PACKED = 300 * 1024 * 1024
"""Bytes of a package that are downloaded; Lambda's own limit on the unpacked size is 262,144,000."""
MAX_UNPACKED, MAX_FILE, MAX_MEMBERS = 512 * 1024 * 1024, 32 * 1024 * 1024, 200_000
HEAD = 4096
LABEL = "the code package"


@provides(rank=1)
def code_of_zip(package: PackageCode) -> CodeTree:
    """The package is the code."""
    return CodeTree(**vars(package))


@provides()
def zip_function(record: FunctionRecord) -> ZipFunction | Unavailable:
    """Whether there is a package at all."""
    if record.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from an image, not a zip package")
    return ZipFunction(reading=record.reading)


@provides(cost=Cost.BYTES)
def package_code(zipped: ZipFunction, answer: GetFunctionAnswer, web: Web) -> PackageCode | Unavailable:
    """Downloads and lists the package. Content is unpacked file by file when it is asked for."""
    if not answer.location:
        unblock = Unblock("allow lambda:GetFunction with its code location", "lambda:GetFunction", answer.record.arn)
        return Unavailable(Reason.DENIED, "AWS gave no address of the code package", unblock)
    content = download(answer.location, web)
    reading = Reading("lambda:GetFunction code package", Origin.PACKAGE, request_id=answer.reading.request_id)
    return PackageCode(reading=reading, tree=zip_tree(content), root=ROOT, kind="zip")


def download(location: str, web: Web) -> bytes:
    """The package's bytes. Raises SourceError."""
    got = web.get(location, label=LABEL, cap=MAX_PACKED, deadline_s=120)
    if got.status != 200:
        detail = f"{LABEL} could not be downloaded (status {got.status})"
        unblock = Unblock("try again: the address is valid for ten minutes")
        raise SourceError(Unavailable(Reason.UNREACHABLE, detail, unblock))
    return got.body


def zip_tree(content: bytes) -> FileTree:
    """A package's files below /var/task, with the permissions that its members carry.

    Raises SourceError for what is no zip, is damaged, or unpacks to more than Lambda would ever take.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, UnicodeError) as error:
        raise SourceError(Unavailable(Reason.MALFORMED, f"{LABEL} is not a readable zip ({error})")) from error
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
        raise SourceError(Unavailable(Reason.TOO_BIG, f"{LABEL} unpacks to more than Lambda takes"))
    entries: dict[str, Entry] = {}
    by_path: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        path = _path(member.filename)
        if path is None:
            continue
        _parents(entries, path)
        entries[path] = _entry(archive, member)
        by_path[path] = member

    def read(path: str) -> bytes | None:
        member = by_path.get(path)
        return None if member is None or member.file_size > MAX_FILE else _content(archive, member, MAX_FILE)

    return FileTree(entries, read)


def _path(name: str) -> str | None:
    """Below the root; None for what would lie outside it."""
    path = posixpath.normpath(posixpath.join(ROOT, name.replace("\\", "/").lstrip("/")))
    return path if path.startswith(ROOT + "/") else None


def _parents(entries: dict[str, Entry], path: str) -> None:
    parent = posixpath.dirname(path)
    while parent not in ("", "/") and parent not in entries:
        entries[parent] = Entry(Kind.DIRECTORY, 0o755)
        parent = posixpath.dirname(parent)


def _entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    mode = member.external_attr >> 16
    if member.is_dir():
        return Entry(Kind.DIRECTORY, stat.S_IMODE(mode) or 0o755)
    if stat.S_ISLNK(mode):
        target = (_content(archive, member, HEAD) or b"").decode("utf-8", "replace")
        return Entry(Kind.SYMLINK, 0o777, link=target)
    head = _content(archive, member, HEAD) or b""
    return Entry(Kind.FILE, stat.S_IMODE(mode) or 0o644, size=member.file_size, head=head)


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes | None:
    """At most `limit` bytes; None where the member is encrypted or damaged."""
    try:
        with archive.open(member) as file:
            return file.read(limit)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, ValueError):
        return None
    except Exception as error:  # zlib.error and its like have no common base
        if type(error).__module__ in ("zlib", "lzma", "_lzma"):
            return None
        raise
