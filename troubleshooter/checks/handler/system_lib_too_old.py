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

from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import Linked, newest_needed
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"version .?(?:GLIBCXX|CXXABI|GCC|LIBGCC)_[\d.]+.? not found", 3),
    signature(r"Cannot get symbol \w+ from libicu", 3),
    signature(r"\.so: undefined symbol: (?!_?Py)", 1),
    signature(r"(?:libicu|libstdc\+\+)\S* .*(?:too old|version .* not found)", 3),
    signature(
        r"sqlite3 (?:version|3)\S* .*(?:or (?:later|higher)|required|deprecated)|unsupported version of sqlite3"
        r"|SQLite 3\.\d+.* or later is required|requires SQLite 3[\d.]+ or (?:higher|later|newer)",
        2,
    ),
)
ASK = "Does `strings LIBRARY`, of the library inside the image, list the version that the message names?"


@check(
    title="Native modules fit the image's system libraries",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def system_lib_too_old(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the versions that loaded native modules need with those that the image's libraries define."""
    return _LINKED.decide("version", natives, function, image, code, timeline)


def _message(module: NativeModule) -> str:
    old = newest_needed(module)
    return f"`{module.name}` needs {old.version} of {old.name}; the image's goes up to {old.newest}"


def _cited(module: NativeModule) -> Iterator[tuple[str, object, str]]:
    old = newest_needed(module)
    yield "version needed", old.version, old.wanted_by
    yield f"newest that {old.name} has", old.newest, old.path


def _advice(module: NativeModule) -> str:
    return (
        f"Move to a newer base, choose another build of `{module.package}`, "
        f"compile it inside the base, or ship {newest_needed(module).name} beside it."
    )


_LINKED = Linked(
    _message, _cited, _advice, "no native module that is loaded needs a newer system library than the image has"
)
