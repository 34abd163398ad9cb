"""The program that the launch names has no execute permission for Lambda's user.

What it looks for
    A launched file, its `#!` interpreter, its loader, or what an AWS base's entry script starts, whose mode has no
    execute bit for others. Lambda runs the image as an unprivileged user that owns none of its files.

Why it breaks
    The kernel answers "permission denied" (EACCES): `Runtime.InvalidEntrypoint` for the launched file itself, exit
    status 126 for one that an entry script starts. A check-out on Windows, `COPY` without `--chmod`, and archives
    packed by tools that drop modes all lose the bit. As root, which is how `docker run` starts it, one set bit of
    any class is enough.

How it is told apart
    A closed parent folder gives the same text (`perm_entrypoint_path_unreadable`), and so does a directory
    (`entrypoint_is_directory`). Unreadable source files fail later, at import (`perm_files_unreadable`).

Fix
    `COPY --chmod=0755`, or `RUN chmod 755`; in the repository `git update-index --chmod=+x`.

References
    https://docs.docker.com/reference/dockerfile/#copy---chmod
    https://github.com/ko-build/ko/issues/669
"""

from __future__ import annotations

import posixpath
import shlex

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt, where
from troubleshooter.checks._spawn import evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"fork/exec /(?!opt/extensions/)\S+: permission denied", 3),
    signature(r'exec:? "?/\S+?"?: permission denied', 3),
    signature(r"/(?:lambda-entrypoint\.sh|var/runtime/bootstrap|\S*aws-lambda-rie)\S*: Permission denied", 3),
    signature(r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"exec format error|no such file"),
)
ASK = "Does `docker run --rm --entrypoint ls IMAGE -l PATH` show an `x` for others?"


@check(title="The launched program may be executed", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_not_executable(
    spawn: SpawnResult,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at the execute bit for others on every file that is executed in turn."""
    if spawn.cause != "not_executable":
        return otherwise(spawn, "others may execute the launched program")
    path = shlex.quote(spawn.path)
    text = (
        f"Give {spawn.path} the execute bit {where(function)}: `chmod 755 {path}`, or `COPY --chmod=0755` where it is "
        f"copied. If {posixpath.basename(spawn.path)} is in git, `git update-index --chmod=+x` keeps the bit there."
    )
    return failed(
        spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code), rung=rung(spawn)
    )
