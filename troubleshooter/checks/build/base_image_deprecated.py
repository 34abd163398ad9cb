"""The base image's runtime is deprecated.

What it looks for
    The runtime of a zip function, or the version of an AWS base image, with a date of deprecation in the past, by AWS's
    list of runtimes as it is shipped with this program. This is information: AWS has postponed its dates repeatedly.

Why it breaks
    Managed runtimes are deprecated on a published date, and creating and updating functions on them is refused some
    time later. Images are never blocked from running; their base only stops receiving security patches and falls
    behind in libraries.

How it is told apart
    Errors of libraries that are too old have their own names (`native_glibc_too_new`, `system_lib_too_old`).

Fix
    Move the base and runtime to a supported version, and rebuild native packages for it.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import Base, base
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"runtime parameter of \S+ is no longer supported", 3),
    signature(
        r"(?:runtime|nodejs\d+\.x|python3\.\d+|go1\.x|java8|ruby2\.\d).{0,80}(?:deprecated|no longer supported"
        r"|end[- ]of[- ](?:life|support))",
        2,
    ),
    signature(r"E2531|W2531|Deprecated runtime", 3),
    signature(r"Value \S+ at 'runtime' failed to satisfy constraint", 2),
)
ASK = "Which version does FROM or Runtime name, and is its date in AWS's list of runtimes past?"


@check(title="The base image's runtime is supported", severity=Severity.INFO, rung=Rung.BUILD)
def base_image_deprecated(runtime: RuntimeModel, function: FunctionRecord | Unavailable) -> Verdict:
    """Holds the runtime's version against the dates that AWS has published."""
    if runtime.client not in ("aws-base", "zip"):
        return not_applicable("neither an AWS base image nor a managed runtime is used")
    name = _name(runtime, function)
    known = base(name)
    if known is None or not known.deprecated:
        return not_applicable(f"no date is known for {name or 'this runtime'}")
    found = runtime.cite("version", name, label="runtime")
    table = _table(known, runtime.reading.at)
    if runtime.reading.at[:10] < known.deprecated:
        return passed(f"{name} is supported until {known.deprecated}", found, table)
    zipped = runtime.client == "zip"
    effect = (
        f"AWS has announced that functions on it cannot be created from {known.create_blocked} on, nor updated from "
        f"{known.update_blocked} on"
        if zipped
        else "an image still starts and can be updated, and its base gets no more patches"
    )
    fix = Remediation(
        f"Move from {name} to a supported version, and build native packages anew for it.",
        verify="The runtime's version is one with a date in the future in AWS's list of runtimes.",
    )
    return failed(f"{name} is deprecated since {known.deprecated}: {effect}", found, table, remediation=fix)


def _name(runtime: RuntimeModel, function: FunctionRecord | Unavailable) -> str:
    """The runtime as AWS's images are tagged: `python:3.9`."""
    if (
        runtime.client == "zip"
        and isinstance(function, FunctionRecord)
        and (function.runtime or "").startswith("provided")
    ):
        return (function.runtime or "").replace(".", ":", 1)
    if runtime.language == "python" and len(runtime.version) > 1:
        return f"python:{runtime.version[0]}.{runtime.version[1]}"
    return f"nodejs:{runtime.version[0]}" if runtime.language == "node" and runtime.version else ""


def _table(known: Base, at: str) -> Evidence:
    return Evidence("date of deprecation", known.deprecated, known.source, at, Origin.BUILTIN)
