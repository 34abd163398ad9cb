"""`preflight` over whole projects: silent on the healthy ones, and each fault named with its file and line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.projects import PROJECTS, write
from troubleshooter import playbook, session
from troubleshooter.model import Finding, Outcome, Severity, Status, Target


def faults(folder: Path, template: str) -> tuple[Status, dict[str, Finding]]:
    """Status, and the failed findings that are not information."""
    target = Target(template=folder / template, source=folder, offline=True)
    walk = session.new(target, playbook.load(), within=folder.parent / "journals")
    try:
        diagnosis = walk.run()
        found = [f for f in walk.findings.values() if f.outcome is Outcome.FAIL and f.severity is not Severity.INFO]
        return diagnosis.status, {f.check: f for f in found}
    finally:
        walk.end()


@pytest.mark.parametrize("name", PROJECTS)
def test_a_healthy_project_raises_nothing(name: str, tmp_path: Path) -> None:
    files, template = PROJECTS[name]
    write(tmp_path / "project", files)
    status, found = faults(tmp_path / "project", template)
    assert found == {}
    assert status in (Status.NONE, Status.INCONCLUSIVE)


@dataclasses.dataclass(frozen=True)
class Fault:
    project: str
    file: str
    old: str
    new: str
    check: str
    place: str


FAULTS = [
    Fault("sam", "hello/Dockerfile", 'CMD ["app.handler"]', "CMD app.handler", "cmd_shell_form", "hello/Dockerfile:12"),
    Fault("sam", "hello/Dockerfile", 'CMD ["app.handler"]', "", "cmd_missing", "hello/Dockerfile:7"),
    Fault(
        "cdk",
        "service/Dockerfile",
        "apt-get update && apt-get install",
        "dnf install",
        "pkg_manager_mismatch",
        "service/Dockerfile:3",
    ),
    Fault(
        "sam",
        "hello/Dockerfile",
        "COPY requirements.txt",
        "COPY requirement.txt",
        "dockerfile_build_prereq_missing",
        "hello/Dockerfile:4",
    ),
    Fault(
        "sam",
        "hello/Dockerfile",
        "COPY requirements.txt ./\n",
        "",
        "dockerfile_build_prereq_missing",
        "hello/Dockerfile:4",
    ),
    Fault("sam", "hello/.dockerignore", "tests", "*.txt", "dockerfile_build_prereq_missing", "hello/Dockerfile:4"),
    Fault(
        "sam",
        "hello/Dockerfile",
        "\nFROM public",
        "\nFROM --platform=linux/amd64 public",
        "arch_image_function_mismatch",
        "hello/Dockerfile:7",
    ),
    Fault("sam", "template.yaml", "      DockerContext: ./hello\n", "", "sam_image_metadata_incomplete", ""),
    Fault("sam", "template.yaml", "TABLE: !Ref Table", "AWS_REGION: eu-west-1", "env_reserved_api", "template.yaml:15"),
    Fault("cdk", "service/entry.sh", "#!/bin/sh\n", "#!/bin/sh\r\n", "entrypoint_crlf", "service/entry.sh:1"),
    Fault(
        "cdk",
        "cdk.out/Work.template.json",
        '"Timeout": 60',
        '"Layers": ["arn:aws:lambda:eu-west-1:1:layer:x:1"]',
        "layers_on_image",
        "",
    ),
    Fault(
        "cdk",
        "service/Dockerfile",
        "python:3.12-slim-bookworm",
        "python:3.12-alpine3.20",
        "pkg_manager_mismatch",
        "service/Dockerfile:1",
    ),
    Fault(
        "cdk",
        "service/Dockerfile",
        "COPY worker ./worker\n",
        "COPY worker/mian.py ./worker/\n",
        "dockerfile_build_prereq_missing",
        "",
    ),
    Fault(
        "serverless",
        "Dockerfile",
        "COPY package.json package-lock.json ./",
        "COPY package.json ./",
        "dockerfile_build_prereq_missing",
        "Dockerfile:11",
    ),
    Fault("serverless", "serverless.yml", "TABLE:", "AWS_SESSION_TOKEN:", "env_reserved_api", "serverless.yml:21"),
    Fault("terraform", "plan.json", '"STAGE"', '"_HANDLER"', "env_reserved_api", ""),
    Fault(
        "terraform",
        "Dockerfile",
        "FROM public.ecr.aws/lambda/nodejs:22\n",
        "FROM public.ecr.aws/lambda/nodejs:22-x86_64\n",
        "arch_image_function_mismatch",
        "Dockerfile:9",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f"{f.project}-{f.check}")
def test_a_fault_is_found_where_it_stands(fault: Fault, tmp_path: Path) -> None:
    files, template = PROJECTS[fault.project]
    changed = dict(files)
    if fault.old:
        assert fault.old in changed[fault.file]
        changed[fault.file] = changed[fault.file].replace(fault.old, fault.new)
    else:
        del changed[fault.file]
    write(tmp_path / "project", changed)
    _, found = faults(tmp_path / "project", template)
    assert fault.check in found
    assert fault.place in {e.source for e in found[fault.check].verdict.evidence} | {""}
    assert found[fault.check].verdict.remediation is not None
