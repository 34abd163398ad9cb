"""An extension needs a loader or a library that the image does not have.

What it looks for
    A program in the image's `/opt/extensions` whose loader, or a shared library that it or one of its libraries needs, is
    nowhere in the image.

Why it breaks
    The kernel answers with the extension's own name when the program loader written into the binary is not there: a
    glibc build on Alpine, a musl build on Amazon Linux. Where the loader is there and another library is not, the
    loader ends with status 127 and names the library.

How it is told apart
    The file's existence tells it from a forgotten `COPY`. A script with carriage returns gives the same text
    (`entrypoint_crlf`): look at the first line before the ELF header. `exec format error` is
    `extension_arch_mismatch`; symbols that cannot be relocated are `native_libc_mismatch`.

Fix
    Take a statically linked build (`CGO_ENABLED=0`) or the vendor's build for this C library, install the library
    named, or pin the extension's previous release.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
    https://github.com/aws-samples/aws-lambda-extensions
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._extensions import cite, extensions
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.libraries import Libraries
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"fork/exec /opt/extensions/[^\s:]+: no such file or directory", 3),
    signature(r"/opt/extensions/[^\s:]+: (?:error while loading shared libraries|Error loading shared library)", 3),
    signature(r"Error loading shared library \S+ .*needed by /opt/extensions/", 3),
    signature(r"Extension\.LaunchError", 1, unless=r"permission denied|exec format"),
)
ASK = "Does `ldd` resolve everything for the file in /opt/extensions inside the function's image?"


@check(
    title="Extensions find their loader and libraries",
    severity=Severity.ERROR,
    rung=Rung.SPAWN,
    explains=("extension_launch_failure", "init_timeout"),
)
def extension_library_missing(
    files: ImageTree,
    image: ImageConfig,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for the loader and the shared libraries that every extension names."""
    found = [(path, files.tree.elf(path)) for path, _ in extensions(files)]
    if not found:
        return not_applicable("the image has no extensions")
    known = image.variable("LD_LIBRARY_PATH") or ""
    libraries = Libraries(files.tree, tuple(p for p in known.split(":") if p.startswith("/")))
    for path, elf in found:
        if elf is None:
            continue
        lost = [elf.interpreter] if elf.interpreter and not files.tree.exists(elf.interpreter) else []
        if not lost and elf.interpreter:
            lost = [each.name for each in libraries.missing(path)]
        if lost:
            what = "program loader" if lost[0] == elf.interpreter else "shared library"
            name = posixpath.basename(path)
            text = (
                f"Take a statically linked build of {name}, or its build for this image's C library, or install what brings "
                f"{', '.join(lost[:5])} in the image."
            )
            return failed(
                f"the extension {path} needs the {what} {lost[0]}, and it is not in the image",
                cite(files, path, ", ".join(lost[:5]), f"{what} needed"),
                remediation=rebuilt(text, function, image, code, f"The log has `EXTENSION Name: {name} State: Ready`."),
            )
    return passed(f"all {len(found)} extensions find their loader and the libraries that they name")
