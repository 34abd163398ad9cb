"""A layer or package was built on another Amazon Linux generation.

What it looks for
    A library of another generation's naming that is not found (`libssl.so.3` on Amazon Linux 2, `libssl.so.10` or
    `libcrypto.so.10` on 2023).

Why it breaks
    Amazon Linux 2 and 2023 carry different versions of OpenSSL, ICU and the compiler's libraries. A layer built from
    an unpinned `amazonlinux` tag, or for the previous runtime, asks for names that the runtime's generation does not
    have.

How it is told apart
    It is `dynamic_lib_missing` or `native_glibc_too_new` with a known reason: use it when the generation of the build
    is known. A browser that unpacks its own libraries is `bundled_libs_not_unpacked`.

Fix
    Build in the image of the runtime's generation, pinned: `amazonlinux:2` or `amazonlinux:2023`, or AWS's own base
    image of the runtime.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    https://aws.amazon.com/blogs/compute/introducing-the-amazon-linux-2023-runtime-for-aws-lambda/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"lib(?:ssl|crypto)\.so\.(?:3|10|1\.1|1\.0\.\d): cannot open shared object file", 3),
    signature(r"libssl3?\.so|libcrypto\.so", 1),
    signature(
        r"lib(?:icu\w+|readline|ncurses\w*|ffi|tinfo|boost_\w+|poppler|tiff|jpeg"
        r"|webp)\.so\.\d+: cannot open shared object file",
        1,
    ),
)
ASK = "Was the package or layer built on the same Amazon Linux generation as the runtime?"
