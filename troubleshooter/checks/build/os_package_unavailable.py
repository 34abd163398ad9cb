"""The package does not exist for this release of the operating system.

What it looks for
    A package manager that runs and finds no such package, or a repository that answers 403 or 404. In a Dockerfile: one of
    the packages that the base's release is known not to have, installed from the release's own repositories.

Why it breaks
    Amazon Linux 2023 has other packages than 2: no Chromium, no extras, no EPEL. Repository addresses contain the
    release, and a changed or removed `releasever` leads nowhere. Images of old Debian releases point at archived
    mirrors.

How it is told apart
    A package manager that is not there is `pkg_manager_mismatch`. One that fails on its own libraries is
    `ld_library_path_shadowing` or a broken base (`base_image_broken_upstream`).

Fix
    Take the binary from elsewhere, keep the older base on purpose, keep `releasever`, use the new name of the package.

References
    https://docs.aws.amazon.com/linux/al2023/release-notes/all-packages.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import AbsentPackage, absent_packages, release_of, system_of
from troubleshooter.facts.build import ImageBuild, PackageCommand
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(
        r"No package matches '|Unable to find a match: |No match for argument|No package \S+ available"
        r"|Nothing to do",
        3,
    ),
    signature(r"Unable to locate package|has no installation candidate|E: Package '", 3),
    signature(r"Status code: 40[34] for https?://\S+(?:repomd|mirror\.list|amazonlinux)", 3),
    signature(r"One of the configured repositories failed|doesn.t have enough cached data to continue", 3),
    signature(
        r"Failed to download metadata for repo|Cannot find a valid baseurl for repo|Could not retrieve mirrorlist"
        r"|Could ?n[o']t resolve host:? [^\n]{0,40}(?:mirrorlist|vault\.centos|deb\.debian|archive\.ubuntu)",
        3,
    ),
    signature(r"404 +Not Found \[IP|does not have a Release file|repository .* no longer has a Release file", 3),
    signature(r"unable to select packages:|\(no such package\):", 3, unless=r"libexecinfo"),
    signature(r"amazon-linux-extras.*(?:not found|Topic|does not)|Topic \S+ is not found", 3),
    signature(r"unable to select packages:|\(no such package\)", 3),
    signature(
        r"does not have a Release file|Failed to fetch http\S+/dists/|Release file .* is not valid yet|is no longer available",
        3,
    ),
    signature(r"Packages? not found: \S+", 2),
)
ASK = "Does `dnf list PACKAGE`, or the same for this system, find it inside the base image?"

_TOLERANT = ("--skip-broken", "--skip-unavailable", "--setopt=strict=0", "--setopt=skip_missing_names_on_install=True")
_INSTALLS = frozenset({"install", "add", "localinstall", "reinstall"})


@check(
    title="The packages that the Dockerfile installs exist for its base",
    severity=Severity.ERROR,
    rung=Rung.BUILD,
    narrow=True,
)
def os_package_unavailable(
    build: ImageBuild, image: ImageConfig | Unavailable, function: FunctionRecord | Unavailable
) -> Verdict:
    """Holds the names of each installation against what is known to be missing."""
    if isinstance(image, ImageConfig) and image.reading.origin is not Origin.SOURCE:
        return not_applicable("the image is there, so it was built")
    if isinstance(function, FunctionRecord) and function.reading.origin is Origin.RECORD:
        return not_applicable("AWS has the function's image, so it was built")
    installs = [command for command in build.packages if _INSTALLS & set(command.text.split())]
    if not installs:
        return not_applicable("no Dockerfile installs packages of the operating system")
    found = [(command, gone) for command in installs if _certain(command) for gone in _gone(command)]
    if not found:
        return passed(f"none of the {len(installs)} installations names a package that is known to be missing")
    evidence = [each for command, gone in found for each in _cited(build, command, gone)]
    command, gone = found[0]
    steps = [f"At {command.place}, instead of {gone.package}: {gone.instead}." for command, gone in found]
    return failed(
        f"{command.place} installs {gone.package}, which {gone.system} does not have (base {command.base})",
        *evidence,
        remediation=Remediation(" ".join(steps), verify="The build gets past this step."),
    )


def _certain(command: PackageCommand) -> bool:
    return (
        command.decided
        and command.fatal
        and not command.sources
        and not any(word in command.text for word in _TOLERANT)
    )


def _gone(command: PackageCommand) -> list[AbsentPackage]:
    system, release = system_of(command.base), release_of(command.base)
    if system is None or command.manager not in system.managers:
        return []
    words = set(command.text.split())
    return [
        gone
        for gone in absent_packages()
        if system.name.startswith(gone.system) and gone.package in words and _since(gone, system.name, release)
    ]


def _since(gone: AbsentPackage, system: str, release: tuple[int, ...]) -> bool:
    """Whether the release is late enough. A tag without one moves with the newest: true for Alpine, not told for Debian."""
    if not gone.since:
        return True
    return release >= gone.since if release else system.startswith("Alpine")


def _cited(build: ImageBuild, command: PackageCommand, gone: AbsentPackage) -> tuple[Evidence, ...]:
    known = Evidence("packages of the release", f"no {gone.package}", gone.source, build.reading.at, Origin.BUILTIN)
    return (
        build.cite("packages", command.text, label="packages installed", source=command.place),
        build.cite("files", command.base, label="base image", source=command.base_place),
        *beside(known),
    )
