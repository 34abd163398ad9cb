"""What is kept of a file that passes by once: how much of its beginning, and whether its content.

Content is worth keeping where an analysis reads it: code, package metadata, small executables and a few system files.
Files that commonly hold credentials (`.env`, `.npmrc`, keys) are not among them; of those that are kept for one diagnosis,
what looks like credentials is never put into the cache on disk.
"""

from __future__ import annotations

import re
import threading

from troubleshooter.collectors.contents import PIECE, Slice, Spool
from troubleshooter.collectors.inflate import Window
from troubleshooter.collectors.tar import MEMBERS
from troubleshooter.facts.elf import MAGIC

LARGEST_CODE = 16 << 20
LARGEST_OTHER = 64 << 10
CONTENT = 384 << 20
"""Bytes of contents that are kept of one image, nearly all of them on disk."""
HEADS = 24 << 20
"""Bytes of beginnings of files beyond the first 64 of each: they are held in memory."""
NAMED = 24 << 20
"""Characters of names in ELF files, in memory too."""
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
MARKED = frozenset(each[0] for each in (*_PROGRAMS, *_SCRIPTS))
"""First bytes of files of which more than the first 64 bytes may be kept."""
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
_COLLECTOR = re.compile(
    r"/(?:[\w.-]*(?:collector|otel|opentelemetry|adot)[\w.-]*/[\w.-]+|[\w.-]*(?:collector|otel|opentelemetry|adot)[\w.-]*)\.ya?ml$"
)
"""Settings of a collector of telemetry, which may hold the backend's key: read, and never put into the cache."""

_CREDENTIALS = re.compile(
    r"(?i)(?:^|[/._-])(?:credentials?|secrets?|service[._-]?account|tokens?|passwords?|private[._-]?keys?)(?:[._-][^/]*)?$"
    r"|/\.(?:aws|docker|kube|ssh|azure|gnupg)/|/\.config/gcloud/|/\.env[^/]*$|/auth\.json$"
)
_CREDENTIAL_FILES = re.compile(
    r"(?i)/\.(?:env[^/]*|npmrc|yarnrc[^/]*|netrc|pypirc|pgpass|git-credentials|dockercfg|htpasswd)$|\.(?:pem|key|p12|pfx|jks|tfvars|tfstate)$"
    r"|/id_(?:rsa|dsa|ecdsa|ed25519)$|/pip\.conf$|/shadow-?$|/\.(?:aws|docker|kube|ssh|azure|gnupg)/|/\.config/gcloud/"
)
_CREDENTIAL_WORDS = (
    *("credential", "secret", "service", "token", "password", "private", "auth.json", ".env", ".config/gcloud/"),
    *("/.aws/", "/.docker/", "/.kube/", "/.ssh/", "/.azure/", "/.gnupg/", "collector", "otel", "opentelemetry", "adot"),
)
"""What every path that fits one of the two has in it: looking for these is several times as fast."""
_KEYS = (b"PRIVATE KEY-----", b'"private_key"', b"aws_secret_access_key", b"AWS_SECRET_ACCESS_KEY=")
_SOURCE_CODE = (".py", ".js", ".mjs", ".cjs")


class Budget:
    """What one image may take of memory and disk. Safe to use from any thread."""

    def __init__(
        self,
        *,
        content: int = CONTENT,
        heads: int = HEADS,
        named: int = NAMED,
        names: int = NAMES,
        members: int = MEMBERS,
        identify: bool = False,
    ) -> None:
        """`identify`: the digest of each layer's bytes is wanted, which costs reading and hashing all of them."""
        self._content, self._heads, self._named, self._names, self._members = content, heads, named, names, members
        self.identify = identify
        self._spool = Spool()
        self._lock = threading.Lock()

    def keep(self, window: Window, offset: int, size: int) -> Slice | None:
        """Keeps a stretch of a window; None where there is no room left for it."""
        with self._lock:
            if size > self._content:
                return None
            self._content -= size
        return set_aside(window, offset, size, self._spool)

    def head(self, size: int) -> bool:
        """Takes `size` bytes for the beginning of a file; False, and nothing taken, where they are not left."""
        with self._lock:
            if size > self._heads:
                return False
            self._heads -= size
            return True

    def named(self, length: int) -> bool:
        """Takes `length` characters for the names in one ELF file; False, and nothing taken, where they are not left."""
        with self._lock:
            if length > self._named:
                return False
            self._named -= length
            return True

    def paths(self, count: int, length: int) -> bool:
        """Takes `count` paths of `length` characters together; False where they are not left."""
        with self._lock:
            self._members -= count
            self._names -= length
            return self._members >= 0 and self._names >= 0


def set_aside(window: Window, offset: int, size: int, spool: Spool) -> Slice | None:
    """Puts a stretch of a window into a spool; None where it has no room."""
    if size <= PIECE:
        data = window.take(offset, size)
        place = spool.append(data) if len(data) == size else None
        return None if place is None else Slice(spool, place, size)
    place = spool.reserve(size)
    if place is None:
        return None
    for at in range(0, size, PIECE):
        if not spool.write(place + at, window.take(offset + at, min(PIECE, size - at))):
            return None
    return Slice(spool, place, size)


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
    if size <= LARGEST_CODE and path[path.rfind(".") + 1 :] in _CODE:
        return True
    name = path[path.rfind("/") + 1 :]
    if size <= LARGEST_CODE and name in _KNOWN:
        return True
    if size > LARGEST_OTHER:
        return False
    if head.startswith(_SCRIPTS) or (mode & 0o111 and b"\0" not in head):
        return True
    if name.endswith((".yaml", ".yml")):
        return _COLLECTOR.search(path) is not None
    return name.endswith((".txt", ".conf", ".path")) and _KNOWN_PATTERN.search(path) is not None


def like_credentials(path: str, content: bytes) -> bool:
    """Whether a file looks like credentials, by its name or by what it holds. Code is code, whatever it is called."""
    if path.endswith(_SOURCE_CODE) or is_program(content):
        return False
    return _named_like_credentials(path) or any(key in content for key in _KEYS)


def _named_like_credentials(path: str) -> bool:
    folded = path.casefold()
    if not any(word in folded for word in _CREDENTIAL_WORDS):
        return False
    return any(each.search(path) for each in (_CREDENTIALS, _COLLECTOR))


def public_head(path: str, head: bytes, mode: int) -> bytes:
    """The beginning of a file as the cache may hold it: none of what looks like credentials and is nothing to be started."""
    if not head or head.startswith((*_PROGRAMS, *_SCRIPTS)) or path.endswith(_SOURCE_CODE):
        return head
    if _CREDENTIAL_FILES.search(path) or (not mode & 0o111 and like_credentials(path, head)):
        return b""
    return head
