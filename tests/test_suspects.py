"""Ranking by text: general texts of tools and of AWS lead to their failure mode, look-alikes apart, ordinary output nowhere."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troubleshooter import suspects
from troubleshooter.checks import Mode, all_modes
from troubleshooter.model import Suspect
from troubleshooter.suspects import deciding, rank


def _blocks(name: str) -> list[tuple[str, str]]:
    """(title, text) of a file of blocks that begin with `=== title`."""
    whole = (Path(__file__).parent / "texts" / name).read_text("utf-8")
    return [(t.strip(), b.strip("\n")) for t, _, b in (p.partition("\n") for p in whole.split("=== ")[1:])]


def first(text: str) -> str:
    ranked = rank([text])
    return ranked[0].cause if ranked else ""


@pytest.mark.parametrize(("cause", "text"), _blocks("suspects.txt"))
def test_text_leads_to_its_cause(cause: str, text: str) -> None:
    assert first(text) == cause


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (
            "memory_too_small_cpu",
            "Phase: init\tStatus: timeout\nREPORT RequestId: 1\tMemory Size: 128 MB\tMax Memory Used: 77 MB",
        ),
        (
            "image_entrypoint_hides_ric",
            "Entrypoint: [/usr/bin/dumb-init,--]\tCmd: [gunicorn]\nListening at: http://0.0.0.0:8000\nStatus: timeout",
        ),
        ("base_image_broken_upstream", 'exec: "yum": executable file not found in $PATH'),
        ("extension_launch_failure", "fork/exec /opt/extensions/run.sh: permission denied\nExtension.LaunchError"),
        ("vpc_no_egress", "Task timed out after 60.00 seconds"),
        ("timeout_vs_oom", "Runtime exited with error: signal: killed"),
        (
            "region_mismatch_ecr",
            "Source image 1.dkr.ecr.eu-west-1.amazonaws.com/a:b does not exist. Provide a valid source image.",
        ),
        ("layer_media_type", "The image manifest, config or layer media type for the source image u is not supported."),
        ("py_wrong_abi_tag", "Unable to import module 'app': No module named 'thing._thing'"),
    ],
)
def test_cause_that_shares_its_text_is_among_the_first_three(cause: str, text: str) -> None:
    assert cause in [s.cause for s in rank([text])[:3]]


# Pairs that look alike: the same words but for what tells them apart.
PAIRS = [
    (
        "Error: fork/exec /lambda-entrypoint.sh: exec format error",
        "arch_image_function_mismatch",
        "#7 0.2 exec /bin/sh: exec format error",
        "emulated_build_corruption",
    ),
    (
        "fork/exec /usr/bin/python3: exec format error",
        "arch_image_function_mismatch",
        "fork/exec /opt/extensions/agent: exec format error",
        "extension_arch_mismatch",
    ),
    (
        "version `GLIBC_2.34' not found",
        "native_glibc_too_new",
        "version `GLIBCXX_3.4.30' not found",
        "system_lib_too_old",
    ),
    (
        "libGL.so.1: cannot open shared object file",
        "dynamic_lib_missing",
        "libnss3.so: cannot open shared object file",
        "bundled_libs_not_unpacked",
    ),
    (
        "libxslt.so.1: cannot open shared object file",
        "dynamic_lib_missing",
        "libssl.so.10: cannot open shared object file",
        "build_os_mismatch",
    ),
    ("wrong ELF class: ELFCLASS64", "native_wrong_arch_lib", "invalid ELF header", "native_mac_binary"),
    (
        "[Errno 30] Read-only file system: '/var/task/x'",
        "fs_read_only",
        "[Errno 30] Read-only file system: '/home/sbx_user1051'",
        "home_cache_unwritable",
    ),
    (
        "[Errno 13] Permission denied: '/var/task/app.py'",
        "perm_files_unreadable",
        "fork/exec /app/run.sh: permission denied",
        "entrypoint_not_executable",
    ),
    (
        "because no identity-based policy allows the kms:Decrypt action",
        "kms_env",
        "because no resource-based policy allows the kms:Decrypt action",
        "kms_grant_stale",
    ),
    (
        "Lambda was unable to decrypt the environment variables because the KMS key used is disabled",
        "kms_env",
        "Lambda can't decrypt the container image because the KMS key is disabled",
        "kms_ecr_key",
    ),
    (
        "is not authorized to perform: s3:GetObject",
        "role_missing_permission",
        "is not authorized to perform: lambda:UpdateFunctionCode",
        "deployer_missing_permission",
    ),
    (
        "is not authorized to perform: s3:GetObject",
        "role_missing_permission",
        "is not authorized to perform: s3:GetObject with an explicit deny in a service control policy",
        "scp_denies_action",
    ),
    (
        "is not authorized to perform: lambda:CreateFunction",
        "deployer_missing_permission",
        "is not authorized to perform: ecr:BatchGetImage",
        "ecr_cross_account_policy",
    ),
    ("Source image x does not exist", "ecr_image_absent", "Source image x is not valid", "imageuri_malformed"),
    (
        "find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        "zip_missing_bootstrap",
        "find valid bootstrap(s): [app.handler]\tEntrypoint: []",
        "imageconfig_empty_entrypoint",
    ),
    (
        "Unzipped size must be smaller than 262144000 bytes",
        "zip_size_limits",
        "Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation",
        "env_too_large",
    ),
    (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "response_too_large",
        "RequestEntityTooLargeException: Request must be smaller than 70167211 bytes",
        "zip_size_limits",
    ),
    (
        "/bin/sh: yum: command not found",
        "pkg_manager_mismatch",
        "Error: Unable to find a match: chromium",
        "os_package_unavailable",
    ),
    (
        "Runtime exited without providing a reason",
        "process_exits_by_design",
        "[ERROR] SystemExit: 2\nRuntime exited without providing a reason",
        "sys_exit_in_code",
    ),
    (
        "Phase: init\tStatus: timeout",
        "init_timeout",
        "Uvicorn running on http://0.0.0.0:8080\nPhase: init\tStatus: timeout",
        "ric_missing",
    ),
    (
        "Extension.Crash",
        "extension_version_broken",
        "Error loading shared library libgcc_s.so.1: No such file or directory (needed by /opt/extensions/x)\nExtension.Crash",
        "extension_library_missing",
    ),
    ("signal: segmentation fault", "native_crash", "signal: illegal instruction", "native_cpu_features"),
    (
        "awslambda is not defined",
        "awslambda_undefined_locally",
        "Streaming does not support non-async handlers.",
        "streaming_handler_contract",
    ),
    ("Endpoint request timed out", "apigw_29s", "Malformed Lambda proxy response", "apigw_bad_proxy_response"),
    (
        "execinfo.h: No such file or directory",
        "ric_build_failure",
        "fatal error: Python.h: No such file or directory",
        "dockerfile_build_prereq_missing",
    ),
]


@pytest.mark.parametrize(("one", "its", "other", "others"), PAIRS)
def test_look_alikes_are_told_apart(one: str, its: str, other: str, others: str) -> None:
    assert (first(one), first(other)) == (its, others)


@pytest.mark.parametrize("text", [text for _, text in _blocks("ordinary.txt")])
def test_ordinary_output_suggests_nothing(text: str) -> None:
    assert rank([text]) == []


def test_suspect_quotes_the_text_that_speaks_for_it() -> None:
    [*_, last] = [s for s in rank(["x", "Extension.Crash happened"]) if s.cause == "extension_version_broken"]
    assert "Extension.Crash" in last.why


def test_stronger_matches_come_first_then_more_of_them() -> None:
    weak = "Task timed out after 9.00 seconds"
    assert first(weak) == "function_timeout"
    assert first(f"{weak}\nError: connect ETIMEDOUT 10.0.0.1:443") == "vpc_no_egress"


def test_text_elsewhere_can_speak_against_a_mode() -> None:
    assert "init_timeout" in [s.cause for s in rank(["Phase: init\tStatus: timeout"])]
    assert first("Started server process [8]\nPhase: init\tStatus: timeout") != "init_timeout"


def test_repeated_lines_do_not_push_what_is_rare_out_of_sight() -> None:
    noise = "upstream answered 404 for item 7, skipped"
    assert first("\n".join([noise] * 5000 + ["signal: segmentation fault"] + [noise] * 5000)) == "native_crash"


def test_long_texts_are_looked_at_from_both_ends() -> None:
    filler = "\n".join(f"line {n}" for n in range(20_000))
    assert first(f"signal: segmentation fault\n{filler}") == "native_crash"
    assert first(f"{filler}\nsignal: segmentation fault") == "native_crash"


@pytest.mark.parametrize(
    "filler", ["a", "/", "-", "1", " ", "\t", "a.", "/a", "lib.so.", "'\"x: ", "No module named ", "\n"]
)
def test_hostile_text_costs_little_time(filler: str) -> None:
    began = time.process_time()
    rank([filler * (200_000 // len(filler))])
    assert time.process_time() - began < 4


@given(st.lists(st.text(max_size=200), max_size=5))
def test_any_text_is_ranked(texts: list[str]) -> None:
    causes = [s.cause for s in rank(texts)]
    assert len(set(causes)) == len(causes)
    assert set(causes) <= set(all_modes())


# What decides


def test_deciding_question_is_a_modes_own_where_it_has_one() -> None:
    one, two = Suspect("oom", ""), Suspect("timeout_vs_oom", "")
    assert deciding(one, two) == all_modes()["oom"].ask


def test_deciding_question_else_is_what_a_check_asks_and_needs() -> None:
    one, two = Suspect("kms_ecr_key", ""), Suspect("layer_unsupported", "")
    asked = deciding(one, two)
    assert asked is not None
    assert asked.startswith("Is this so: the image's key can be used?")
    assert "function's name" in asked


def test_the_only_suspect_is_asked_about() -> None:
    assert deciding(Suspect("oom", "")) == all_modes()["oom"].ask
    assert suspects.asks(["one"]) != suspects.asks(["one", "two"])


def test_a_check_that_needs_nothing_given_leaves_the_question_to_the_second() -> None:
    alone, second = Suspect("workdir_missing", ""), Suspect("arch_variant_unsupported", "")
    assert deciding(alone) is None
    assert "a platform that Lambda runs" in (deciding(alone, second) or "")


def test_no_question_where_neither_mode_has_one() -> None:
    assert deciding(Suspect("unheard of", ""), Suspect("neither this", "")) is None


# What a suspect means


def test_a_suspect_says_what_it_means_and_what_would_mend_it() -> None:
    assert suspects.meaning("entrypoint_crlf") == "the entry script has Windows line ends"
    assert suspects.remedy("handler_export_missing").startswith("Name the function that is there")
    assert suspects.meaning("unheard of") == suspects.remedy("unheard of") == ""


# What holds for every mode

MODES = list(all_modes().values())


@pytest.mark.parametrize("mode", MODES, ids=[m.id for m in MODES])
def test_modes_that_a_page_names_exist(mode: Mode) -> None:
    told_apart = mode.page.partition("How it is told apart")[2].partition("Fix\n")[0]
    named = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", told_apart))
    families = {m.id.partition("_")[0] for m in MODES}
    assert {n for n in named if n.partition("_")[0] in families} <= {m.id for m in MODES} | NOT_MODES


NOT_MODES = {"node_modules", "create_task", "env_file"}
"""Names of other things that begin as an id does."""


@pytest.mark.parametrize("mode", MODES, ids=[m.id for m in MODES])
def test_every_page_has_a_fix(mode: Mode) -> None:
    assert mode.section("Fix")
    assert "References" not in mode.section("Fix")
    assert not mode.section("No such heading")


@pytest.mark.parametrize("mode", MODES, ids=[m.id for m in MODES])
def test_signatures_are_sound(mode: Mode) -> None:
    for signature in mode.signatures:
        assert 1 <= signature.weight <= 3
        assert not signature.pattern.search("")
    patterns = [s.pattern.pattern for s in mode.signatures]
    assert len(set(patterns)) == len(patterns)
    assert mode.ask is None or (mode.ask.strip() == mode.ask and mode.ask)


def test_bounds_are_as_described() -> None:
    assert suspects.REPEATS == 2  # a retry shows the same START twice
    assert "async_retry_duplicates" in [
        s.cause for s in rank(["START RequestId: 11111111-2222-3333-4444-555555555555 Version: 1\n" * 3])
    ]
