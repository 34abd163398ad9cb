from __future__ import annotations

import pytest

from tests.factories import SOURCE, function_record, image_config
from troubleshooter.analysis.dockerfile.instructions import package_commands
from troubleshooter.checks.build.os_package_unavailable import os_package_unavailable as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import ImageBuild
from troubleshooter.model import Outcome, Verdict

NONE = Unavailable(Reason.NOT_GIVEN, "not given")


def verdict(text: str) -> Verdict:
    commands = tuple(package_commands("Dockerfile", text))
    return the_check(ImageBuild(reading=SOURCE, files=("Dockerfile",), packages=commands), NONE, NONE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf install -y chromium\n", "chromium"),
        ("FROM amazonlinux:2023\nRUN dnf -y install gcc ffmpeg && dnf clean all\n", "ffmpeg"),
        ("FROM python:3.12-alpine\nRUN apk add --no-cache build-base libexecinfo-dev\n", "libexecinfo-dev"),
        ("FROM debian:13-slim\nRUN apt-get update && apt-get install -y libgl1-mesa-glx\n", "libgl1-mesa-glx"),
        ("FROM python:3.12-slim-trixie\nRUN apt-get update && apt-get install -y libgl1-mesa-glx\n", "libgl1"),
    ],
)
def test_a_package_that_the_release_does_not_have(text: str, words: str) -> None:
    found = verdict(text)
    assert found.outcome is Outcome.FAIL
    assert words in found.message
    assert found.evidence[0].source == "Dockerfile:2"
    assert found.remediation
    assert "instead of" in found.remediation.text


@pytest.mark.parametrize(
    "text",
    [
        "FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf install -y nss atk\n",
        "FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf install -y chromium || true\n",
        "FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf config-manager --add-repo x.repo\nRUN dnf install -y chromium\n",
        "FROM public.ecr.aws/lambda/nodejs:22\nCOPY own.repo /etc/yum.repos.d/\nRUN dnf install -y ffmpeg\n",
        "FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf install -y --skip-broken chromium\n",
        "FROM python:3.9-alpine3.16\nRUN apk add libexecinfo-dev\n",
        "FROM python:3.12-alpine\nRUN apk add --repository=http://x libexecinfo-dev\n",
        "FROM python:3.12-slim\nRUN apt-get install -y libgl1-mesa-glx\n",
        "FROM python:3.12-slim-bookworm\nRUN apt-get install -y libgl1-mesa-glx\n",
        "FROM debian:12\nRUN apt-get install -y chromium ffmpeg\n",
        "ARG V=22\nFROM public.ecr.aws/lambda/nodejs:${V}\nRUN dnf install -y chromium\n",
    ],
)
def test_innocent_installations(text: str) -> None:
    assert verdict(text).outcome is Outcome.PASS


def test_nothing_installed() -> None:
    assert verdict("FROM public.ecr.aws/lambda/nodejs:22\nRUN dnf clean all\n").outcome is Outcome.NOT_APPLICABLE


def test_what_was_built_had_its_packages() -> None:
    commands = tuple(package_commands("Dockerfile", "FROM amazonlinux:2023\nRUN dnf install -y ffmpeg\n"))
    build = ImageBuild(reading=SOURCE, files=("Dockerfile",), packages=commands)
    assert the_check(build, image_config(), NONE).outcome is Outcome.NOT_APPLICABLE
    assert the_check(build, NONE, function_record()).outcome is Outcome.NOT_APPLICABLE
