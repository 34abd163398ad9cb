"""The launch names its program without an absolute path, and it is not found.

What it looks for
    A first word of the launch that does not begin with `/` and leads nowhere: a bare name in no folder of the
    image's PATH, or a relative path that does not exist below the working directory.

Why it breaks
    AWS asks for absolute paths in ENTRYPOINT. A bare name is looked up in PATH, and on images Lambda adds no
    folders of its own to it: `exec: "app": executable file not found in $PATH`, `Runtime.InvalidEntrypoint`.

How it is told apart
    A bare name that does resolve works and is fine. An absolute path that is not there is
    `entrypoint_missing_file`; a handler in the place of the program `entrypoint_override_wrong` or
    `entrypoint_none`.

Fix
    `ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]`: the absolute path.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-images.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import NOT_THERE, evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r'exec: "(?!/)[^"]+": executable file not found in \$PATH', 3),
    signature(r"InvalidEntryPoint\(|entrypoint path isn't valid", 3),
    signature(r"fork/exec (?!/)\S+: no such file or directory", 3),
)


@check(title="The launch names its program by an absolute path", severity=Severity.WARNING, rung=Rung.SPAWN)
def entrypoint_relative_path(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    files: ImageTree,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks the name up as a start would: in PATH, or below the working directory."""
    if not launch.argv or launch.argv[0].startswith("/"):
        return passed("the launch names its program by an absolute path", *launch.evidence[:2])
    name = launch.argv[0]
    own = spawn.stage == "exec" and spawn.role == "entrypoint"
    if not own or spawn.cause not in NOT_THERE:
        return otherwise(spawn, f"{name} is no absolute path, but it is found at {spawn.path}")
    folders = ("/usr/local/bin", "/usr/bin", "/bin", "/var/lang/bin", "/opt/bin", launch.workdir)
    there = next((p for p in (posixpath.join(f, name) for f in folders) if files.tree.is_file(p)), None)
    text = f"Name the program by its absolute path in ENTRYPOINT{f': {there}' if there else ''}."
    return failed(spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code))
