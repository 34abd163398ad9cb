"""The Dockerfile calls a package manager that its base image does not have.

What it looks for
    RUN instructions that call yum, dnf, apt-get or apk, in a stage whose base image is known to have another one.

Why it breaks
    Lambda's bases up to Python 3.11 and Node.js 18 are Amazon Linux 2 and have yum; later ones are a minimal Amazon
    Linux 2023 with dnf (which is microdnf there) and without yum. Neither has apt-get. The RUN step ends with `command not
    found`, often after nothing but the version in FROM was changed.

How it is told apart
    A package that the manager does not find is `os_package_unavailable`. `exec format error` in a RUN step comes from the
    builder (`emulated_build_corruption`). With an unchanged tag and Dockerfile, the base itself was republished
    (`base_image_broken_upstream`).

Fix
    Call the manager that the base has; some packages have other names there.

References
    https://docs.aws.amazon.com/linux/al2023/ug/lambda.html
    https://github.com/aws/aws-lambda-base-images/issues/124
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import System, system_of
from troubleshooter.facts.build import ImageBuild, PackageCommand
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
_NAMES = r"(?:yum|microdnf|dnf|apt-get|apt|apk)"
SIGNATURES = (
    signature(rf"\b{_NAMES}: (?:command )?not found", 3),
    signature(rf"exec: \"{_NAMES}\": executable file not found", 3),
    signature(rf"process \"[^\"]*\b{_NAMES} .*did not complete successfully: exit code: 127", 2),
    signature(
        r"(?:/bin/sh -c|process \")[^\n]*\b(?:yum|dnf|microdnf|apt-get|apt|apk) [^\n]*(?:non-zero code: 127|exit code: 127|status 127)",
        2,
    ),
    signature(r"amazon-linux-extras: (?:command )?not found", 3),
)
ASK = "What does `cat /etc/os-release` print in the base image?"


@check(
    title="The Dockerfile calls the package manager that its base has",
    severity=Severity.ERROR,
    rung=Rung.BUILD,
    explains=("os_package_unavailable", "dockerfile_build_prereq_missing"),
    narrow=True,
)
def pkg_manager_mismatch(build: ImageBuild, image: ImageConfig | Unavailable) -> Verdict:
    """Holds each call against what is known of its stage's base."""
    if not build.packages:
        return not_applicable("no Dockerfile calls a package manager")
    known = [(command, system) for command in build.packages if (system := system_of(command.base)) is not None]
    wrong = [(command, system) for command, system in known if command.manager not in system.managers]
    certain = [(command, system) for command, system in wrong if command.decided and command.fatal]
    evidence = [each for command, system in certain or wrong for each in _cited(build, command, system)]
    if certain:
        command, system = certain[0]
        return failed(
            f"{command.place} calls {command.manager}, which {command.base} does not have: it is {system.name}",
            *evidence,
            remediation=_fix(certain),
        )
    if not wrong and len(known) == len(build.packages):
        return passed("every package manager that is called belongs to its stage's base")
    if isinstance(image, ImageConfig) and image.reading.origin is not Origin.SOURCE:
        return not_applicable("the text does not decide it, and an image was built")
    if wrong:
        command, system = wrong[0]
        text = f"{command.place} calls {command.manager}; whether it is reached on {system.name} is not decided by the text"
        return unknown(text, *evidence, unblock=Unblock("Give the output of the failing build with --error-file."))
    base = next(c.base for c in build.packages if system_of(c.base) is None)
    text = f"the name {base} does not tell which package manager the base has"
    return unknown(text, unblock=Unblock("Name the base with a version in FROM, or give the built image with --image."))


def _cited(build: ImageBuild, command: PackageCommand, system: System) -> tuple[Evidence, Evidence]:
    managers = " or ".join(system.managers)
    return (
        build.cite("packages", command.text, label="package manager called", source=command.place),
        build.cite(
            "files", f"{command.base}: {system.name}, with {managers}", label="base image", source=command.base_place
        ),
    )


def _fix(wrong: list[tuple[PackageCommand, System]]) -> Remediation:
    steps = []
    for command, system in wrong:
        right = system.managers[0]
        steps.append(f"At {command.place} use {right} instead of {command.manager}: `{_translated(command, right)}`.")
    return Remediation(
        " ".join(steps) + " Names of packages may differ there.", verify="The image builds without `command not found`."
    )


def _translated(command: PackageCommand, right: str) -> str:
    words = command.text.split()
    if right == "apk":
        words = ["add" if word == "install" else word for word in words if word != "-y"]
    elif command.manager == "apk":
        words = [w for word in words for w in (("install", "-y") if word == "add" else (word,)) if w != "--no-cache"]
    return " ".join([right, *words[1:]])
