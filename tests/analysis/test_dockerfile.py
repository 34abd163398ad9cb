from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import SOURCE
from troubleshooter.analysis.dockerfile.instructions import image_build, instructions, package_commands
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import ImageBuild, ImageRecipe, PackageCommand
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Role, Subject

BASE = "public.ecr.aws/lambda/nodejs:20"


def calls(text: str) -> list[PackageCommand]:
    return package_commands("Dockerfile", f"FROM {BASE}\n{text}\n")


NO_RECIPE = Unavailable(Reason.NOT_GIVEN, "the source folder holds more than one Dockerfile")


def build(files: dict[str, str], subject: Subject | None = None) -> ImageBuild | Unavailable:
    manifests = SourceManifests(reading=SOURCE, root="/home/me/project", files=files)
    return image_build(manifests, subject or Subject(Role.PROPOSED), NO_RECIPE)


def test_instructions_have_the_line_where_they_begin() -> None:
    text = (
        '# syntax=docker/dockerfile:1\nFROM a\n\nRUN x \\\n  # why\n\n  && y\nRUN <<EOF\nyum\n# kept\nEOF\nCMD ["z"]\n'
    )
    assert [(i.word, i.rest, i.line) for i in instructions(text)] == [
        ("FROM", "a", 2),
        ("RUN", "x && y", 4),
        ("RUN", "<<EOF\nyum\n# kept", 8),
        ("CMD", '["z"]', 12),
    ]


def test_escape_directive() -> None:
    assert [i.rest for i in instructions("# escape=`\nFROM a\nRUN x `\n y\n")] == ["a", "x y"]


def test_a_call_knows_its_place_and_its_stages_base() -> None:
    (call,) = calls("RUN yum install -y gcc-c++ make")
    assert call == PackageCommand(
        "yum", "yum install -y gcc-c++ make", "Dockerfile:2", BASE, "Dockerfile:1", decided=True, fatal=True
    )


@pytest.mark.parametrize(
    ("text", "fatal"),
    [
        ("RUN yum install -y gcc && yum clean all", [True, True]),
        ("RUN set -eux; yum install -y gcc; rm -rf x", [True]),
        ("RUN yum install -y gcc; rm -rf x", [False]),
        ("RUN rm -rf x; yum install -y gcc", [True]),
        ("RUN yum install -y gcc || dnf install -y gcc", [False, False]),
        ("RUN command -v yum && yum install -y gcc", [False]),
        ("RUN if [ -x /usr/bin/yum ]; then yum install -y gcc; fi", [False]),
        ("RUN dnf install -y yum && yum install -y gcc", [True, False]),
        ("RUN dnf install -y yum\nRUN yum install -y gcc", [True, False]),
        ("RUN ln -s /usr/bin/dnf /usr/bin/yum\nRUN yum install -y gcc", [False]),
        ("RUN yum install -y yum-utils\nRUN yum install -y gcc", [True, True]),
        ("RUN --mount=type=cache,target=/x yum install -y gcc", [True]),
        ("RUN DEBIAN_FRONTEND=noninteractive apt-get install -y gcc", [True]),
        ("RUN sudo /usr/bin/yum install -y gcc", [True]),
        ('RUN ["yum", "install", "-y", "gcc"]', [True]),
        ("RUN (yum install -y gcc)", [True]),
        ("RUN <<EOF\nset -e\nyum install -y gcc\nrm -rf x\nEOF", [True]),
        ("RUN echo yum && npm run yum && ./yum.sh", []),
        ("RUN pip install dnf 'apt-get' # yum", []),
        ("COPY yum /yum\nENV yum=1\n# RUN yum install", []),
        ("RUN yum install 'unclosed", []),
        ('RUN ["yum"', []),
    ],
)
def test_calls(text: str, fatal: list[bool]) -> None:
    assert [call.fatal for call in calls(text)] == fatal


def test_a_base_is_followed_through_stages_and_arguments() -> None:
    text = """\
ARG NODE=20
ARG OTHER
FROM --platform=linux/amd64 public.ecr.aws/lambda/nodejs:22 AS base
FROM base AS deps
RUN dnf install -y gcc
FROM public.ecr.aws/lambda/nodejs:${NODE}
RUN yum install -y gcc
FROM ${OTHER:-debian:12}
RUN apt-get update
"""
    assert [(c.base, c.base_place, c.decided) for c in package_commands("Dockerfile", text)] == [
        ("public.ecr.aws/lambda/nodejs:22", "Dockerfile:3", True),
        ("public.ecr.aws/lambda/nodejs:20", "Dockerfile:6", False),
        ("debian:12", "Dockerfile:8", False),
    ]


def test_dockerfiles_of_the_folder() -> None:
    text = f"FROM {BASE}\nRUN yum install -y gcc\n"
    files = {
        "Dockerfile": text,
        "docker/api.Dockerfile": text,
        "Dockerfile.dev": text,
        "tests/Dockerfile": text,
        "package.json": text,
    }
    found = build(files)
    assert isinstance(found, ImageBuild)
    assert found.files == ("Dockerfile", "docker/api.Dockerfile")
    assert [c.place for c in found.packages] == ["Dockerfile:2", "docker/api.Dockerfile:2"]


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        pytest.param({"package.json": "{}"}, Subject(Role.PROPOSED), id="no Dockerfile"),
        pytest.param({"Dockerfile": "FROM a"}, Subject(Role.DEPLOYED), id="what runs"),
        pytest.param({"Dockerfile": "FROM a"}, Subject(Role.PROPOSED, "Api"), id="one function of several"),
    ],
)
def test_the_question_does_not_arise(files: dict[str, str], subject: Subject) -> None:
    found = build(files, subject)
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(alphabet="FROMRUN yum\\\n\"'`#<>$\\{}[]&|;()=EOFARG:-/\x00é", max_size=120))
def test_any_text_is_read(text: str) -> None:
    lines = max(1, len(text.splitlines()))
    assert all(1 <= i.line <= lines for i in instructions(text))
    package_commands("Dockerfile", f"FROM a\n{text}")


def test_of_several_functions_each_has_its_own_file() -> None:
    manifests = SourceManifests(
        reading=SOURCE,
        root="/p",
        files={"a/Dockerfile": "FROM x:1\nRUN yum a\n", "b/Dockerfile": "FROM y:1\nRUN apk b\n"},
    )
    recipe = ImageRecipe(reading=SOURCE, path="b/Dockerfile", contexts=("b",), stages=())
    found = image_build(manifests, Subject(Role.PROPOSED, "B"), recipe)
    assert isinstance(found, ImageBuild)
    assert [command.manager for command in found.packages] == ["apk"]
