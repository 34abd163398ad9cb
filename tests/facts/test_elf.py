from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.elf import elf
from troubleshooter.facts.elf import identify, read_elf

PROGRAM = elf(interpreter="/lib64/ld-linux-x86-64.so.2", needed=["libc.so.6", "libm.so.6"], runpath="$ORIGIN/lib")
LIBRARY = elf("arm64", shared=True, needed=["libGL.so.1"], versions={"libc.so.6": ["GLIBC_2.17", "GLIBC_2.38"]})


def test_a_dynamic_program() -> None:
    found = read_elf(PROGRAM)
    assert found
    assert (found.machine, found.bits, found.type) == ("amd64", 64, "executable")
    assert found.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert found.needed == ("libc.so.6", "libm.so.6")
    assert found.runpath == "$ORIGIN/lib"
    assert found.complete
    assert not found.problem


def test_a_shared_object_with_version_needs() -> None:
    found = read_elf(LIBRARY)
    assert found
    assert (found.machine, found.type, found.interpreter) == ("arm64", "shared", None)
    assert found.versions == (("libc.so.6", "GLIBC_2.17"), ("libc.so.6", "GLIBC_2.38"))


def test_the_head_tells_machine_and_interpreter_and_says_what_it_lacks() -> None:
    whole = elf("arm64", interpreter="/lib/ld-musl-aarch64.so.1", needed=["libc.so"], padding=8000)
    head = read_elf(whole[:4096], len(whole))
    assert head
    assert head.machine == "arm64"
    # The lab's builder puts the name behind the text; compilers put it in front.
    assert not head.complete
    assert not head.needed
    assert not head.problem
    again = read_elf(whole)
    assert again
    assert again.interpreter == "/lib/ld-musl-aarch64.so.1"


def test_a_file_that_is_cut_short_has_a_problem() -> None:
    cut = read_elf(PROGRAM[: len(PROGRAM) // 2])
    assert cut
    assert "cut short" in cut.problem
    header = read_elf(PROGRAM[:30])
    assert header
    assert header.machine == "amd64"
    assert "cut short" in header.problem


@pytest.mark.parametrize("order", ["<", ">"])
def test_32_bits_and_both_byte_orders(order: str) -> None:
    identity = b"\x7fELF\x01" + (b"\x01" if order == "<" else b"\x02") + b"\x01" + bytes(9)
    name = b"/lib/ld.so\0"
    header = struct.pack(order + "16sHHIIIIIHHHHHH", identity, 2, 40, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack(order + "IIIIIIII", 3, 84, 0, 0, len(name), len(name), 4, 1)
    found = read_elf(header + segment + name)
    assert found
    assert (found.machine, found.bits, found.interpreter) == ("arm", 32, "/lib/ld.so")


def test_other_systems_programs() -> None:
    assert identify(PROGRAM).machines == ("amd64",)  # type: ignore[union-attr]
    arm_mac = identify(b"\xcf\xfa\xed\xfe" + struct.pack("<I", 0x0100000C) + bytes(24))
    assert arm_mac
    assert (arm_mac.format, arm_mac.machines) == ("mach-o", ("arm64",))
    fat = (
        b"\xca\xfe\xba\xbe"
        + struct.pack(">I", 2)
        + b"".join(struct.pack(">IIIII", c, 0, 0, 0, 0) for c in (0x01000007, 0x0100000C))
    )
    assert identify(fat).machines == ("amd64", "arm64")  # type: ignore[union-attr]
    assert identify(b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(60)) is None, "a Java class file"
    windows = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664)
    assert identify(windows).machines == ("amd64",)  # type: ignore[union-attr]
    assert identify(b"#!/bin/sh\n") is None
    assert identify(b"MZ") is None
    assert identify(b"") is None


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_no_damage_raises(seed: int, changes: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    data = bytearray(dice.choice((PROGRAM, LIBRARY)))
    for _ in range(changes):
        data[dice.randrange(4, min(len(data), 1200))] = dice.choice((0, 1, 255, dice.randrange(256)))
    read_elf(bytes(data[: dice.randrange(len(data))]))
    found = read_elf(bytes(data))
    assert found is None or (len(found.needed) <= 4096 and len(found.versions) <= 4096)


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs binutils' readelf as the oracle")
@pytest.mark.parametrize("path", [sys.executable, "/bin/sh", "/bin/ls"])
def test_agrees_with_readelf(path: str) -> None:
    done = subprocess.run(["readelf", "-dlW", path], capture_output=True, text=True, check=True)
    needed = [line.rpartition("[")[2].rstrip("]") for line in done.stdout.splitlines() if "(NEEDED)" in line]
    loader = [
        line.rpartition(": ")[2].rstrip("]") for line in done.stdout.splitlines() if "program interpreter" in line
    ]
    found = read_elf(Path(path).read_bytes())
    assert found
    assert list(found.needed) == needed
    assert found.interpreter == loader[0]
