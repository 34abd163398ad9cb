"""The launched file is neither a program nor a script that begins with #!.

What it looks for
    An executable file whose first bytes are neither an ELF header nor `#!`: no first line at all, a byte order mark
    or a blank line before it, an empty file, `#!` without an interpreter, or a damaged ELF file.

Why it breaks
    The kernel decides by the first bytes alone and answers "exec format error". A shell would run such a file as
    its own script; Lambda, like a container engine, asks the kernel and does not fall back to one.

How it is told apart
    An image for the other CPU gives the same text (`arch_image_function_mismatch`, `arch_mixed_multistage`). That
    one often works on a developer's machine through emulation; this one fails under plain `docker run` too.

Fix
    `#!/bin/sh` as the very first bytes, saved as UTF-8 without a byte order mark.

References
    https://man7.org/linux/man-pages/man2/execve.2.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import EntryScript
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"fork/exec /(?!lambda-entrypoint\.sh|opt/extensions/)\S+\.(?:sh|py|js): exec format error", 2),
    signature(r"exec /(?!opt/extensions/)\S+: exec format error", 1),
    signature(
        r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed",
        1,
        unless=r"lambda-entrypoint\.sh|no such file|permission denied|valid bootstrap",
    ),
)
CAUSES = frozenset({"no_shebang", "bom", "empty", "shebang_empty", "shebang_too_long", "elf_malformed", "script_chain"})


@check(title="The kernel knows the launched file's format", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_no_shebang_or_bom(
    spawn: SpawnResult | Unavailable,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    script: EntryScript | Unavailable,
) -> Verdict:
    """Looks at the first bytes of every file that is executed in turn, or of the script that a Dockerfile will copy."""
    if isinstance(spawn, Unavailable):
        return missing(spawn) if isinstance(script, Unavailable) else _of_source(script, function, image, code)
    if spawn.cause not in CAUSES or spawn.stage != "exec":
        return otherwise(spawn, "the launched file begins as a program or with #!")
    if spawn.cause == "elf_malformed":
        text = f"Copy {spawn.path} into the image again: the file is damaged or cut short."
    elif spawn.cause == "script_chain":
        text = f"Let the first line of {spawn.path} name a program instead of another script."
    else:
        text = (
            f"Let {spawn.path} begin with the bytes `#!/bin/sh`: no byte order mark, blank line or space before them."
        )
    return failed(spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code))


def _of_source(
    script: EntryScript,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """The script that will be copied into the image, where no image was built yet."""
    first = script.cite("first_line", repr(script.first_line[:80]), label="first line", source=f"{script.origin}:1")
    copied = script.cite("path", script.path, label="copied to", source=script.copied_at)
    named = posixpath.splitext(script.origin)[1] in (".sh", ".bash", ".py", ".js", ".mjs", ".rb", ".pl")
    if script.first_line.startswith("#!") or not named or script.rewritten:
        return not_applicable(f"{script.origin} begins with #!, is no script by its name, or is changed by the build")
    message = f"{script.origin}, which becomes {script.path}, does not begin with #!: the kernel does not start it"
    text = f"Let {script.origin} begin with the bytes `#!/bin/sh`, or the line of its own interpreter, before anything else."
    return failed(message, first, copied, remediation=rebuilt(text, function, image, code))
