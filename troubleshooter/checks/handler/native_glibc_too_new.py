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

from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import Linked, newest_needed
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.model import Rung, Severity, Verdict

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


@check(
    title="Native modules fit the image's glibc",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def native_glibc_too_new(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the versions that loaded native modules need with those that the image's libraries define."""
    managed = natives.system == "managed"
    system, newer = ("the managed runtime's", "runtime") if managed else ("the image's", "base")

    def message(module: NativeModule) -> str:
        old = newest_needed(module, "GLIBC_")
        return f"`{module.name}` needs {old.version} of {old.name}; {system} goes up to {old.newest}"

    def cited(module: NativeModule) -> Iterator[tuple[str, object, str]]:
        old = newest_needed(module, "GLIBC_")
        yield "version needed", old.version, old.wanted_by
        yield f"newest that {old.name} has", old.newest, "" if managed else old.path

    def advice(module: NativeModule) -> str:
        if module.program:
            return (
                f"Compile `{module.name}` inside the base that runs it, or for its glibc "
                f"{newest_needed(module, 'GLIBC_').newest[6:]} (`cargo zigbuild` takes the version behind the target), or "
                f"statically; or move to a {newer} with a newer glibc."
            )
        return (
            f"Move to a {newer} with a newer glibc (Amazon Linux 2023: Python 3.12, Node.js 20 and later), or install a build "
            f"of `{module.package}` for an older one (manylinux2014), or compile it inside the base."
        )

    fine = f"no native module that is loaded needs a newer glibc than {system}"
    linked = Linked(message, cited, advice, fine, ("image", "managed"))
    return linked.decide("glibc", natives, function, image, code, timeline)
