"""The image says the right architecture, but what it starts was built for another one.

What it looks for
    A function and an image configuration that agree on the CPU, and an ELF program of another machine at the end of
    the launch: the program itself, the shell of its script, the loader, or the interpreter that an AWS base's entry
    script starts. Also a program of another system (macOS, Windows).

Why it breaks
    The configuration is only a label. `COPY --from=` a stage that was built for the build host (`FROM
    --platform=$BUILDPLATFORM`), a download with the CPU in its address, or a binary copied from a laptop put
    foreign code under it. The kernel answers "exec format error"; behind a shell it is `cannot execute binary
    file`, exit status 126.

How it is told apart
    Where the configuration already differs from the function it is `arch_image_function_mismatch`. A foreign
    library inside a working interpreter is `native_wrong_arch_lib`.

Fix
    Build the final stage and everything copied into it for the function's CPU: `$TARGETPLATFORM`, `$TARGETARCH` in
    download addresses.

References
    https://docs.docker.com/build/building/multi-platform/
    https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, signature, unknown
from troubleshooter.checks._launch_fix import OCI, rebuilt
from troubleshooter.checks._spawn import evidence, otherwise, rung
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"cannot execute binary file: Exec format error", 3),
    signature(r"exec /?\S*: exec format error|fork/exec (?!/opt/extensions)\S+: exec format error", 2),
    signature(r"exit status 126", 1),
    signature(
        r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed", 1, unless=r"valid bootstrap|no such file|permission denied"
    ),
)
ASK = "Does `file` of the launched program, inside the image, name the image's own architecture?"


@check(title="What is started was built for the image's CPU", severity=Severity.ERROR, rung=Rung.SPAWN)
def arch_mixed_multistage(
    spawn: SpawnResult,
    launch: EffectiveLaunch,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Reads the ELF header at the end of the launch."""
    wanted = OCI.get(function.architecture) if isinstance(function, FunctionRecord) else None
    if wanted is not None and image.architecture not in ("", wanted):
        return not_applicable("the image's configuration already differs from the function's architecture")
    cited = (image.cite("architecture", label="image architecture"), *evidence(launch, spawn))
    if spawn.cause == "compat":
        return unknown(f"{spawn.detail}; whether Lambda's kernel runs it is not published", *cited)
    if spawn.cause not in ("machine", "foreign_format"):
        return otherwise(spawn, f"what is started is for {spawn.machine or wanted or image.architecture}")
    platform = f"linux/{wanted or image.architecture}"
    text = (
        f"Build {spawn.path} for {platform}: no `--platform=$BUILDPLATFORM` on a stage whose files are copied into the "
        "last one, $TARGETARCH in the address of downloads, nothing compiled copied from the build host."
    )
    return failed(
        spawn.detail,
        *cited,
        remediation=rebuilt(text, function, image, code),
        rung=rung(spawn),
    )
