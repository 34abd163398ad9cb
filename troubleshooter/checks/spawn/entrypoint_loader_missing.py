"""The launched program asks for a dynamic loader that is not in the image.

What it looks for
    An ELF program (launched itself, or as a script's interpreter) whose PT_INTERP names a file that does not exist:
    a glibc program on Alpine or `scratch`, or a musl program on Amazon Linux or Debian.

Why it breaks
    The kernel starts the loader in the program's place. Without it the answer is "no such file or directory", about
    a program that is plainly there: `Runtime.InvalidEntrypoint`.

How it is told apart
    `ls` shows the program, so it is not `entrypoint_missing_file`. A library that the loader itself does not find
    fails later, with the library's name (`dynamic_lib_missing`). A loader of another CPU is
    `arch_mixed_multistage`.

Fix
    Build in the base that it runs on, link statically (`CGO_ENABLED=0`, a musl target), or use a base with that C
    library.

References
    https://man7.org/linux/man-pages/man8/ld.so.8.html
    https://github.com/docker-library/official-images/pull/18298
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._spawn import NOT_THERE, evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"ld-(?:linux|musl)-[\w-]+\.so\.\d+: No such file or directory", 3),
    signature(r"fork/exec /(?!opt/extensions/)\S+/(?:bin/)?[\w-]+: no such file or directory", 2),
    signature(r"exec /(?!opt/extensions/)[\w/-]+: no such file or directory", 2),
    signature(r"exec user process caused.*no such file or directory", 1),
    signature(r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"exec format error|permission denied"),
)
ASK = "Which interpreter does `file PROGRAM` name, and is that file in the image?"


@check(title="The launched program's loader is in the image", severity=Severity.ERROR, rung=Rung.SPAWN)
def entrypoint_loader_missing(
    spawn: SpawnResult,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Reads PT_INTERP of the ELF program at the end of the chain and follows it."""
    if spawn.role != "loader" or spawn.cause not in NOT_THERE | {"directory", "not_a_file", "elf_malformed"}:
        return otherwise(spawn, "the image has the loader that the launched program asks for")
    wants = "musl" if "musl" in spawn.path else "glibc"
    text = (
        f"The program was linked for {wants}, whose loader {spawn.path} is not there: build it in the base it runs "
        f"on, link it statically, or use a base with {wants}."
    )
    return failed(
        spawn.detail, *evidence(launch, spawn), remediation=rebuilt(text, function, image, code), rung=rung(spawn)
    )
