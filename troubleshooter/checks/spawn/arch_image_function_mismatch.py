"""The image was built for the other CPU architecture.

What it looks for
    A function whose architecture (x86_64 where none is set) differs from the `architecture` of the image it runs, or from
    the CPU that the `bootstrap` of its zip package was built for.

Why it breaks
    Lambda does not compare the two when the function is created or updated. At launch the kernel refuses to execute a
    program of another CPU: `exec format error`, which the service reports as `Runtime.InvalidEntrypoint`, today with the
    opaque `ProcessSpawnFailed`. The init lasts a few milliseconds, and nothing of the image ever runs.

How it is told apart
    A script without `#!` gives the same error with equal architectures (`entrypoint_no_shebang_or_bom`); equal
    configurations with foreign binaries inside are `arch_mixed_multistage`; a handler that cannot be imported never
    gives `Runtime.InvalidEntrypoint`.

Fix
    Choose one side: rebuild the image for the function's architecture, or move the function to the image's with
    `aws lambda update-function-code --architectures`, which is part of a code update only.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-base-images/issues/26
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, missing, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import VERIFY, nameless
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import PackageSpawnResult
from troubleshooter.model import Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"exec /?\S*lambda-entrypoint\.sh: exec format error", 3),
    signature(r"fork/exec (?!/opt/extensions)\S+: exec format error", 3),
    signature(r"exec /(?!opt/extensions/)\S+: exec format error|exec user process caused.*exec format error", 2),
    signature(r"exec format error", 2, unless=r"/opt/extensions/"),
    signature(
        r"Runtime\.InvalidEntrypoint|ProcessSpawnFailed",
        2,
        unless=r"valid bootstrap\(s\)|no such file|permission denied",
    ),
)
ASK = "Does `docker image inspect --format '{{.Architecture}}' IMAGE` name the function's architecture?"

OCI = {"x86_64": "amd64", "arm64": "arm64"}
LAMBDA = {oci: name for name, oci in OCI.items()}
_RUST = {"x86_64": "x86_64", "arm64": "aarch64"}


@check(title="The image is built for the function's CPU", severity=Severity.ERROR, rung=Rung.SPAWN)
def arch_image_function_mismatch(
    function: FunctionRecord,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    package: PackageSpawnResult | Unavailable,
) -> Verdict:
    """Compares what AWS's record says with what the image's configuration says, or the package's own bootstrap."""
    if not function.is_image:
        return _of_package(function, package)
    if isinstance(image, Unavailable):
        return missing(image)
    stated = "" if function.architecture_stated else " (the default: none is stated)"
    if not image.architecture and image.reading.origin is Origin.SOURCE:
        return nameless(image)
    evidence = (
        function.cite("architecture", label=f"function architecture{stated}"),
        image.cite("architecture", label="image architecture"),
    )
    if not function.architecture:
        return unknown(
            "the template leaves the function's architecture to deploy time",
            *evidence,
            unblock=Unblock(
                f"Write Architectures as text at {evidence[0].source}, or ask about the deployed function."
            ),
        )
    wanted = OCI.get(function.architecture, function.architecture)
    if not image.architecture:
        return nameless(image, *evidence)
    if image.architecture == wanted:
        return passed(f"function and image are both for {function.architecture}", *evidence)
    if image.architecture not in LAMBDA:
        return unknown(f"the image is for {image.architecture}, which Lambda runs nowhere", *evidence)
    return failed(
        f"the function runs on {function.architecture}, its image was built for {image.architecture}",
        *evidence,
        remediation=_fix(function, image, code),
    )


def _of_package(function: FunctionRecord, package: PackageSpawnResult | Unavailable) -> Verdict:
    """The program that an OS-only runtime starts."""
    if isinstance(package, Unavailable):
        return missing(package)
    cited = (function.cite("architecture", label="function architecture"), *package.evidence)
    if package.cause != "machine":
        fine = package.machine == OCI.get(function.architecture) and package.cause in ("ok", "compat")
        return (
            passed(f"function and bootstrap are both for {function.architecture}", *cited)
            if fine
            else not_applicable("the package's bootstrap is no program of a known CPU")
        )
    other = LAMBDA.get(package.machine, package.machine)
    move = f", or move the function to {other} with `--architectures {other}` when the package is uploaded"
    return failed(
        f"the function runs on {function.architecture}, the package's {package.machine_path or package.path} is for {other}",
        *cited,
        remediation=Remediation(
            f"Build the program for {function.architecture} (Go: GOARCH={OCI.get(function.architecture)}; Rust: "
            f"--target {_RUST.get(function.architecture, function.architecture)}-unknown-linux-musl) and upload the package "
            f"again{move if package.machine in LAMBDA else ''}.",
            (),
            VERIFY,
        ),
    )


def _fix(function: FunctionRecord, image: ImageConfig, code: FunctionCode | Unavailable) -> Remediation:
    wanted = OCI.get(function.architecture, function.architecture)
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    build = ["docker", "buildx", "build", "--platform", f"linux/{wanted}", "--provenance=false", "--sbom=false"]
    region = ["--region", function.region] if function.region else []
    name = ["--function-name", function.name]
    verify = shlex.join(["aws", "lambda", "wait", "function-updated-v2", *name, *region])
    if function.reading.origin is Origin.TEMPLATE:
        place, other = function.places.get("architecture", function.reading.source), LAMBDA[image.architecture]
        rebuild = f"Rebuild the image for linux/{wanted}"
        if image.reading.origin is Origin.SOURCE:
            said = image.places.get("architecture", image.reading.source)
            rebuild = f"At {said}, take the platform out of FROM or write linux/{wanted}, and build for linux/{wanted}"
        return Remediation(
            f"{rebuild}; or keep the image and declare `Architectures: [{other}]` at {place}.",
            (shlex.join([*build, "."]),),
            "Run this diagnosis again: template and image name the same architecture.",
        )
    if uri is None:
        return Remediation(
            f"Rebuild the image for linux/{wanted} and deploy it, or declare the function as {LAMBDA[image.architecture]}.",
            (shlex.join([*build, "."]),),
            "Run this diagnosis again: function and image architecture are equal.",
        )
    update = ["aws", "lambda", "update-function-code", *name, "--image-uri", uri]
    return Remediation(
        f"Rebuild for linux/{wanted}, push and update the function; or, without a rebuild, move the function to "
        f"{LAMBDA[image.architecture]} with the last command alone.",
        (
            shlex.join([*build, "--tag", uri.partition("@")[0], "--push", "."]),
            shlex.join([*update, *region]),
            shlex.join([*update, "--architectures", LAMBDA[image.architecture], *region]),
        ),
        f"{verify}, then verify: function and image architecture are equal, and the next init takes more than 20 ms.",
    )
