"""Native code was built against a newer glibc than the image has.

What it looks for
    A version `GLIBC_2.NN` that is not found.

Why it breaks
    Amazon Linux 2 has glibc 2.26, Amazon Linux 2023 has 2.34. Programs and modules built on a newer distribution ask
    for symbol versions that these do not have: `manylinux_2_28` wheels and the official Node.js binaries on 2,
    anything built on a current CI machine on both.

How it is told apart
    `GLIBCXX_` and `CXXABI_` are libstdc++ (`system_lib_too_old`). A loader that is missing altogether is
    `entrypoint_loader_missing`. The version named says which side is old: above 2.26 a base of Amazon Linux 2 is
    enough of an explanation.

Fix
    Move to a base of Amazon Linux 2023 (Python 3.12, Node.js 20, `provided.al2023` and later), or build inside the
    base, take `manylinux2014` wheels, or link statically (`CGO_ENABLED=0`, `cargo zigbuild --target …-gnu.2.26`).

References
    https://github.com/aws/aws-lambda-base-images/issues/74
    https://github.com/awslabs/aws-lambda-rust-runtime/issues/874
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"version .?GLIBC_2\.\d+.? not found", 3),
    signature(r"GLIBC_2\.\d+", 2),
    signature(r"/lib(?:64)?/(?:[\w-]+/)?lib(?:c|m|pthread|dl|rt)\.so\.\d: version", 3),
    signature(
        r"requires? (?:a )?(?:newer )?glibc|glibc (?:version )?(?:>=|2\.\d+ or (?:newer|later))|unsupported glibc",
        2,
    ),
)
ASK = "Which glibc does the image have? (`ldd --version`; 2.26 on Amazon Linux 2, 2.34 on 2023)"
