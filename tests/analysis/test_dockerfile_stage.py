from __future__ import annotations

import pytest

from troubleshooter.analysis.dockerfile.stage import stages_of
from troubleshooter.facts.build import BuildStage
from troubleshooter.redact import Secrets

AWS = "FROM public.ecr.aws/lambda/python:3.12\n"


def final(text: str, target: str = "") -> BuildStage:
    return stages_of("Dockerfile", text, Secrets(b"salt"), target)[-1]


@pytest.mark.parametrize(
    ("text", "entrypoint", "command"),
    [
        (AWS, ("/lambda-entrypoint.sh",), None),
        (AWS + 'CMD ["app.handler"]\n', ("/lambda-entrypoint.sh",), ("app.handler",)),
        (AWS + "CMD app.handler\n", ("/lambda-entrypoint.sh",), ("/bin/sh", "-c", "app.handler")),
        (AWS + "CMD ['app.handler']\n", ("/lambda-entrypoint.sh",), ("/bin/sh", "-c", "['app.handler']")),
        ('FROM python:3.12\nENTRYPOINT ["/a"]\n', ("/a",), ()),
        ('FROM python:3.12\nCMD ["x"]\nENTRYPOINT ["/a"]\n', ("/a",), ("x",)),
        ('FROM own/base\nCMD ["x"]\n', None, ("x",)),
        ("FROM node:22\n", ("docker-entrypoint.sh",), ("node",)),
        ('FROM python:3.12 AS a\nENTRYPOINT ["/a"]\nFROM a\nCMD ["$X"]\n', ("/a",), ("$X",)),
    ],
)
def test_launch(text: str, entrypoint: tuple[str, ...] | None, command: tuple[str, ...] | None) -> None:
    found = final(text)
    assert (found.entrypoint, found.command) == (entrypoint, command)


def test_arguments_before_from_count_in_from_alone() -> None:
    found = final("ARG V=3.12\nFROM public.ecr.aws/lambda/python:${V}\nWORKDIR /x${V}\n")
    assert (found.base, found.decided, found.kind) == ("public.ecr.aws/lambda/python:3.12", False, "aws")
    assert found.workdir == "/x${V}"
    assert final("ARG V=1\nFROM python:3.12\nARG V\nWORKDIR /x${V}\n").workdir == "/x1"


def test_variables_are_expanded_as_docker_does() -> None:
    text = AWS + 'ENV A=1 B="2 3"\nENV C ${A:-9}${D:-4}${A:+5}\nWORKDIR sub\nENV PATH=/x:$PATH\n'
    found = final(text)
    assert found.workdir == "/var/task/sub"
    kept = {v.name: v for v in found.environment}
    assert kept["C"].length == 3
    assert kept["PATH"].value is not None
    assert kept["PATH"].value.startswith("/x:/var/lang/bin")
    assert found.places["environment.PATH"] == "Dockerfile:5"


@pytest.mark.parametrize(
    ("first", "platform"),
    [
        ("FROM --platform=linux/arm64 python:3.12", "linux/arm64"),
        ("FROM --platform=$BUILDPLATFORM python:3.12", ""),
        ("FROM public.ecr.aws/lambda/python:3.12-x86_64", "linux/amd64"),
        ("FROM public.ecr.aws/lambda/nodejs:22-arm64", "linux/arm64"),
        ("FROM public.ecr.aws/lambda/nodejs:22", ""),
    ],
)
def test_platform(first: str, platform: str) -> None:
    assert final(first + "\n").platform == platform


def test_stages_up_to_the_target() -> None:
    text = "FROM python:3.12 AS one\nFROM one AS two\nUSER app\nFROM debian:12 AS three\n"
    found = stages_of("Dockerfile", text, Secrets(b"salt"), "two")
    assert [stage.kind for stage in found] == ["python", "python"]
    assert found[-1].user == "app"


def test_what_is_copied_and_run() -> None:
    text = AWS + (
        "COPY --chmod=0755 a.sh b.sh /opt/\nCOPY --from=x /y /z\nCOPY . ${LAMBDA_TASK_ROOT}\nADD https://x/y /z\n"
        "RUN --mount=type=cache,target=/c pip install x\nCOPY <<EOF /f\nx\nEOF\n"
    )
    steps = final(text).steps
    assert steps[0].copied is not None
    assert (steps[0].copied.sources, steps[0].copied.target, steps[0].copied.modes) == (
        ("a.sh", "b.sh"),
        "/opt/",
        "0755",
    )
    assert [step.foreign for step in steps] == [False, True, False, True, False, True]
    assert steps[2].copied is not None
    assert steps[2].copied.target == "/var/task"
    assert steps[4].ran is not None
    assert steps[4].ran.mounts


def test_hostile_text_is_no_stage() -> None:
    assert stages_of("Dockerfile", "FROM\nFROM \nENV\nCOPY\nCMD [\n", Secrets(b"salt"))
    assert not stages_of("Dockerfile", "just words", Secrets(b"salt"))
