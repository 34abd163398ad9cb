"""A folder on the way to the launched program is closed to Lambda's user.

What it looks for
    A parent folder of the program, of its interpreter or of its loader, or the working directory, without search
    permission for others; and a script that may be executed but not read.

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
    signature(r"fork/exec /(?:root|home)/\S+: permission denied", 3),
    signature(r"(?:fork/exec|exec:?) \"?/(?!opt/extensions/)\S+: permission denied", 2),
    signature(r"(?:cannot open|can't open(?: file)?) '?/\S+: (?:\[Errno 13\] )?Permission denied", 2),
    signature(r"(?:bad interpreter|/root/\.(?:pyenv|nvm|local)/\S+): Permission denied", 3),
)


@check(title="The launched program can be reached", severity=Severity.ERROR, rung=Rung.SPAWN)
def perm_entrypoint_path_unreadable(
    spawn: SpawnResult,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at the search permission of every folder that is passed, and at the script's read permission."""
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
