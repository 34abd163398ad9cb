from __future__ import annotations

from tests.analysis.elf_bytes import elf
from tests.launching import LOADERS, NO_TREE, Files, aws_base, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_loader_missing import entrypoint_loader_missing as the_check
from troubleshooter.model import Outcome, Rung, Verdict

MUSL = "/lib/ld-musl-x86_64.so.1"


def verdict(content: bytes, files: Files | None = None) -> Verdict:
    made = {**custom_base(), "/main": program(content), **(files or {})}
    return launched(made, image=script_config("/main")).ask(the_check)


def test_a_musl_program_on_a_glibc_base() -> None:
    found = verdict(elf(interpreter=MUSL))
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.SPAWN
    assert MUSL in found.message
    assert [e.source for e in found.evidence[1:]] == ["image /main", "image /usr/lib/ld-musl-x86_64.so.1"]
    assert found.remediation
    assert "musl" in found.remediation.text


def test_a_glibc_program_without_a_c_library() -> None:
    files: Files = {"/main": program(elf(interpreter=LOADERS["amd64"]))}
    found = launched(files, image=script_config("/main", workdir="/")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "glibc" in found.remediation.text


def test_behind_the_entry_script_it_bites_later() -> None:
    files = {**aws_base(), "/var/lang/bin/python3.12": program(elf(interpreter=MUSL))}
    found = launched(files).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


def test_static_programs_need_none() -> None:
    assert verdict(elf()).outcome is Outcome.PASS
    assert verdict(elf(interpreter=LOADERS["amd64"])).outcome is Outcome.PASS


def test_look_alikes() -> None:
    assert verdict(b"#!/bin/zsh\n").outcome is Outcome.NOT_APPLICABLE
    foreign = verdict(elf(interpreter="/ld"), {"/ld": program(elf("arm64"))})
    assert foreign.outcome is Outcome.NOT_APPLICABLE


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
