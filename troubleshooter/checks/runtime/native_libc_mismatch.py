"""A native library was built for the other C library.

What it looks for
    A musl name in an error on a glibc image, or symbols that a musl loader cannot find.

Why it breaks
    musl and glibc binaries are not interchangeable. Libraries built on Alpine ask for `libc.musl-….so.1`; libraries
    built on Debian or Amazon Linux ask musl for symbols that only glibc has. The main process starts, since it was
    built for the image; the foreign library cannot be loaded.

How it is told apart
    Where the main process itself does not start, it is `entrypoint_loader_missing`. A `GLIBC_2.NN` version that is not
    found is glibc on both sides, only too old (`native_glibc_too_new`).

Fix
    Install inside the base image that runs, or take the vendor's build for it (`-alpine`, `-musl`, `manylinux`). For
    npm, `--libc=glibc`; for pip, `--platform manylinux2014_…`.

References
    https://github.com/docker-library/official-images/issues/18298
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"libc\.musl-\w+\.so\.1: cannot open shared object file", 3),
    signature(r"libc\.musl-\w+\.so", 2),
    signature(r"Error relocating \S+: \w+: symbol not found", 3),
    signature(r"ld-musl-\w+\.so\.1", 2),
    signature(r"(?:__\w+_chk|__res_init|__strdup|gnu_get_libc_version|backtrace_symbols): symbol not found", 3),
)
ASK = "Which C library does the image have, musl (Alpine) or glibc?"
