"""The append-only record of a session: one line a record, `crc32 json`, synced before anything is shown as done.

    {"v": 1, "seq": 3, "at": "…", "kind": "finding", …}

Kinds: start, triage, read, gap, finding, answer, note, back, diagnosis, verify, end. Nothing is ever removed; state is a fold
over the records. A torn last line is dropped; a damaged line in the middle ends the good part, and what can be read after
it is kept aside as `salvaged`.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from troubleshooter.errors import JournalError
from troubleshooter.facts import now

VERSION = 1
SUFFIX = ".jsonl"
_sync = getattr(os, "fdatasync", os.fsync)
"""A file that only grows needs no more; a walk writes some sixty times."""
Record = dict[str, Any]


def folder() -> Path:
    """Where journals are kept: the user's state folder, made with mode 0700."""
    import platformdirs

    path = Path(platformdirs.user_state_dir("troubleshooter", appauthor=False)) / "journals"
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    except OSError as error:
        raise JournalError(f"{path}: cannot be used for journals: {error.strerror}; set XDG_STATE_HOME") from error
    return path


@dataclass(frozen=True, slots=True)
class Contents:
    """A journal as read."""

    path: Path
    records: tuple[Record, ...]
    torn: bool = False
    """The last line was cut off, as by a crash, and is left out."""
    salvaged: tuple[Record, ...] = ()
    """Records after a damaged line: readable, but not part of the fold."""

    @property
    def session(self) -> str:
        return self.path.name.removesuffix(SUFFIX)


def encode(record: Record) -> bytes:
    """One line: checksum of the JSON, a space, the JSON, a line feed. Text is ASCII-escaped."""
    body = json.dumps(record, ensure_ascii=True, separators=(",", ":"), sort_keys=False).encode("ascii")
    return b"%08x " % zlib.crc32(body) + body + b"\n"


def decode(line: bytes) -> Record | None:
    """The record of one whole line without its line feed; None where it is damaged."""
    head, _, body = line.partition(b" ")
    try:
        if head != b"%08x" % zlib.crc32(body):
            return None
        record = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def read(path: Path) -> Contents:
    """Reads a journal. Raises JournalError where there is none, or where it was written by a newer version."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(
            f"{path}: {error.strerror}; `troubleshooter history` lists the journals there are"
        ) from error
    *lines, last = content.split(b"\n")
    good: list[Record] = []
    salvaged: list[Record] = []
    damaged = False
    for number, line in enumerate(lines):
        record = decode(line)
        if record is None or record.get("seq") != number:
            damaged = True
        if damaged and record is not None:
            salvaged.append(record)
        elif not damaged and record is not None:
            good.append(record)
    if not good:
        raise JournalError(f"{path}: not a journal of troubleshooter, or damaged from its first line on")
    if int(good[0].get("v", 0)) > VERSION:
        raise JournalError(f"{path}: written by a newer version of troubleshooter; upgrade to read it")
    return Contents(path, tuple(good), torn=bool(last), salvaged=tuple(salvaged))


class Journal:
    """A journal open for writing, locked against a second writer; or one in memory, where no folder can be written.

    Safe to use from any thread.
    """

    def __init__(self, path: Path | None, lock: Any, records: Sequence[Record], redact: Callable[[str], str]) -> None:
        self.path = path
        self.records: list[Record] = list(records)
        """All records so far, as they stand in the file."""
        self._lock, self._redact = lock, redact
        self._turn = threading.Lock()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = -1 if path is None else os.open(path, flags, 0o600)

    @classmethod
    def create(cls, redact: Callable[[str], str], *, within: Path | None = None, name: str = "session") -> Journal:
        """A new, empty journal in the state folder. Raises JournalError where none can be kept."""
        plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:40].strip("-") or "session"
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        path = (within or folder()) / f"{stamp}-{plain}-{secrets.token_hex(3)}{SUFFIX}"
        try:
            return cls(path, _locked(path), (), redact)
        except OSError as error:
            raise JournalError(f"{path}: cannot be written: {error.strerror}; set XDG_STATE_HOME") from error

    @classmethod
    def in_memory(cls, redact: Callable[[str], str]) -> Journal:
        """A journal that ends with the process."""
        return cls(None, None, (), redact)

    @classmethod
    def reopen(cls, path: Path, redact: Callable[[str], str]) -> Journal:
        """Goes on in an existing journal. What lies behind its good part is moved aside first, never lost."""
        lock = _locked(path)
        try:
            contents = read(path)
            good = b"".join(map(encode, contents.records))
            content = path.read_bytes()
            if not content.startswith(good):
                raise JournalError(f"{path}: damaged; it can be reported on but not resumed")
            if content != good:
                path.with_suffix(".damaged").write_bytes(content[len(good) :])
                os.truncate(path, len(good))
        except BaseException:
            lock.release()
            raise
        return cls(path, lock, contents.records, redact)

    @property
    def session(self) -> str:
        """The session's name; empty in memory."""
        return self.path.name.removesuffix(SUFFIX) if self.path else ""

    def append(self, kind: str, **fields: Any) -> Record:
        """Redacts, writes and syncs one record; returns it as written. Raises JournalError, and then wrote nothing."""
        return self.append_all([(kind, fields)])[0]

    def append_all(self, entries: Sequence[tuple[str, Record]]) -> list[Record]:
        """Several records in one write and one sync."""
        cleaned = [(kind, self._clean(fields)) for kind, fields in entries]
        # A diagnosis is written on one thread while a note may be on another: each record has a number of its own.
        with self._turn:
            at, seq = now(), len(self.records)
            records: list[Record] = [
                {"v": VERSION, "seq": seq + i, "at": at, "kind": kind, **fields}
                for i, (kind, fields) in enumerate(cleaned)
            ]
            if self._fd >= 0:
                self._write(b"".join(map(encode, records)))
            self.records += records
            return records

    def _write(self, content: bytes) -> None:
        size = os.fstat(self._fd).st_size
        try:
            if os.write(self._fd, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            _sync(self._fd)
        except OSError as error:
            os.ftruncate(self._fd, size)
            raise JournalError(f"{self.path}: cannot be written: {error.strerror}") from error

    def _clean(self, value: Any) -> Any:
        """Every text of a record, redacted, before it is cut or encoded in any way."""
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, dict):
            return {k: self._clean(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(v) for v in value]
        return value

    def close(self) -> None:
        """Releases the lock; the journal stays."""
        with self._turn:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
                self._lock.release()


def _locked(path: Path) -> Any:
    import filelock

    lock = filelock.FileLock(path.with_suffix(".lock"), mode=0o600)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise JournalError(f"{path}: another troubleshooter is writing to this session; end it first") from error
    return lock


def sessions(within: Path | None = None) -> Iterator[Path]:
    """The journals there are, newest first."""
    yield from sorted((within or folder()).glob(f"*{SUFFIX}"), key=lambda p: p.name, reverse=True)


def find(name: str | None, within: Path | None = None) -> Path:
    """A journal by path, by session name, by a part of it that fits one only, or the newest. Raises JournalError."""
    if name is not None and (path := Path(name)).is_file():
        return path
    known = list(sessions(within))
    fitting = [p for p in known if name is None or name in p.name]
    if name is None and fitting:
        return fitting[0]
    exact = [p for p in fitting if p.name.removesuffix(SUFFIX) == name]
    if exact or len(fitting) == 1:
        return (exact or fitting)[0]
    if not fitting:
        what = "no sessions are recorded yet" if not known else f"no session {name!r}"
        raise JournalError(f"{what}; `troubleshooter history` lists what there is")
    raise JournalError(f"{name!r} fits {len(fitting)} sessions: " + ", ".join(p.stem for p in fitting[:5]))
