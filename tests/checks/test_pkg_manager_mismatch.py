from __future__ import annotations

import pytest

from tests.factories import SOURCE, image_config
from troubleshooter.checks import all_modes
from troubleshooter.checks.build.pkg_manager_mismatch import pkg_manager_mismatch as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.bases import system_of
from troubleshooter.facts.build import ImageBuild, PackageCommand
from troubleshooter.model import Outcome

NO_IMAGE = Unavailable(Reason.NOT_GIVEN, "no local image was given")
AL2, AL2023 = "public.ecr.aws/lambda/python:3.11", "public.ecr.aws/lambda/nodejs:20"


def build(manager: str, base: str, *, decided: bool = True, fatal: bool = True) -> ImageBuild:
    text = f"{manager} install -y gcc"
    command = PackageCommand(manager, text, "Dockerfile:2", base, "Dockerfile:1", decided, fatal)
    return ImageBuild(reading=SOURCE, files=("Dockerfile",), packages=(command,))


@pytest.mark.parametrize(
    ("manager", "base", "outcome"),
    [
        pytest.param("yum", AL2023, Outcome.FAIL, id="yum on AL2023"),
        pytest.param("dnf", AL2, Outcome.FAIL, id="dnf on AL2"),
        pytest.param("apt-get", AL2, Outcome.FAIL, id="apt-get on AL2"),
        pytest.param("apt-get", AL2023, Outcome.FAIL, id="apt-get on AL2023"),
        pytest.param("apk", AL2023, Outcome.FAIL, id="apk on AL2023"),
        pytest.param("yum", "python:3.12-slim", Outcome.FAIL, id="yum on Debian"),
        pytest.param("apt-get", "node:22-alpine", Outcome.FAIL, id="apt-get on Alpine"),
        pytest.param("yum", AL2, Outcome.PASS, id="yum on AL2"),
        pytest.param("dnf", AL2023, Outcome.PASS, id="dnf on AL2023"),
        pytest.param("microdnf", AL2023, Outcome.PASS, id="microdnf on AL2023"),
        pytest.param("yum", "amazonlinux:2023", Outcome.PASS, id="full Amazon Linux 2023 has yum too"),
        pytest.param("apt", "debian:bookworm-slim", Outcome.PASS, id="apt on Debian"),
        pytest.param("apk", "alpine:3.20", Outcome.PASS, id="apk on Alpine"),
        pytest.param("yum", "public.ecr.aws/lambda/python:latest", Outcome.UNKNOWN, id="floating tag"),
        pytest.param("yum", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/base:1", Outcome.UNKNOWN, id="own base"),
    ],
)
def test_outcome(manager: str, base: str, outcome: Outcome) -> None:
    assert the_check(build(manager, base), NO_IMAGE).outcome is outcome


def test_nothing_to_ask_without_package_managers() -> None:
    assert the_check(ImageBuild(reading=SOURCE, files=("Dockerfile",)), NO_IMAGE).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(("decided", "fatal"), [(False, True), (True, False)])
def test_what_the_text_does_not_decide(decided: bool, fatal: bool) -> None:
    doubtful = build("yum", AL2023, decided=decided, fatal=fatal)
    assert the_check(doubtful, NO_IMAGE).outcome is Outcome.UNKNOWN
    assert the_check(doubtful, image_config()).outcome is Outcome.NOT_APPLICABLE


def test_failure_names_both_lines_and_the_right_command() -> None:
    verdict = the_check(build("yum", AL2023), NO_IMAGE)
    assert [(e.value, e.source) for e in verdict.evidence] == [
        ("yum install -y gcc", "Dockerfile:2"),
        (f"{AL2023}: Amazon Linux 2023 (Lambda's base), with dnf or microdnf", "Dockerfile:1"),
    ]
    assert verdict.remediation
    assert "`dnf install -y gcc`" in verdict.remediation.text


def test_alpine_has_other_words() -> None:
    verdict = the_check(build("apt-get", "alpine:3.20"), NO_IMAGE)
    assert verdict.remediation
    assert "`apk add gcc`" in verdict.remediation.text


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("public.ecr.aws/lambda/python:3.9", "Amazon Linux 2"),
        ("public.ecr.aws/lambda/python:3.12-arm64", "Amazon Linux 2023 (Lambda's base)"),
        ("public.ecr.aws/lambda/python:3.12.2025.02.25.16", "Amazon Linux 2023 (Lambda's base)"),
        ("public.ecr.aws/lambda/nodejs:20.2024.11.06.10-x86_64", "Amazon Linux 2023 (Lambda's base)"),
        ("amazon/aws-lambda-nodejs:18", "Amazon Linux 2"),
        ("public.ecr.aws/lambda/provided:al2", "Amazon Linux 2"),
        ("public.ecr.aws/lambda/provided:al2023", "Amazon Linux 2023 (Lambda's base)"),
        ("public.ecr.aws/lambda/provided:al2023@sha256:" + "0" * 64, "Amazon Linux 2023 (Lambda's base)"),
        ("docker.io/library/python:3.12-slim-bookworm", "Debian"),
        ("node:22", "Debian"),
        ("python:3.12-alpine3.20", "Alpine"),
        ("python:3.12-windowsservercore", None),
        ("public.ecr.aws/lambda/python:3.99", None),
        ("public.ecr.aws/lambda/provided", None),
        ("me/python:3.12", None),
        ("scratch", None),
    ],
)
def test_systems_by_name(image: str, name: str | None) -> None:
    found = system_of(image)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("/bin/sh: line 1: yum: command not found", True),
        ("/bin/sh: apt-get: not found", True),
        ('exec: "yum": executable file not found in $PATH', True),
        ("Error: No package matches 'chromium'", False),
        ("/bin/sh: line 1: mydnf: command not found", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in all_modes()["pkg_manager_mismatch"].signatures) is matches
