"""A folder on the way to the launched program is closed to Lambda's user.

What it looks for
    A parent folder of the program, of its interpreter or of its loader without search permission for others, and a
    script that may be executed but not read. A closed working directory is pointed out as an open question.

Why it breaks
    Lambda runs the image as an unprivileged user that owns nothing in it. One folder of mode 0700 on the way is
    enough: "permission denied". Interpreters installed below /root (uv, pyenv, nvm, `pip install --user`) are the
    usual case; as root the same image works. A script without read permission starts, and its interpreter then
    cannot open it.

How it is told apart
    The file's own mode is `entrypoint_not_executable`. Source files that cannot be read fail at import
    (`perm_files_unreadable`).

Fix
    Install outside /root (`UV_PYTHON_INSTALL_DIR=/opt/python`, a system-wide interpreter), or open the folders.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html
"""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from troubleshooter.checks import Frequency, check, failed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt, where
from troubleshooter.checks._spawn import evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.tree import Kind
from troubleshooter.model import Evidence, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"fork/exec /(?:root|home)/\S+: permission denied", 3),
    signature(r"(?:fork/exec|exec:?) \"?/(?!opt/extensions/)\S+: permission denied", 2),
    signature(r"(?:cannot open|can't open(?: file)?) '?/\S+: (?:\[Errno 13\] )?Permission denied", 2),
    signature(r"(?:bad interpreter|/root/\.(?:pyenv|nvm|local)/\S+): Permission denied", 3),
)


@check(title="The launched program can be reached", severity=Severity.ERROR, rung=Rung.SPAWN)
def perm_entrypoint_path_unreadable(
    spawn: SpawnResult,
    launch: EffectiveLaunch | Unavailable,
    files: ImageTree | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at the search permission of every folder that is passed, and at the script's read permission."""
    closed = _closed_workdir(launch, files)
    if spawn.cause == "ok" and closed is not None:
        text = f"Run the image as Lambda's user: `docker run --user 993:990` shows whether it starts in {closed[0]}."
        message = (
            "the working directory is closed to others; whether Lambda enters it with its own rights is not published"
        )
        return unknown(message, closed[1], unblock=Unblock(text))
    if spawn.cause not in ("closed_directory", "unreadable"):
        return otherwise(spawn, "no folder on the way to the launched program is closed to others")
    path = shlex.quote(spawn.path)
    if spawn.cause == "unreadable":
        text = f"Let others read the script: `chmod 755 {path}` {where(function)}."
    else:
        text = (
            f"Install {spawn.path} outside folders that are root's alone, or open each of them to others in the "
            f"Dockerfile (`RUN chmod o+x` on every closed parent folder; `namei -l {path}` lists their modes)."
        )
    return failed(
        spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code), rung=rung(spawn)
    )


def _closed_workdir(
    launch: EffectiveLaunch | Unavailable, files: ImageTree | Unavailable
) -> tuple[str, Evidence] | None:
    """The first folder down to the working directory that others may not enter."""
    if isinstance(launch, Unavailable) or isinstance(files, Unavailable):
        return None
    found = files.tree.resolve(launch.workdir)
    for path in (*reversed(PurePosixPath(found.path).parents), PurePosixPath(found.path)):
        entry = files.tree.entry(str(path))
        if entry is not None and entry.kind is Kind.DIRECTORY and not entry.mode & 0o001:
            mode = f"directory, mode {entry.mode:04o}"
            return launch.workdir, files.cite("tree", mode, label=f"folder {path}", source=f"image {path}")
    return None
