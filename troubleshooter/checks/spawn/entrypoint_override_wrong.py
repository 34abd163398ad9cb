"""The function overrides the image's entrypoint with something that cannot be started.

What it looks for
    An `ImageConfig.EntryPoint` in the function's record that names nothing executable in this image, while the
    image's own ENTRYPOINT would start. Both launches are followed to prove it.

Why it breaks
    The override wins over the image. Typical contents: the handler (`["app.handler"]`), which belongs into Command;
    the path of an AWS base (`/lambda-entrypoint.sh`) on another base; a leftover of the image before. Lambda never
    looks whether it exists: `Runtime.InvalidEntrypoint` at the first launch.

How it is told apart
    When the image's own entrypoint does not start either, the image is at fault (`entrypoint_missing_file` and its
    sisters). A program that the override names rightly and that is broken itself keeps its own diagnosis.

Fix
    Take EntryPoint out of the override. The call replaces the whole object, so send the members that are right
    again.

References
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
    https://github.com/aws/aws-lambda-base-images/issues/79
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._launch_fix import reconfigured
from troubleshooter.checks._spawn import NOT_THERE, evidence
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, OwnSpawnResult, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Entrypoint: \[[\w-]+(?:[./][\w-]+)*\.\w*handler\w*\]", 3),
    signature(
        r"fork/exec [\w-]+(?:\.[\w-]+)+: no such file|exec: \"[\w-]+\.\w*handler\w*\": executable file not found", 3
    ),
    signature(r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"valid bootstrap"),
)
NO_PROGRAM = NOT_THERE | {"directory", "not_a_file"}
SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts", ".json")


@check(
    title="The function's entrypoint override can be started",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=(
        "entrypoint_missing_file",
        "entrypoint_relative_path",
        "entrypoint_is_directory",
        "entrypoint_not_executable",
        "entrypoint_no_shebang_or_bom",
    ),
)
def entrypoint_override_wrong(
    spawn: SpawnResult, own: OwnSpawnResult, launch: EffectiveLaunch, function: FunctionRecord, image: ImageConfig
) -> Verdict:
    """Holds the launch with the override against the image's own."""
    if spawn.cause in ("ok", "compat"):
        return passed("the overridden entrypoint starts", *evidence(launch, spawn))
    if spawn.stage != "exec" or spawn.role != "entrypoint" or not _is_no_program(spawn):
        return not_applicable(f"the override names a program that fails by itself: {spawn.detail}")
    if own.cause not in ("ok", "compat"):
        return not_applicable(f"the image's own entrypoint would not start either: {own.detail}")
    cited = (*evidence(launch, spawn), image.cite("entrypoint", label="image ENTRYPOINT"), *own.evidence[:1])
    text = "Take EntryPoint out of the function's ImageConfig: the image's own entrypoint starts."
    word = launch.entrypoint[0]
    handler = len(launch.entrypoint) == 1 and "." in word and not word.startswith("/") and not launch.command
    if handler:
        text += f" The handler {word} belongs into Command."
        fix = reconfigured(text, function, entrypoint=None, command=launch.entrypoint)
    else:
        fix = reconfigured(text, function, entrypoint=None)
    return failed(
        f"the override's entrypoint cannot be started, the image's own can: {spawn.detail}", *cited, remediation=fix
    )


def _is_no_program(spawn: SpawnResult) -> bool:
    """Whether nothing that could be meant as a program lies there; else its own fault is the diagnosis."""
    source = spawn.path.endswith(SOURCES) and spawn.cause in ("not_executable", "no_shebang", "empty")
    return source or spawn.cause in NO_PROGRAM
