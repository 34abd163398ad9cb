"""A client's engine was not generated for this operating system or CPU.

What it looks for
    Generated engines of a Prisma client that the handler's own code imports, none of which is for the operating system,
    OpenSSL and CPU that run: Amazon Linux 2 or 2023, of a managed runtime or by the image's `os-release`.

Why it breaks
    Some database clients generate one native engine for each operating system, OpenSSL version and CPU. The one for
    the build machine was generated; the target of the Lambda runtime (`rhel-openssl-1.0.x` on Amazon Linux 2,
    `rhel-openssl-3.0.x` on 2023, with `linux-arm64-` in front on arm64) was not, or the bundler left the file behind.

How it is told apart
    A package of npm's optional dependencies for the platform is `node_optional_platform_package`: that one is
    installed, this one is generated. A file that the bundler dropped although it was generated is
    `bundler_drops_native`.

Fix
    Add the target that the message names to `binaryTargets`, generate again, and copy the engine with the bundle.

References
    https://www.prisma.io/docs/orm/prisma-client/deployment/serverless/deploy-to-aws-lambda
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import managed_system
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
CLIENT = "@prisma/client"
OPENSSL = {"AL2": "1.0.x", "AL2023": "3.0.x"}
OVERRIDES = ("PRISMA_QUERY_ENGINE_LIBRARY", "PRISMA_QUERY_ENGINE_BINARY")
_ENGINE = re.compile(
    r"/(?:lib)?query[_-]engine-(?P<target>(?:rhel|debian|linux|darwin|windows)[\w.-]*?)"
    r"(?:\.so\.node|\.dylib\.node|\.dll\.node|\.exe)?$"
)
_RELEASE = re.compile(r"^(ID|VERSION_ID)=\"?([\w.]+)\"?\s*$", re.MULTILINE)
SIGNATURES = (
    signature(r"could not locate the (?:Query )?Engine", 3),
    signature(r"Query engine (?:library|binary) for current platform .* could not be found", 3),
    signature(r"(?:rhel|debian|linux-arm64|linux-musl)-openssl-[\d.]+\w*", 2),
    signature(r"PrismaClientInitializationError", 2),
    signature(r"binaryTargets", 2),
    signature(r"libquery_engine|query-engine-\w+", 2),
)
ASK = "Which engine lies beside the generated client in the package, and is it the one that the message names?"


@check(
    title="Prisma's engine for this system was generated",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("init_exception_other",),
)
def engine_binary_target_missing(
    tree: CodeTree,
    runtime: RuntimeModel,
    closure: ImportClosure,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the targets in the names of generated engines with the one that runs."""
    if closure.language != "node" or tree.kind == "source":
        return not_applicable("no installed JavaScript to look at")
    engines = {path: match["target"] for path in tree.tree if (match := _ENGINE.search(path))}
    target = _target(tree, runtime, function)
    if not any("/.prisma/" in path for path in engines) or not target:
        return not_applicable("no generated engine, or none whose target is known for this system")
    if target in engines.values():
        return passed(f"the engine for {target} is there")
    importer = next((i for i in closure.imports if i.full == CLIENT and not i.guarded), None)
    if importer is None or _overridden(function, image):
        return passed("own code does not import the client, or names its engine by a variable")
    have = sorted(set(engines.values()))
    text = (
        f'Add "{target}" to `binaryTargets` in the generator block of schema.prisma, run `npx prisma generate` in the build, and '
        "take the generated folder along."
    )
    place = tree.reading.source
    return failed(
        f"the Prisma client has engines for {', '.join(have)} and none for {target}, which runs here",
        *(
            tree.cite("tree", t, label="engine that is there", source=f"{place} {p}")
            for p, t in list(engines.items())[:3]
        ),
        closure.cite("imports", CLIENT, label="imported", source=f"{place} {importer.path}:{importer.line}"),
        runtime.cite("architecture", label="the function's CPU"),
        *said(timeline, r"could not (?:locate|be found).*(?:Engine|engine)|Query [Ee]ngine"),
        remediation=rebuilt(text, function, image, code, "The next query finds its engine."),
    )


def _target(tree: CodeTree, runtime: RuntimeModel, function: FunctionRecord | Unavailable) -> str:
    """Prisma's name for what runs; empty where that is not told."""
    if tree.kind == "zip":
        system = managed_system(function.runtime or "") if isinstance(function, FunctionRecord) else ""
    else:
        found = dict(_RELEASE.findall(tree.tree.text("/etc/os-release") or ""))
        system = (
            {"2": "AL2", "2023": "AL2023"}.get(found.get("VERSION_ID", ""), "") if found.get("ID") == "amzn" else ""
        )
    kind = "linux-arm64" if runtime.architecture == "arm64" else "rhel"
    return f"{kind}-openssl-{OPENSSL[system]}" if system in OPENSSL else ""


def _overridden(function: FunctionRecord | Unavailable, image: ImageConfig | Unavailable) -> bool:
    own = function.environment if isinstance(function, FunctionRecord) else ()
    base = image.environment if isinstance(image, ImageConfig) else ()
    return any(variable.name in OVERRIDES for variable in (*own, *base))
