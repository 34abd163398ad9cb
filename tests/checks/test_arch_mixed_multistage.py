from __future__ import annotations

import struct

from tests.analysis.elf_bytes import elf
from tests.factories import function_record, image_config
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, aws_base, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.arch_mixed_multistage import arch_mixed_multistage as the_check
from troubleshooter.model import Outcome, Rung

ARM = function_record(architecture="arm64")


def test_a_label_that_lies() -> None:
    found = launched(aws_base("amd64"), ARM, image_config(architecture="arm64")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.SPAWN
    assert "/usr/bin/bash" in "".join(e.source for e in found.evidence)
    assert found.remediation
    assert "linux/arm64" in found.remediation.commands[0]


def test_before_deployment_the_image_contradicts_itself() -> None:
    found = launched(aws_base("amd64"), NO_FUNCTION, image_config(architecture="arm64")).ask(the_check)
    assert found.outcome is Outcome.FAIL


def test_the_interpreter_behind_a_shell_bites_later() -> None:
    found = launched({**aws_base(), "/var/lang/bin/python3.12": program(elf("arm64"))}).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME


def test_an_image_that_names_no_architecture_is_held_against_the_function() -> None:
    found = launched(aws_base("arm64"), image=image_config(architecture="")).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert launched(aws_base(), image=image_config(architecture="")).ask(the_check).outcome is Outcome.PASS


def test_programs_of_other_systems() -> None:
    for head in (b"\xcf\xfa\xed\xfe\x0c\0\0\1", b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0\x64\x86"):
        files = {**custom_base(), "/entry.sh": program(head.ljust(128, b"\0"))}
        assert launched(files, image=script_config()).ask(the_check).outcome is Outcome.FAIL


def test_whether_a_32_bit_program_runs_is_not_known() -> None:
    narrow = bytearray(elf("386"))
    narrow[4] = 1
    files = {**custom_base(), "/entry.sh": program(bytes(narrow))}
    assert launched(files, image=script_config()).ask(the_check).outcome is Outcome.UNKNOWN


def test_where_the_label_differs_it_is_another_mode() -> None:
    found = launched(aws_base("arm64"), function_record(), image_config(architecture="arm64")).ask(the_check)
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_what_fits() -> None:
    assert launched(aws_base()).ask(the_check).outcome is Outcome.PASS
    assert launched(aws_base("arm64"), ARM, image_config(architecture="arm64")).ask(the_check).outcome is Outcome.PASS


def test_other_faults_and_missing_facts() -> None:
    files = {**custom_base(), "/entry.sh": program("exec x\n")}
    assert launched(files, image=script_config()).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
    assert launched(aws_base(), DENIED).ask(the_check).outcome is Outcome.UNKNOWN
