"""An extension is built for the other CPU architecture.

What it looks for
    A program in the image's `/opt/extensions` whose first bytes name another CPU than the function's, or another system,
    while function and image agree on their architecture.

Why it breaks
    Lambda starts every regular file in `/opt/extensions` before the runtime. One that is built for another CPU gives
    `exec format error`, the platform reports `Extension.LaunchError`, and the function never initialises, although its
    own code is sound. A vendor's image copied without its platform, a layer attached in its x86_64 variant to an arm64
    function, and a build on the other kind of machine all do it.

How it is told apart
    The path in the message decides: below `/opt/extensions` it is the extension, else the image itself
    (`arch_image_function_mismatch`). A script there without `#!` gives the same text. "No such file or directory" is
    `extension_library_missing` or a script's line ends; "permission denied" is a missing execute bit.

Fix
    Copy the extension from the vendor's image of the same platform (`COPY --from` with an architecture tag or
    `--platform`), or attach the layer's variant for the function's architecture. Do not trust a tag's name: look at
    the file with `file` or `readelf -h`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
    https://github.com/aws/aws-lambda-base-images/issues/26
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._extensions import cite, extensions
from troubleshooter.checks._launch_fix import OCI, rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.elf import identify
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"/opt/extensions/[^\s:]+: exec format error", 3),
    signature(r"/opt/extensions/[^\s:]+: cannot execute binary file", 3),
    signature(r"State: LaunchError", 1, unless=r"permission denied|no such file"),
    signature(r"Extension\.LaunchError", 1, unless=r"permission denied|no such file"),
)
ASK = "Is the file in /opt/extensions built for the function's architecture? (`readelf -h`, its Machine line)"


@check(
    title="Extensions are built for the function's CPU",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=("extension_launch_failure", "init_timeout"),
)
def extension_arch_mismatch(
    files: ImageTree,
    image: ImageConfig,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Reads the first bytes of every extension."""
    wanted = OCI.get(function.architecture, "") if isinstance(function, FunctionRecord) else ""
    if wanted and image.architecture not in ("", wanted):
        return not_applicable("the image's configuration already differs from the function's architecture")
    wanted = wanted or image.architecture
    found = list(extensions(files))
    if not found or not wanted:
        return not_applicable("the image has no extensions" if not found else "no architecture is named")
    for path, entry in found:
        binary = identify(entry.head)
        if binary is None or not binary.machines or "unknown" in binary.machines:
            continue
        if binary.format == "elf" and wanted in binary.machines:
            continue
        kind = {"elf": "ELF", "mach-o": "Mach-O (macOS)", "pe": "PE (Windows)"}[binary.format]
        shown = f"{kind} for {', '.join(binary.machines)}"
        name = posixpath.basename(path)
        text = (
            f"Bring the build of the extension {name} for linux/{wanted}: copy it from the vendor's image of that platform "
            f"(`COPY --from` with `--platform=linux/{wanted}` on the stage), or remove it."
        )
        return failed(
            f"the extension {path} is {shown}; the function runs on {wanted}",
            cite(files, path, shown, "extension"),
            image.cite("architecture", label="image architecture"),
            remediation=rebuilt(text, function, image, code, f"The log has `EXTENSION Name: {name} State: Ready`."),
        )
    return passed(f"all {len(found)} extensions are scripts or built for {wanted}")
