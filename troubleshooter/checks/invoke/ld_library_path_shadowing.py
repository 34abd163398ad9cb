"""LD_LIBRARY_PATH makes a program load the wrong library of the same name.

What it looks for
    A native module that the handler's imports reach, or the program itself, that needs a version which the library found
    through `LD_LIBRARY_PATH` does not define, while the one that would be found without the variable does. For programs
    that the handler starts, the text of the error: a library under `/var/lang/lib` or `/opt/lib`.

Why it breaks
    AWS's base images set `LD_LIBRARY_PATH` beginning with `/var/lang/lib`, and layers add `/opt/lib`. A program
    installed from the distribution (python3, openssl, the aws command, dnf itself) then finds the runtime's copy of
    libcrypto, libssl or liblzma first, which lacks the version it was linked with. The other way round, a layer's
    library shadows the runtime's.

How it is told apart
    The path in the message decides: the library is there, in a place that wins over the right one. A library that is
    nowhere is `dynamic_lib_missing`; a system library that is really too old is `system_lib_too_old`; a path that was
    lost is `env_path_clobbered`.

Fix
    Clear the variable for the child process alone (`LD_LIBRARY_PATH= openssl …`, `env={**os.environ,
    'LD_LIBRARY_PATH': ''}`), remove your own setting, or take the library out of the layer.

References
    https://github.com/aws/aws-lambda-base-images
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
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
    signature(
        r"/(?:var/lang|opt|var/task)/[^\s:]*lib(?:crypto|ssl|curl|lzma|z|sqlite3|stdc\+\+|expat"
        r"|ffi)[^\s:]*: version .?[A-Z][A-Za-z]+_[\d.]+.? not found",
        3,
        unless=r"GLIBCXX_",
    ),
    signature(r"version .?OPENSSL_[\d.]+\w*.? not found", 3),
    signature(r"=> /var/lang/lib/", 3),
    signature(r"undefined symbol: .*(?:OPENSSL|SSL)_", 3),
    signature(r"/var/lang/lib/[^\s:]+: (?:version|no version information|undefined symbol)", 3),
    signature(r"cannot import name 'ssl' from 'urllib3\.util\.ssl_'", 2),
    signature(r"no version information available \(required by", 2),
    signature(r"undefined symbol: \w+|symbol lookup error", 2, unless=r"undefined symbol: _?Py"),
    signature(r"XZ_5\.\d", 2, unless=r"\bdnf\b|\byum\b|docker build|RUN "),
)
ASK = "Does it work with the variable cleared: `LD_LIBRARY_PATH= COMMAND`?"


@check(
    title="LD_LIBRARY_PATH hides no library that is needed",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("system_lib_too_old", "py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def ld_library_path_shadowing(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the library that is found with the one that is found without the variable."""

    def message(module: NativeModule) -> str:
        wrong = module.shadowed[0]
        return (
            f"`{module.name}` needs {wrong.version} of {wrong.name}: {wrong.right} has it, and LD_LIBRARY_PATH puts "
            f"{wrong.path} first, which lacks it"
        )

    def cited(module: NativeModule) -> Iterator[tuple[str, object, str]]:
        wrong = module.shadowed[0]
        yield "version needed", wrong.version, wrong.wanted_by
        yield f"{wrong.name} that is found", "lacks it", wrong.path
        yield f"{wrong.name} without the variable", "has it", wrong.right
        yield "LD_LIBRARY_PATH is set by", natives.library_path, wrong.path.rpartition("/")[0] or "/"

    def advice(module: NativeModule) -> str:
        wrong = module.shadowed[0]
        where = "the function's environment" if natives.library_path == "function" else "the image's ENV"
        return (
            f"Take the folder of {wrong.path} out of LD_LIBRARY_PATH in {where}, or put the folder of {wrong.right} before it, "
            f"or remove {wrong.path} where nothing else needs it."
        )

    fine = "LD_LIBRARY_PATH puts no library first that lacks what loaded native code needs"
    linked = Linked(message, cited, advice, fine, rung_of_modules=Rung.HANDLER)
    return linked.decide("shadow", natives, function, image, code, timeline)
