"""Code writes outside /tmp.

What it looks for
    `Read-only file system` with a path in the image.

Why it breaks
    On Lambda the image's files are read-only; only `/tmp` can be written. Logs, databases, uploads, caches and
    compiled files beside the code work in Docker and fail there.

How it is told apart
    A path below a home folder is a library's cache (`home_cache_unwritable`). A full `/tmp` says `No space left on
    device` (`tmp_full`). `Permission denied` on reading is `perm_files_unreadable`.

Fix
    Write below `/tmp`, or let the setting that names the folder point there; what must last belongs in S3, EFS or a
    database.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"\[Errno 30\] Read-only file system: '(?!/home/)", 3),
    signature(r"EROFS: read-only file system, \w+ '(?!/home/)", 3),
    signature(r"Read-only file system|read-only file system", 2),
    signature(r"\bEROFS\b", 2),
    signature(r"attempt to write a readonly database|unable to open database file", 2),
    signature(r"\[Errno 30\]", 2),
)
ASK = "Is the path that the message names outside /tmp?"
