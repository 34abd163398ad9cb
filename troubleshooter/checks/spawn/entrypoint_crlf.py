"""The entry script has Windows line ends.

What it looks for
    A first line `#!…` that ends with a carriage return, on the launched script or on one that it leads to.

Why it breaks
    The kernel takes the carriage return as part of the interpreter's name and looks for `/bin/sh\\r`. It answers
    "no such file or directory", although the script is there: `Runtime.InvalidEntrypoint`. Where an option stands
    on that line, the interpreter starts and refuses the option instead.

How it is told apart
    Through `/usr/bin/env` the start succeeds and env fails with exit status 127 (`entrypoint_env_crlf`). A file
    that is really not there is `entrypoint_missing_file`; a clean first line with an absent interpreter
    `entrypoint_interpreter_missing`.

Fix
    Convert the file (`sed -i 's/\\r$//'`) and keep git from doing it again: `*.sh text eol=lf` in .gitattributes.

References
    https://git-scm.com/docs/gitattributes#_eol
    https://github.com/aws-samples/aws-lambda-layer-kubectl/issues/39
"""

from __future__ import annotations

import posixpath
import shlex

from troubleshooter.checks import Frequency, check, failed, missing, passed, signature, unknown
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._line_ends import converted
from troubleshooter.checks._spawn import evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import EntryScript
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"\^M: bad interpreter|/bin/\w+\\r|\$'\\r': command not found", 3),
    signature(r"exec /(?!opt/extensions/)\S*(?:\.sh|bootstrap|entry\w*): no such file or directory", 2),
    signature(r"exec user process caused.*no such file or directory", 2),
    signature(r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"exec format error|permission denied"),
)
ASK = "Does `head -1 SCRIPT | od -c` show `\\r` before the `\\n`?"


@check(title="The entry script has Unix line ends", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_crlf(
    spawn: SpawnResult | Unavailable,
    script: EntryScript | Unavailable,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for a carriage return at the end of each first line on the way."""
    if isinstance(spawn, Unavailable):
        return missing(spawn) if isinstance(script, Unavailable) else _of_source(script, launch, function, image, code)
    if spawn.cause != "crlf" or spawn.stage == "env":
        return otherwise(spawn, "no first line on the way ends with a carriage return")
    return failed(
        spawn.detail, *evidence(launch, spawn), remediation=converted(spawn, function, image, code), rung=rung(spawn)
    )


def _of_source(
    script: EntryScript,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """The script that will be copied into the image, where no image was built yet."""
    first = script.cite("first_line", repr(script.first_line), label="first line", source=f"{script.origin}:1")
    copied = script.cite("path", script.path, label="copied to", source=script.copied_at)
    if not script.first_line.startswith("#!") or not script.first_line.endswith("\r"):
        return passed(f"the first line of {script.origin} does not end with a carriage return", first, copied)
    if script.rewritten:
        unblock = Unblock("Build the image and give it with --image.")
        return unknown(
            f"{script.origin} has carriage returns; a step of the build may remove them", first, unblock=unblock
        )
    shown = launch.evidence[:2] if isinstance(launch, EffectiveLaunch) else ()
    name = posixpath.basename(script.origin)
    text = (
        f"Give {script.origin} Unix line ends, for example with `sed -i 's/\\r$//' {shlex.quote(script.origin)}`, and keep "
        f"them: add the line `{name} text eol=lf` to .gitattributes."
    )
    interpreter = script.first_line.rstrip("\r").removeprefix("#!").strip()
    message = f"{script.origin}, which becomes {script.path}, ends its first line with a carriage return: no {interpreter}\\r exists"
    verify = f"`head -1 {shlex.quote(script.origin)} | od -c` shows no \\r before \\n."
    return failed(message, first, copied, *shown, remediation=rebuilt(text, function, image, code, verify))
