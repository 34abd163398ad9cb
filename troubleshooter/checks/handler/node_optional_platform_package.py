"""npm's platform package for Lambda's CPU and C library is not installed.

What it looks for
    `Cannot find module '@scope/name-linux-arm64-gnu'` and the like, or a package that says it could not load itself
    for `linux-x64`.

Why it breaks
    Native npm packages put each platform's binary into an optional package of its own. A lock file written on macOS,
    `--omit=optional`, `supportedArchitectures` of another CPU or C library, or an install on the laptop leaves the one
    for Lambda out.

How it is told apart
    The name of a platform in the missing module tells it from a package that was not installed (`node_dep_missing`). A
    binary that is there and for another ABI is `node_wrong_abi`.

Fix
    Install inside the image without the host's `node_modules`, or name the target to the package manager: `npm install
    --os=linux --cpu=arm64 --libc=glibc`, in pnpm `supportedArchitectures`, matching the function's architecture.

References
    https://github.com/npm/cli/issues/4828
    https://github.com/lovell/sharp/issues/2197
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, check, failed, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._native import only
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModules, PlatformPackage
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"(?:Cannot find (?:module|package)|Could not resolve) ['\x22](?:@[\w.-]+/)?[\w./-]*(?:linux"
        r"|linuxmusl)-(?:x64|arm64)[\w-]*",
        3,
    ),
    signature(r"Could not load the \"?sharp\"? module using the linux", 3),
    signature(r"Something went wrong installing the \"?sharp\"? module", 3),
    signature(r"npm has a bug related to optional dependencies", 3),
    signature(r"(?:You installed esbuild for another platform|@esbuild/(?:linux|darwin)-)", 3),
    signature(r"--(?:os|cpu|libc)=\w+.*sharp|--include=optional", 2),
    signature(r"Unsupported (?:platform|architecture).*linux", 1),
)
ASK = "Which platform packages are in node_modules: `ls node_modules/@SCOPE | grep linux`?"


@check(
    title="npm's platform packages for Lambda are installed",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("node_dep_missing", "native_wrong_arch_lib", "init_exception_other"),
    narrow=True,
)
def node_optional_platform_package(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the platforms among a package's optionalDependencies with those that are installed."""
    other = only("node", natives)
    if other is not None:
        return other
    for package in natives.platform_packages:
        spoken = _spoken(package, timeline)
        if package.certain or spoken:
            return failed(
                f"`{package.package}` needs {' or '.join(package.wanted)} here, and none of them is installed",
                *_evidence(natives, package),
                *spoken,
                remediation=_fix(natives, package, function, image, code),
            )
    if natives.platform_packages and natives.unread and natives.platform_packages[0].importer:
        package = natives.platform_packages[0]
        unblock = Unblock("Give the built image or package, with its layers, as the function runs it.")
        return unknown(
            f"{package.wanted[0]} may lie elsewhere: {natives.unread[0]}", *_evidence(natives, package), unblock=unblock
        )
    return passed("no platform package is absent that loading the handler is sure to need")


def _spoken(package: PlatformPackage, timeline: Timeline | Unavailable) -> tuple[Evidence, ...]:
    """The newest error in the log that names one of the absent packages, or the package and its platform."""
    names = [rf"Cannot find (?:module|package) '{re.escape(name)}(?:[/'])" for name in package.wanted]
    load = rf"Could not load the \"?{re.escape(package.package)}\"? module using the linux"
    return said(timeline, "|".join([*names, load]))


def _evidence(natives: NativeModules, package: PlatformPackage) -> tuple[Evidence, ...]:
    place = f"{natives.reading.source} {package.path}"
    found = [
        natives.cite(
            "platform_packages", package.wanted, label="optional package for this platform, absent", source=place
        ),
        natives.cite("platform_packages", package.installed, label="installed for other platforms", source=place),
        natives.cite("architecture", label="the function's CPU"),
    ]
    if package.importer:
        source = f"{natives.reading.source} {package.importer}"
        found.append(natives.cite("platform_packages", f"loads {package.package}", label="loaded", source=source))
    return tuple(found)


def _fix(
    natives: NativeModules,
    package: PlatformPackage,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    cpu = "arm64" if natives.architecture == "arm64" else "x64"
    libc = "musl" if "musl" in package.wanted[0] else "glibc"
    text = (
        f"Install the dependencies for linux-{cpu} ({libc}) inside the build, without the host's node_modules and "
        f"without `--omit=optional`; with pnpm, name it in `supportedArchitectures`."
    )
    install = shlex.join(["npm", "install", "--include=optional", "--os=linux", f"--cpu={cpu}", f"--libc={libc}"])
    verify = f"The next init ends without `Cannot find module '{package.wanted[0]}'` in its log."
    fix = rebuilt(text, function, image, code, verify)
    return Remediation(fix.text, (install, *fix.commands), fix.verify)
