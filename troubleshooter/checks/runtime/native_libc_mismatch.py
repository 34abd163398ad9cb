"""A native library was built for the other C library.

What it looks for
    A native module that the handler's imports reach, or a library of the program itself, that needs musl's library in an
    image of glibc; or, in an image of musl, glibc's loader or a symbol that only glibc has.

Why it breaks
    musl and glibc binaries are not interchangeable. Libraries built on Alpine ask for `libc.musl-….so.1`; libraries
    built on Debian or Amazon Linux ask musl for symbols that only glibc has. The main process starts, since it was
    built for the image; the foreign library cannot be loaded.

How it is told apart
    Where the main process itself does not start, it is `entrypoint_loader_missing`. A `GLIBC_2.NN` version that is not
    found is glibc on both sides, only too old (`native_glibc_too_new`). With `gcompat` installed glibc's libraries may load
    on musl: nothing is said then.

Fix
    Install inside the base image that runs, or take the vendor's build for it (`-alpine`, `-musl`, `manylinux`). For
    npm, `--libc=glibc`; for pip, `--platform manylinux2014_…`.

References
    https://github.com/docker-library/official-images/issues/18298
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import Linked
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"libc\.musl-\w+\.so\.1: cannot open shared object file", 3),
    signature(r"libc\.musl-\w+\.so", 2),
    signature(r"Error relocating \S+: \w+: symbol not found", 3),
    signature(r"ld-musl-\w+\.so\.1", 2),
    signature(r"(?:__\w+_chk|__res_init|__strdup|gnu_get_libc_version|backtrace_symbols): symbol not found", 3),
)
ASK = "Which C library does the image have, musl (Alpine) or glibc?"


@check(
    title="Native code is built for the image's C library",
    severity=Severity.ERROR,
    rung=Rung.RUNTIME,
    explains=("dynamic_lib_missing", "py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def native_libc_mismatch(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks for the other C library among what loaded native code needs."""
    return _LINKED.decide("libc", natives, function, image, code, timeline)


def _message(module: NativeModule) -> str:
    mine, theirs = _libraries(module)
    return f"`{module.name}` is built for {theirs} (it needs {module.foreign_libc}); the image has {mine}"


def _cited(module: NativeModule) -> Iterator[tuple[str, object, str]]:
    yield "needed of the other C library", module.foreign_libc, module.taken


def _advice(module: NativeModule) -> str:
    mine, _ = _libraries(module)
    kind = "musllinux" if mine == "musl" else "manylinux"
    return (
        f"Install `{module.package}` inside the image that runs, or take its build for {mine} (pip: a {kind} wheel; npm: "
        f"`--libc={mine}`); no file of it may be copied from a stage of the other kind."
    )


def _libraries(module: NativeModule) -> tuple[str, str]:
    """The image's C library and the module's."""
    musl = "musl" in module.foreign_libc or module.foreign_libc == "libc.so"
    return ("glibc", "musl") if musl else ("musl", "glibc")


_LINKED = Linked(
    _message,
    _cited,
    _advice,
    "no native code that is loaded needs the other C library",
    rung_of_modules=Rung.HANDLER,
)
