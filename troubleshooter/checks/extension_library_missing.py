"""An extension needs a loader or a library that the image does not have.

What it looks for
    An extension that is in the image and still gives no such file or directory, or ends because a shared library is
    missing.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.SPAWN
FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"fork/exec /opt/extensions/[^\s:]+: no such file or directory", 3),
    signature(r"/opt/extensions/[^\s:]+: (?:error while loading shared libraries|Error loading shared library)", 3),
    signature(r"Error loading shared library \S+ .*needed by /opt/extensions/", 3),
    signature(r"Extension\.LaunchError", 1, unless=r"permission denied|exec format"),
)
ASK = "Does `ldd` resolve everything for the file in /opt/extensions inside the function's image?"
