"""The build runs under emulation that is missing or fails.

What it looks for
    `exec format error` or a crash in a `RUN` step of a build for another platform.

Why it breaks
    A build for the other CPU runs its steps under emulation. Without the handlers in the kernel the first `RUN` fails
    with `exec /bin/sh: exec format error`; with them, programs sometimes crash or misbehave. It concerns the build
    machine, not the function.

How it is told apart
    The same words in the function's log, with `fork/exec`, are `arch_image_function_mismatch`. Which platform the base
    image has is the other half: a base published for one CPU only is `base_image_broken_upstream`.

Fix
    Register the handlers (`docker/setup-qemu-action`, `docker run --privileged tonistiigi/binfmt --install all`), or
    build on machines of the target's CPU.

References
    https://docs.docker.com/build/building/multi-platform/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.BUILD
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"exec /bin/(?:ba)?sh: exec format error", 3),
    signature(
        r"(?:docker build|buildx|ERROR: failed to solve|RUN |#\d+ [\d.]+|executor failed running"
        r"|Step \d+/\d+)[\s\S]{0,600}exec format error",
        3,
    ),
    signature(r"qemu: uncaught target signal|qemu-\w+: |qemu-x86_64: Could not open", 3),
    signature(r"exec user process caused: exec format error|exec_user_process.*exec format error", 2),
    signature(r"requested image.s platform \(linux/\w+\S*\) does not match the detected host platform", 2),
    signature(
        r"--platform[ =]\"?linux/(?:arm64|amd64)\"?[\s\S]{0,4000}(?:exec format|Segmentation fault|Illegal inst|qemu)",
        1,
    ),
    signature(
        r"(?:docker build|buildx|RUN |failed to solve)[\s\S]{0,600}(?:Segmentation fault|Illegal instruction"
        r"|exit code: 13[249])",
        3,
    ),
    signature(
        r"buildkit_qemu_emulator|qemu-\w+(?:-static)?: (?:Could not open|uncaught|unsupported)|Invalid ELF image for this architecture",
        3,
    ),
    signature(
        r"requested image.s platform \(\S+\) does not match the detected host platform[\s\S]{0,600}?exec format error",
        3,
    ),
)
ASK = "Does the text come from building the image, or from the function's log?"
