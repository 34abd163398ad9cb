"""The program that the launch names does not exist in the image.

What it looks for
    An absolute path at the head of the launch (ENTRYPOINT, or CMD where there is none) at which nothing lies in the
    merged layers: never copied, built in another stage, removed by a later layer, or a link to nothing.

Why it breaks
    Lambda executes exactly that path. The kernel answers "no such file or directory", the service reports
    `Runtime.InvalidEntrypoint`, and nothing of the image runs.

How it is told apart
    The same text comes for a file that does exist: Windows line ends (`entrypoint_crlf`), a missing interpreter
    (`entrypoint_interpreter_missing`), a missing loader (`entrypoint_loader_missing`). A path that only the
    function's override names is `entrypoint_override_wrong`; a bare name is `entrypoint_relative_path`.

Fix
    Copy the file to where the launch looks for it, or name the path where it lies.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-base-images/issues/17
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import NOT_THERE, evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.facts.tree import FileTree, Kind
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"fork/exec /(?!opt/extensions/|var/task/bootstrap)\S+: no such file or directory", 3, unless=r"\bPathError\b"
    ),
    signature(r"exec /(?!opt/extensions/)\S+: no such file or directory", 2),
    signature(r"exec user process caused.*no such file or directory", 1),
    signature(r'exec: "/[^"]+": stat /\S+: no such file or directory', 3),
    signature(r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"exec format error|permission denied"),
)
ASK = "Does `docker run --rm --entrypoint ls IMAGE -l PATH` list the program that the message names?"


@check(title="The launched program is in the image", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_missing_file(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    files: ImageTree,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Follows the launched path through the merged layers."""
    absolute = spawn.path.startswith("/")
    if spawn.stage != "exec" or spawn.role != "entrypoint" or spawn.cause not in NOT_THERE or not absolute:
        return otherwise(spawn, "the launched program is in the image")
    elsewhere = _namesakes(files.tree, posixpath.basename(spawn.path))
    hint = f" A file of that name lies at {', '.join(elsewhere)}: name it, or move it." if elsewhere else ""
    text = f"Copy the program to {spawn.path} in the Dockerfile's last stage, or name a file that is there.{hint}"
    return failed(spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code))


def _namesakes(tree: FileTree, name: str) -> list[str]:
    """At most three executable files of the same name elsewhere in the image."""
    found = []
    for path in tree:
        entry = tree.entry(path) if path.endswith("/" + name) else None
        if entry is not None and entry.kind is not Kind.DIRECTORY:
            found.append(path)
    return sorted(found)[:3] if name else []
