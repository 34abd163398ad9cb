"""A system library other than glibc is older than native code needs.

What it looks for
    `GLIBCXX_…`, `CXXABI_…` or ICU symbols that the image's own library does not have.

Why it breaks
    libstdc++ and ICU come with the base image's generation. A module built with a newer compiler asks for symbol
    versions that an older base lacks, although a check of glibc alone passes.

How it is told apart
    `GLIBC_2.NN` is glibc itself (`native_glibc_too_new`). A library that is found in `/var/lang/lib` or `/opt/lib`
    before the system's is `ld_library_path_shadowing`.

Fix
    Move to a newer base (Amazon Linux 2023), choose a manylinux build of the package, compile inside the base, or ship
    the library beside the module.

References
    https://github.com/aws/aws-lambda-base-images/issues/74
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"version .?(?:GLIBCXX|CXXABI|GCC|LIBGCC)_[\d.]+.? not found", 3),
    signature(r"Cannot get symbol \w+ from libicu", 3),
    signature(r"\.so: undefined symbol: (?!_?Py)", 1),
    signature(r"(?:libicu|libstdc\+\+)\S* .*(?:too old|version .* not found)", 3),
    signature(
        r"sqlite3 (?:version|3)\S* .*(?:or (?:later|higher)|required|deprecated)|unsupported version of sqlite3"
        r"|SQLite 3\.\d+.* or later is required",
        2,
    ),
)
