"""Texts of launches that failed, and which launch mode they suggest first."""

from __future__ import annotations

import pytest

from tests.checks.test_launch_faults import IDS
from troubleshooter import suspects

INVALID = "INIT_REPORT Init Duration: 9.09 ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint"
TEXTS = [
    ("arch_image_function_mismatch", "Error: fork/exec /lambda-entrypoint.sh: exec format error"),
    ("arch_image_function_mismatch", f"{INVALID}\nRequestId: 1 Error: ProcessSpawnFailed\nRuntime.InvalidEntrypoint"),
    ("arch_image_function_mismatch", "exec /usr/local/bin/python: exec format error"),
    ("arch_image_function_mismatch", "exec user process caused: exec format error"),
    ("arch_mixed_multistage", "/var/runtime/bootstrap: line 3: /x: cannot execute binary file: Exec format error"),
    ("arch_variant_unsupported", "image with platform (linux/arm/v7) does not match the expected platform"),
    ("entrypoint_missing_file", "Init failed error=fork/exec /opt/run: no such file or directory"),
    (
        "entrypoint_missing_file",
        'runc create failed: exec: "/run.sh": stat /run.sh: no such file or directory: unknown',
    ),
    ("entrypoint_not_executable", "fork/exec /entry.sh: permission denied"),
    ("entrypoint_not_executable", 'exec: "/entry.sh": permission denied: unknown'),
    ("perm_entrypoint_path_unreadable", "fork/exec /root/.pyenv/versions/3.12.1/bin/python: permission denied"),
    ("entrypoint_crlf", "exec /entry.sh: no such file or directory"),
    ("entrypoint_crlf", "exec user process caused: no such file or directory"),
    ("entrypoint_crlf", "/bin/bash^M: bad interpreter: No such file or directory"),
    ("entrypoint_env_crlf", r"env: 'python3\r': No such file or directory"),
    ("entrypoint_env_crlf", "env: ‘node\r’: No such file or directory\nexit status 127"),
    ("entrypoint_interpreter_missing", "env: node: No such file or directory"),
    ("entrypoint_interpreter_missing", "/entry.sh: /bin/bash: bad interpreter: No such file or directory"),
    ("entrypoint_loader_missing", "/lib64/ld-linux-x86-64.so.2: No such file or directory"),
    ("entrypoint_relative_path", 'exec: "lambda-entrypoint.sh": executable file not found in $PATH: unknown'),
    ("entrypoint_override_wrong", "IMAGE\tLaunch error: ProcessSpawnFailed\tEntrypoint: [app.handler]\tCmd: []"),
    (
        "imageconfig_empty_entrypoint",
        "IMAGE\tLaunch error: Couldn't find valid bootstrap(s): [app.handler]\tEntrypoint: []\tCmd: [app.handler]",
    ),
    ("entrypoint_none", "Error: Couldn't find valid bootstrap(s): [app.handler]"),
    ("cmd_missing", "entrypoint requires the handler name to be the first argument"),
    ("cmd_missing", "RequestId: 1 Error: Runtime exited with error: exit status 142\nRuntime.ExitError"),
    (
        "cmd_shell_form",
        "Entrypoint: [/lambda-entrypoint.sh]\tCmd: [/bin/sh,-c,app.handler]\nRuntime exited with error: exit status 142",
    ),
    (
        "cmd_multiple_args",
        "Entrypoint: [/lambda-entrypoint.sh]\tCmd: [python,-m,server]\nRuntime exited with error: exit status 142",
    ),
    ("workdir_missing", "IMAGE\tLaunch error: the working directory doesn't exist: /usr/src/app\tEntrypoint: [/x]"),
    ("workdir_relative", "the working directory 'app' is invalid, it needs to be an absolute path"),
    ("exec_wrapper_missing", "/opt/otel-instrument: does not exist\nexit status 127"),
    ("exec_wrapper_not_executable", "/opt/wrapper: is not an executable\nexit status 126"),
]


@pytest.mark.parametrize(("cause", "text"), TEXTS)
def test_the_first_launch_mode_that_a_text_suggests(cause: str, text: str) -> None:
    ranked = [s.cause for s in suspects.rank([text]) if s.cause in IDS]
    assert ranked[:1] == [cause]


@pytest.mark.parametrize(
    "text",
    [
        "The image manifest, config or layer media type for the source image 1.dkr.ecr.x.amazonaws.com/a:b is not supported.",
        "The image manifest or layer media type for the source image a:b is not supported.",
    ],
)
def test_a_refused_manifest(text: str) -> None:
    assert suspects.rank([text])[0].cause == "manifest_index_or_attestation"


@pytest.mark.parametrize(
    "text",
    [
        "START RequestId: 1 Version: $LATEST\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 3.4 ms",
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'requests'",
        "[Errno 13] Permission denied: '/var/task/app.py'",
        "Task timed out after 3.00 seconds",
        "EXTENSION\tName: x\tState: LaunchError\nfork/exec /opt/extensions/x: no such file or directory",
    ],
)
def test_texts_that_speak_of_something_else(text: str) -> None:
    assert [s.cause for s in suspects.rank([text]) if s.cause in IDS] == []
