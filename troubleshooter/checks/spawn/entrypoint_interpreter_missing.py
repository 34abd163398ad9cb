"""The interpreter that the entry script asks for is not in the image.

What it looks for
    A launched script whose first line names an interpreter that does not exist in the merged layers, such as
    `#!/bin/bash` on Alpine or a distroless base; and `#!/usr/bin/env NAME` where no folder of PATH holds NAME.

Why it breaks
    The kernel answers "no such file or directory" about the interpreter, and the message names the script. Through
    env the start succeeds and env ends with exit status 127.

How it is told apart
    A carriage return on the first line makes any interpreter's name wrong (`entrypoint_crlf`); a program with a
    missing loader is `entrypoint_loader_missing`; a script that is not there `entrypoint_missing_file`.

Fix
    Name an interpreter that the image has (`#!/bin/sh`), or install the missing one.

References
    https://man7.org/linux/man-pages/man2/execve.2.html
    https://github.com/docker-library/openjdk/issues/373
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import NOT_THERE, evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"env: (?:can't execute )?[‘'\"]?[\w./-]+[’'\"]?: No such file or directory", 3),
    signature(r"bad interpreter: No such file or directory", 3),
    signature(r"fork/exec /(?!opt/extensions/)\S+\.sh: no such file or directory", 2),
    signature(r"exec (?:/(?!opt/extensions/)\S+|user process caused.*): no such file or directory", 1),
)
USUAL = ("/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/env")


@check(title="The entry script's interpreter is in the image", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_interpreter_missing(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    files: ImageTree,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Follows the first line of every script that is executed in turn."""
    named = spawn.role == "interpreter" and spawn.cause in NOT_THERE | {"directory", "not_a_file"}
    asked = spawn.stage == "env" and spawn.cause in NOT_THERE and spawn.role != "loader"
    if not named and not asked:
        return otherwise(spawn, "the image has every interpreter that a first line on the way asks for")
    there = [path for path in (*_places(posixpath.basename(spawn.path)), *USUAL) if files.tree.exists(path)]
    has = f" The image has {', '.join(dict.fromkeys(there))}." if there else " The image has no shell at all."
    text = f"Let the first line name an interpreter that the image has, or install the one it asks for.{has}"
    return failed(
        spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code), rung=rung(spawn)
    )


def _places(name: str) -> list[str]:
    """Paths at which a program of that name usually lies."""
    return [
        f"{folder}/{name}" for folder in ("/usr/local/bin", "/usr/bin", "/bin", "/var/lang/bin", "/opt/bin") if name
    ]
