"""One fault, one cause: every launch check is asked about each fault, and all but one of them keep silent."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import function_record, image_config, variable
from tests.launching import (
    NO_FUNCTION,
    Files,
    Launched,
    aws_base,
    custom_base,
    custom_config,
    folder,
    launched,
    link,
    program,
    script_config,
)
from troubleshooter.checks import all_checks
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.image import ImageConfig
from troubleshooter.model import Outcome, Severity, Verdict

IDS = (
    "arch_image_function_mismatch",
    "arch_mixed_multistage",
    "arch_variant_unsupported",
    "cmd_missing",
    "cmd_multiple_args",
    "cmd_shell_form",
    "entrypoint_crlf",
    "entrypoint_env_crlf",
    "entrypoint_interpreter_missing",
    "entrypoint_is_directory",
    "entrypoint_loader_missing",
    "entrypoint_missing_file",
    "entrypoint_no_shebang_or_bom",
    "entrypoint_none",
    "entrypoint_not_executable",
    "entrypoint_override_wrong",
    "entrypoint_relative_path",
    "entrypoint_symlink",
    "exec_wrapper_missing",
    "exec_wrapper_not_executable",
    "imageconfig_empty_entrypoint",
    "perm_entrypoint_path_unreadable",
    "workdir_missing",
    "workdir_relative",
)


def override(**members: object) -> FunctionRecord:
    return function_record(override=ImageOverride(**members))  # type: ignore[arg-type]


def wrapped(path: str) -> FunctionRecord:
    return function_record(environment=(variable("AWS_LAMBDA_EXEC_WRAPPER", path),))


def entry(content: str | bytes, mode: int = 0o755) -> Files:
    return {**custom_base(), "/entry.sh": program(content, mode)}


def verdicts(target: Launched) -> dict[str, Verdict]:
    """Every launch check's verdict that is not info."""
    found = {}
    for name in IDS:
        check = all_checks()[name]
        if check.severity is not Severity.INFO:
            found[name] = target.ask(check.function)
    return found


def loud(found: dict[str, Verdict]) -> set[str]:
    """What fails and is not explained by another failure."""
    failing = {name for name, verdict in found.items() if verdict.outcome is Outcome.FAIL}
    explained: set[str] = set()
    for name in failing:
        explained |= set(all_checks()[name].explains)
    return failing - explained


ARM = function_record(architecture="arm64")
SCRIPT = "#!/bin/sh\nexec python -m awslambdaric\n"

FAULTS = [
    pytest.param(
        "arch_image_function_mismatch", aws_base("arm64"), None, image_config(architecture="arm64"), id="arch"
    ),
    pytest.param("arch_mixed_multistage", aws_base("arm64"), None, None, id="arch: binaries"),
    pytest.param("arch_mixed_multistage", aws_base("amd64"), ARM, image_config(architecture="arm64"), id="arch: label"),
    pytest.param(
        "arch_mixed_multistage",
        {**aws_base(), "/var/lang/bin/python3.12": program(elf("arm64"))},
        None,
        None,
        id="arch: interpreter behind a shell",
    ),
    pytest.param(
        "arch_mixed_multistage",
        entry(b"\xcf\xfa\xed\xfe\x07\0\0\1" + bytes(60)),
        None,
        script_config(),
        id="macOS program",
    ),
    pytest.param(
        "arch_variant_unsupported",
        entry(SCRIPT),
        NO_FUNCTION,
        script_config(architecture="riscv64"),
        id="neither of the two architectures",
    ),
    pytest.param("entrypoint_missing_file", custom_base(), None, script_config(), id="missing"),
    pytest.param(
        "entrypoint_missing_file",
        {**custom_base(), "/entry.sh": link("gone")},
        None,
        script_config(),
        id="dangling link",
    ),
    pytest.param(
        "entrypoint_missing_file",
        custom_base(),
        override(entrypoint=("/lambda-entrypoint.sh",)),
        script_config(),
        id="override and image both wrong",
    ),
    pytest.param(
        "entrypoint_override_wrong",
        custom_base(),
        override(entrypoint=("/lambda-entrypoint.sh",)),
        custom_config(),
        id="override of another base",
    ),
    pytest.param(
        "entrypoint_override_wrong", aws_base(), override(entrypoint=("app.handler",)), None, id="handler as entrypoint"
    ),
    pytest.param(
        "entrypoint_override_wrong",
        aws_base(),
        override(entrypoint=("/var/task/app.py",)),
        None,
        id="source file as entrypoint",
    ),
    pytest.param(
        "entrypoint_override_wrong", aws_base(), override(entrypoint=("/var/task",)), None, id="folder as entrypoint"
    ),
    pytest.param(
        "entrypoint_crlf",
        {**aws_base(), "/entry.sh": program("#!/bin/sh\r\n")},
        override(entrypoint=("/entry.sh",)),
        None,
        id="override names a broken script",
    ),
    pytest.param("entrypoint_not_executable", entry(SCRIPT, 0o644), None, script_config(), id="no x bit"),
    pytest.param(
        "entrypoint_not_executable",
        {**aws_base(), "/var/runtime/bootstrap": program("#!/bin/bash\n", 0o644)},
        None,
        None,
        id="bootstrap without x bit",
    ),
    pytest.param(
        "perm_entrypoint_path_unreadable",
        {**custom_base(), "/root/.local/bin/python": program(elf())},
        None,
        script_config("/root/.local/bin/python"),
        id="below /root",
    ),
    pytest.param(
        "perm_entrypoint_path_unreadable", entry(SCRIPT, 0o711), None, script_config(), id="unreadable script"
    ),
    pytest.param("entrypoint_crlf", entry(SCRIPT.replace("\n", "\r\n")), None, script_config(), id="crlf"),
    pytest.param("entrypoint_crlf", entry("#!/bin/sh -e\r\n"), None, script_config(), id="crlf after an option"),
    pytest.param(
        "entrypoint_env_crlf", entry("#!/usr/bin/env python3\r\nx\r\n"), None, script_config(), id="crlf through env"
    ),
    pytest.param("entrypoint_no_shebang_or_bom", entry("exec python\n"), None, script_config(), id="no first line"),
    pytest.param("entrypoint_no_shebang_or_bom", entry("\ufeff" + SCRIPT), None, script_config(), id="byte order mark"),
    pytest.param("entrypoint_no_shebang_or_bom", entry(""), None, script_config(), id="empty"),
    pytest.param("entrypoint_interpreter_missing", entry("#!/bin/zsh\n"), None, script_config(), id="interpreter"),
    pytest.param(
        "entrypoint_interpreter_missing", entry("#!/usr/bin/env node\n"), None, script_config(), id="interpreter by env"
    ),
    pytest.param(
        "entrypoint_loader_missing",
        entry(elf(interpreter="/lib/ld-musl-x86_64.so.1")),
        None,
        script_config(),
        id="loader",
    ),
    pytest.param("entrypoint_relative_path", custom_base(), None, script_config("start.sh"), id="bare name"),
    pytest.param("entrypoint_relative_path", custom_base(), None, script_config("bin/start"), id="relative path"),
    pytest.param(
        "entrypoint_is_directory", {**custom_base(), "/entry.sh": folder()}, None, script_config(), id="directory"
    ),
    pytest.param(
        "entrypoint_none", custom_base(), None, custom_config(entrypoint=None), id="handler without entrypoint"
    ),
    pytest.param(
        "entrypoint_none", custom_base(), None, custom_config(entrypoint=(), command=None), id="nothing at all"
    ),
    pytest.param("cmd_missing", aws_base(), None, image_config(command=None), id="no command"),
    pytest.param(
        "cmd_shell_form", aws_base(), None, image_config(command=("/bin/sh", "-c", "app.handler")), id="shell form"
    ),
    pytest.param(
        "cmd_shell_form",
        aws_base(),
        None,
        image_config(entrypoint=("/bin/sh", "-c", "/lambda-entrypoint.sh")),
        id="entrypoint in shell form",
    ),
    pytest.param("cmd_multiple_args", aws_base(), None, image_config(command=("python", "app.py")), id="several words"),
    pytest.param(
        "cmd_multiple_args", aws_base(), override(command=("a.b", "c")), None, id="several words in the override"
    ),
    pytest.param("workdir_missing", aws_base(), override(workdir="/usr/src/app"), None, id="working directory"),
    pytest.param(
        "workdir_missing", aws_base(), override(workdir="/var/task/app.py"), None, id="working directory: file"
    ),
    pytest.param(
        "workdir_missing",
        custom_base(),
        override(workdir="/gone"),
        script_config("./start.sh"),
        id="working directory of a relative program",
    ),
    pytest.param("workdir_relative", aws_base(), override(workdir="app"), None, id="relative working directory"),
    pytest.param("exec_wrapper_missing", aws_base(), wrapped("/opt/otel-instrument"), None, id="wrapper"),
    pytest.param(
        "exec_wrapper_not_executable",
        {**aws_base(), "/opt/wrap": program("#!/bin/sh\n", 0o644)},
        wrapped("/opt/wrap"),
        None,
        id="wrapper without x bit",
    ),
]


@pytest.mark.parametrize(("cause", "files", "function", "image"), FAULTS)
def test_one_fault_has_one_cause(
    cause: str, files: Files, function: FunctionRecord | None, image: ImageConfig | None
) -> None:
    found = verdicts(launched(files, function, image))
    assert loud(found) == {cause}
    verdict = found[cause]
    assert any(e.origin.proves for e in verdict.evidence)
    assert all(e.value and e.source for e in verdict.evidence)
    assert verdict.remediation
    assert verdict.remediation.text
    assert verdict.remediation.verify
    for command in verdict.remediation.commands:
        words = shlex.split(command)
        assert not any("<" in w or "…" in w for w in words)
        if words[0] == "aws":
            assert words[words.index("--function-name") + 1] == "demo"
            assert words[words.index("--region") + 1] == "eu-west-1"
        if "--image-config" in words:
            json.loads(words[words.index("--image-config") + 1])


HEALTHY = [
    pytest.param(aws_base(), None, None, id="AWS base"),
    pytest.param(aws_base("arm64"), ARM, image_config(architecture="arm64"), id="AWS base on arm64"),
    pytest.param(aws_base(interpreter="/var/lang/bin/node"), None, None, id="AWS base for Node"),
    pytest.param(custom_base(), None, custom_config(), id="another base, entrypoint by links"),
    pytest.param(aws_base(), NO_FUNCTION, None, id="before deployment"),
    pytest.param(aws_base(), override(command=("other.handler",)), None, id="Command alone"),
    pytest.param(aws_base(), override(workdir="/var"), None, id="WorkingDirectory alone"),
    pytest.param(aws_base(), override(entrypoint=("/lambda-entrypoint.sh",)), None, id="EntryPoint alone"),
    pytest.param(
        aws_base(),
        override(entrypoint=("/lambda-entrypoint.sh",), command=("app.handler",)),
        image_config(entrypoint=("/gone",), command=None),
        id="EntryPoint and Command",
    ),
    pytest.param(
        aws_base(),
        override(entrypoint=("/lambda-entrypoint.sh", "app.handler")),
        image_config(command=None),
        id="handler within EntryPoint",
    ),
    pytest.param(aws_base(), override(entrypoint=(), command=(), workdir=""), None, id="all members empty"),
    pytest.param(aws_base(), override(command=("app.handler",)), image_config(command=None), id="CMD by the override"),
    pytest.param(aws_base(), None, image_config(workdir=None), id="no WORKDIR"),
    pytest.param(
        custom_base(), None, custom_config(entrypoint=("python", "-m", "awslambdaric")), id="bare name on PATH"
    ),
    pytest.param(
        custom_base(), None, custom_config(entrypoint=None, command=("python", "server.py")), id="server as CMD"
    ),
    pytest.param(
        custom_base(),
        None,
        custom_config(entrypoint=None, command=("/bin/sh", "-c", "exec python server.py")),
        id="server as shell form CMD",
    ),
    pytest.param(
        custom_base(), None, custom_config(command=("a", "b", "c")), id="several arguments for another entrypoint"
    ),
    pytest.param(custom_base(), None, custom_config(command=None), id="no arguments for another entrypoint"),
    pytest.param(entry("#!/usr/bin/env python3\nx\r\n"), None, script_config(), id="carriage returns further down"),
    pytest.param(custom_base(), wrapped("/opt/gone"), custom_config(), id="wrapper that nobody runs"),
    pytest.param(
        {**aws_base(), "/opt/wrap": program("#!/bin/sh\n")}, wrapped("/opt/wrap"), None, id="wrapper that is there"
    ),
]


@pytest.mark.parametrize(("files", "function", "image"), HEALTHY)
def test_what_is_right_is_left_alone(files: Files, function: FunctionRecord | None, image: ImageConfig | None) -> None:
    found = verdicts(launched(files, function, image))
    assert loud(found) == set()
    assert {n for n, v in found.items() if v.outcome is Outcome.UNKNOWN} == set()
