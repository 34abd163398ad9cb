"""An extension is built for the other CPU architecture.

What it looks for
    A file in `/opt/extensions` that the kernel refuses to execute, while function and image agree on their
    architecture.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.SPAWN
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"/opt/extensions/[^\s:]+: exec format error", 3),
    signature(r"/opt/extensions/[^\s:]+: cannot execute binary file", 3),
    signature(r"State: LaunchError", 1, unless=r"permission denied|no such file"),
    signature(r"Extension\.LaunchError", 1, unless=r"permission denied|no such file"),
)
ASK = "Is the file in /opt/extensions built for the function's architecture? (`readelf -h`, its Machine line)"
