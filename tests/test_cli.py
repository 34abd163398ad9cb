"""The command line: exit codes, streams, lazy imports, signals."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.lab import demo_account, images
from tests.lab.aws import Account
from troubleshooter import reports

HEAVY = ("textual", "boto3", "botocore", "docker", "httpx", "yaml", "tree_sitter", "rich")


def run(*arguments: str, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "troubleshooter", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ},
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_load_nothing_heavy(option: str) -> None:
    code = (
        "import sys\nfrom troubleshooter.__main__ import main\n"
        f"sys.argv = ['troubleshooter', {option!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        f"loaded = [m for m in sys.modules if m.partition('.')[0] in {HEAVY!r}]\n"
        "print('LOADED', loaded)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize(
    "command", ["walk", "diagnose", "preflight", "verify", "resume", "history", "report", "explain", "playbook", "demo"]
)
def test_every_command_has_help_with_the_exit_codes(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "exit codes" in done.stdout


def test_a_mismatch_ends_with_3_and_a_report_on_standard_output() -> None:
    with demo_account.mismatch() as account:
        os.environ.update(account.environment)
        done = run("diagnose", "demo", "--format", "json")
        assert done.returncode == 3, done.stderr
        report = json.loads(done.stdout)
        assert report["diagnosis"]["causes"] == ["arch_image_function_mismatch"]
        jsonschema.validate(report, reports.schema())
        account.assert_only_reads()


def test_output_goes_to_the_file_whole_and_standard_output_stays_empty(aws_account: Account, tmp_path: Path) -> None:
    aws_account.add_function("demo")
    target = tmp_path / "report.md"
    done = run("diagnose", "demo", "--output", str(target))
    assert done.stdout == ""
    assert target.read_text().startswith("# `demo`")
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["diagnose"], "nothing to look at"),
        (["diagnose", "my fn"], "neither a function name"),
        (["diagnose", "f", "--format", "pdf"], "--format pdf: there is"),
        (["preflight", "--source", "no/such/folder"], "not a folder"),
        (["preflight", "TMP"], "for a folder of code: --source"),
        (["preflight", "image.tar"], "for an image's archive: --image docker-archive:image.tar"),
        (["preflight", "sam.yaml"], "for a template: --template sam.yaml"),
        (["preflight", "my-function"], "for a function in AWS: troubleshooter diagnose my-function"),
        (["preflight", "--template", "no.yaml"], "--template no.yaml: No such file"),
        (["preflight", "--image", "oci-archive:no.tar"], "no.tar does not exist"),
        (
            ["preflight", "--template", "TMP/main.tf"],
            "main.tf: it is Terraform source, in which little is decided. Run",
        ),
        (["preflight", "--template", "TMP/broken.yaml"], "broken.yaml:3 cannot be read"),
        (["preflight", "--template", "TMP/empty"], "no template in this folder; give"),
        (["diagnose", "--image", " "], "names no image; give a bare name, or one of docker-daemon:"),
        (["diagnose", "--image", "docker://"], "names no image"),
        (["diagnose", "--image", "https://x/y"], "an image is not named by https://; give a bare name"),
        (["diagnose", "--image", "./no.tar"], "--image ./no.tar: does not exist"),
        (["diagnose", "--image", "a b"], "no image's name has a blank in it"),
        (["diagnose", "--logs", "TMP/log.gz"], "log.gz: compressed with gzip; unpack it first"),
        (["diagnose", "--logs", "TMP/bin"], "bin: not text, but binary data; give"),
        (["diagnose", "--error-file", "TMP/bin"], "--error-file: not text, but binary data"),
        (["verify", "--wait", "soon"], "argument --wait: soon: not a number of seconds"),
        (["diagnose", "--error-file", "no.txt"], "--error-file no.txt: No such file"),
        (["diagnose", "--error-file", "-"], "the text is empty"),
        (["explain", "arch_image_function_mismach"], "did you mean arch_image_function_mismatch?"),
        (["diagnose", "TMP/main.yaml"], "; for a template: --template"),
        (["diagnose", "TMP"], "; for a folder of code: --source"),
        (["diagnose", "registry.example/team/app:1"], "; for an image: --image registry.example/team/app:1"),
        (["explain", "arch_image"], "did you mean arch_image_function_mismatch?"),
        (["explain", "nothing-at-all"], "`troubleshooter explain` lists them"),
        (["verify"], "no sessions are recorded yet"),
        (["report", "nothing-like-it"], "no sessions are recorded yet"),
        (["playbook", "lint", "no/such"], "no such folder"),
        (["demo", "nothing"], "there is no incident"),
        (["walk"], "no terminal to ask in"),
        (["diagnose", "f", "--output", "/no/such/dir/x"], "there is no folder /no/such/dir; make it first"),
        (["diagnose", "f", "--output", "TMP/empty"], "is a folder; give the name of a file in it"),
    ],
)
def test_bad_input_is_named_with_the_way_out(
    arguments: list[str], says: str, aws_account: Account, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_lambda_function" "api" {}')
    (tmp_path / "broken.yaml").write_text("Resources:\n  A: [\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"START RequestId"))
    (tmp_path / "bin").write_bytes(bytes(range(256)) * 64)
    done = run(*(argument.replace("TMP", str(tmp_path)) for argument in arguments))
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_text_that_is_too_long_is_read_at_both_ends(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("x\n" * 2_000_000 + "fork/exec /app/run: exec format error\n")
    done = run("diagnose", "--error-file", str(tmp_path / "long.txt"), "--format", "json")
    assert json.loads(done.stdout)["diagnosis"]["suspects"][0]["cause"] == "arch_image_function_mismatch"
    assert "its first and last 1 MiB are read" in done.stderr


def test_no_credentials_is_5_and_says_what_to_do() -> None:
    done = run("diagnose", "demo", "--region", "eu-west-1", "--format", "json")
    assert done.returncode == 5, done.stderr
    report = json.loads(done.stdout)
    assert report["diagnosis"]["status"] == "inconclusive"
    assert any("credentials" in gap["detail"] for gap in report["unread"])


def test_a_text_alone_needs_no_region_and_is_never_confirmed() -> None:
    text = "Error: fork/exec /lambda-entrypoint.sh: exec format error\nRuntime.InvalidEntrypoint"
    done = run("diagnose", "--error-file", "-", "--format", "json", stdin=text)
    report = json.loads(done.stdout)
    assert done.returncode == 3
    assert report["diagnosis"]["status"] == "suspected"
    assert report["diagnosis"]["suspects"][0]["cause"] == "arch_image_function_mismatch"
    assert report["calls"] == []


@pytest.mark.parametrize(
    ("options", "code"), [([], 3), (["--fail-on", "error"], 0), (["--fail-on", "never"], 0), (["--exit-zero"], 0)]
)
def test_fail_on_lowers_the_code(options: list[str], code: int) -> None:
    assert (
        run("diagnose", "--error-file", "-", *options, stdin="exec format error /lambda-entrypoint.sh").returncode
        == code
    )


def test_history_report_and_verify_go_on_from_what_was_recorded() -> None:
    with demo_account.mismatch() as account:
        os.environ.update(account.environment)
        first = run("diagnose", "demo")
        history = run("history").stdout.splitlines()
        assert len(history) == 1
        name = history[0].split()[0]
        assert run("report", name).stdout == first.stdout
        not_yet = run("verify", "--format", "json")
        assert not_yet.returncode == 3, not_yet.stderr
        account.functions["demo", "$LATEST"]["Configuration"]["Architectures"] = ["x86_64"]
        done = run("verify")
        assert done.returncode == 0, done.stderr
        assert "now: function and image are both for x86_64" in done.stderr


def test_history_stands_in_columns_and_says_why_nothing_was_found(tmp_path: Path) -> None:
    run("diagnose", "--error-file", "-", stdin="exec format error")
    (tmp_path / "a-folder-without-code").mkdir()
    run("diagnose", "--source", str(tmp_path / "a-folder-without-code"))
    newest, oldest = run("history").stdout.splitlines()
    assert newest.index("inconclusive") == oldest.index("suspected")
    assert "nothing in what was given could be checked" in newest


def test_explain_prints_the_page() -> None:
    done = run("explain", "arch-image-function-mismatch")
    assert done.returncode == 0
    assert "How it is told apart" in done.stdout
    assert "arch_image_function_mismatch" in run("explain").stdout


def test_permissions_are_an_iam_policy() -> None:
    policy = json.loads(run("permissions").stdout)
    assert policy["Version"] == "2012-10-17"


def test_a_target_in_place_of_a_command_is_walked() -> None:
    done = run("demo-function", "--region", "eu-west-1", "--offline")
    assert "Where does it stop?" in done.stdout
    assert "none.tar does not exist" in run("--image", "oci-archive:none.tar").stderr


def test_a_command_that_is_mistyped_is_no_target() -> None:
    done = run("diagnos", "demo-function")
    assert done.returncode == 2
    assert "did you mean diagnose? A function of that name: walk diagnos" in done.stderr


def test_a_terminal_without_our_signs_still_gets_the_report() -> None:
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    command = [sys.executable, "-m", "troubleshooter", "diagnose", "--error-file", "-"]
    done = subprocess.run(command, input=b"exec format error", capture_output=True, check=False, env=narrow)
    assert done.returncode == 3, done.stderr
    assert b"Suspected" in done.stdout


@pytest.mark.parametrize("command", [["walk"], []])
def test_a_walk_without_a_terminal_is_printed(command: list[str]) -> None:
    done = run(*command, "--error-file", "-", stdin="exec format error /lambda-entrypoint.sh")
    assert "Where does it stop?" in done.stdout
    assert "Suspected" in done.stdout


def test_the_demonstration_prints_all_walks_and_all_reports() -> None:
    walks = run("demo")
    assert walks.returncode == 0, walks.stderr
    assert walks.stdout.count("confirmed: ") == 5
    documents = json.loads(run("demo", "--all", "--format", "json").stdout)
    assert [d["diagnosis"]["status"] for d in documents] == ["confirmed"] * 5
    for document in documents:
        jsonschema.validate(document, reports.schema())


def test_terminated_ends_with_143_and_still_writes_the_report(aws_account: Account, tmp_path: Path) -> None:
    aws_account.add_function("demo")
    aws_account.delay(30.0)
    target = tmp_path / "report.json"
    command = [sys.executable, "-m", "troubleshooter", "diagnose", "demo", "--format", "json", "--output", str(target)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ})
    end = time.monotonic() + 20
    while not aws_account.calls and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=10)
    assert process.returncode == 143, error
    report: dict[str, Any] = json.loads(target.read_text())
    assert report["diagnosis"]["status"] == "inconclusive"
    assert report["target"]["function"] == "demo"


def test_a_closed_pipe_is_no_crash() -> None:
    writer = subprocess.Popen(
        [sys.executable, "-m", "troubleshooter", "explain"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert writer.stdout is not None
    writer.stdout.read(1)
    writer.stdout.close()
    writer.stdout = None
    _, error = writer.communicate(timeout=20)
    assert error == b""


def test_an_unwritable_state_folder_does_not_stop_a_diagnosis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    done = run("diagnose", "--error-file", "-", stdin="exec format error /lambda-entrypoint.sh")
    assert done.returncode == 3
    assert "not recorded" in done.stderr


def test_a_refused_update_is_what_is_blamed_not_what_runs(aws_account: Account, tmp_path: Path) -> None:
    files = {"/var/task/app.py": "def handler(event, context):\n    return 1\n"}
    running = aws_account.add_image("demo", "1", images.image(files))
    refused = aws_account.add_image("demo", "2", images.image(files, attestation=True))
    aws_account.add_function("demo", image_uri=running)
    (tmp_path / "error.txt").write_text(
        "An error occurred (InvalidParameterValueException) when calling the UpdateFunctionCode operation: The image "
        f"manifest, config or layer media type for the source image {refused} is not supported."
    )
    done = run("diagnose", "demo", "--error-file", str(tmp_path / "error.txt"), "--format", "json")
    report = json.loads(done.stdout)
    assert report["diagnosis"]["causes"] == ["manifest_index_or_attestation"], report["diagnosis"]
    (finding,) = [f for f in report["findings"] if f["outcome"] == "fail" and f["severity"] != "info"]
    assert finding["subject"] == "attempted"
    assert next(r["rung"] for r in report["ladder"] if r["state"] == "failed") == "deploy"
