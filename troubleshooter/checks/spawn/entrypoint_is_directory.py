"""The launch names a folder instead of a program.

What it looks for
    A launched path at which the image has a directory (or a device, socket or pipe).

Why it breaks
    The kernel answers "permission denied" to the execution of a directory: `Runtime.InvalidEntrypoint`. `COPY` of a
    file to a path that ends with `/`, or to one where a folder already lies, puts the file inside it.

How it is told apart
    A file without execute permission gives the same text (`entrypoint_not_executable`).

Fix
    Let ENTRYPOINT name the file inside the folder, or copy it under its full name.

References
    https://man7.org/linux/man-pages/man2/execve.2.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"fork/exec /(?!opt/extensions/)\S+: permission denied", 1),
    signature(r'exec: "/\S+": (?:is a directory|permission denied)', 2),
)


@check(title="The launch names a file", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_is_directory(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    files: ImageTree,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at what lies at the launched path."""
    own = spawn.stage == "exec" and spawn.role == "entrypoint"
    if not own or spawn.cause not in ("directory", "not_a_file"):
        return otherwise(spawn, "the launch names a file")
    inside = [posixpath.join(spawn.path, name) for name in files.tree.children(spawn.path)]
    holds = f" The folder holds {', '.join(inside[:3])}." if inside else ""
    text = f"Let ENTRYPOINT name the program itself instead of {spawn.path}.{holds}"
    return failed(spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code))
