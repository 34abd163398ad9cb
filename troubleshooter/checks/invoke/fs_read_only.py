"""Code writes outside /tmp.

What it looks for
    A file or folder outside `/tmp` that is made or written each time the handler's module is loaded, or in every
    invocation: with a path that the code states and that no link leads elsewhere, and no branch, loop, early return,
    handled error or unknown context manager before it. Own code that replaces functions or changes the folder leaves it
    open. Of any other, text alone tells: `Read-only file system` with a path in the image.

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

import posixpath

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._effects import cited, first, rung, when
from troubleshooter.facts.code import CertainEffects
from troubleshooter.model import Remediation, Rung, Severity, Verdict

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


@check(title="The code writes where it can", severity=Severity.ERROR, rung=Rung.INVOKE, narrow=True)
def fs_read_only(effects: CertainEffects) -> Verdict:
    """Asks whether the code certainly writes to a place outside /tmp."""
    found = first(effects, "write")
    if found is None:
        return passed(
            "nothing is certainly written outside /tmp", effects.cite("effects", "none", label="certain writes")
        )
    name = posixpath.basename(found.what)
    fix = Remediation(
        f"Write to /tmp/{name} instead, and read it from there; what is to outlast the execution environment belongs in S3, "
        "DynamoDB or EFS.",
        verify="The log has no `Read-only file system` and no EROFS.",
    )
    message = (
        f"{found.path}:{found.line} writes to {found.what} {when(found)}, and on Lambda only /tmp can be written to"
    )
    return failed(message, cited(effects, found, "statement that writes"), remediation=fix, rung=rung(found))
