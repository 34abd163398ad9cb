"""The model of execve against the kernel itself: seeded random trees, written to disk and asked in a chroot.

Disagreements that are known and left out of what is generated: 32-bit programs of the CPU's sister (`compat`: whether they
run is the kernel's configuration), names that end in a protected sticky folder, and files on a `noexec` mount.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import tree
from troubleshooter.analysis.spawn.execve import execve
from troubleshooter.facts.tree import Entry, Kind

ORACLE = Path(__file__).with_name("kernel_oracle.py")
CPU = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")
OTHER = {"amd64": "arm64", "arm64": "amd64"}.get(CPU, "")
MISC = Path("/proc/sys/fs/binfmt_misc")
TREES, CALLS = 80, 14

pytestmark = [
    pytest.mark.skipif(os.name != "posix" or sys.platform != "linux", reason="asks the Linux kernel"),
    pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="needs root for chroot and setuid"),
    pytest.mark.skipif(not CPU, reason=f"no hand-made program for {platform.machine()}"),
    pytest.mark.skipif(any(MISC.glob("qemu-*")), reason="another CPU's programs run here (binfmt_misc)"),
]

MODES = (*[0o755] * 20, 0o711, 0o644, 0o700, 0o754, 0o001)
DIRECTORY_MODES = (*[0o755] * 16, 0o711, 0o700, 0o744)


def contents(pick: random.Random, names: list[str]) -> bytes:
    """A file's bytes: programs good and bad, scripts with all sorts of first lines, and plain data."""
    name = pick.choice(names)
    lines: list[bytes] = [
        f"#!{name}\n".encode(),
        f"#!{name}".encode(),
        f"#! \t{name} \t\n".encode(),
        f"#!{name} -x y\n".encode(),
        f"#!{name}\r\n".encode(),
        f"#!{name.lstrip('/')}\n".encode(),
        f"#!{name}/\n".encode(),
        f"#!{name}\0junk\n".encode(),
        b"#!" + b" " * pick.choice([100, 252, 253, 254, 300]) + f"{name}\n".encode(),
        b"#!/" + b"x" * pick.choice([200, 251, 252, 253, 300]) + pick.choice([b"\n", b"", b" y\n"]),
        b"#!",
        b"#!\n",
        b"#!  \n/bin/x\n",
        b"#!\0\n",
        b"\xef\xbb\xbf#!/bin/x\n",
        b"\n#!/bin/x\n",
        b"echo hello\n",
        b"",
        b"MZ",
    ]
    programs: list[bytes] = [
        elf(CPU),
        elf(CPU, kind=3),
        elf(CPU, name),
        elf(CPU, name),
        elf(CPU, name + "/x"),
        elf(CPU, name, name_end=b"/"),
        elf(CPU, "\0"),
        elf(OTHER),
        elf(OTHER, name),
        elf("riscv64"),
        elf(CPU, kind=1),
        elf(CPU, kind=4),
        elf(CPU, entry_size=32),
        elf(CPU)[: pick.choice([3, 4, 20, 63, 64, 100, 119])],
        elf(CPU, name)[: pick.choice([120, 176, 180])],
    ]
    kind = pick.random()
    if kind < 0.35:
        return pick.choice(programs[:5])
    return pick.choice(programs) if kind < 0.6 else pick.choice(lines[:8] if kind < 0.85 else lines)


def random_tree(pick: random.Random) -> dict[str, str | bytes | Entry]:
    """Twenty or so paths: folders, files and links that name one another."""
    folders = ["", *(f"/d{i}" for i in range(4)), "/d0/deep", "/d1/deep"]
    names = [f"{pick.choice(folders)}/f{i}" for i in range(14)]
    links = [f"{pick.choice(folders)}/l{i}" for i in range(6)]
    everything = [*names, *names, *links, *folders[1:3], "/gone", "/d2/gone"]
    made: dict[str, str | bytes | Entry] = {
        folder: Entry(Kind.DIRECTORY, pick.choice(DIRECTORY_MODES)) for folder in folders[1:]
    }
    for name in names:
        content = contents(pick, everything)
        made[name] = Entry(Kind.FILE, pick.choice(MODES), size=len(content), head=content)
    for link in links:
        to = pick.choice(everything)
        made[link] = Entry(Kind.SYMLINK, 0o777, link=pick.choice([to, to, to.lstrip("/"), f"..{to}", to + "/", link]))
    return made


def questions(pick: random.Random, made: dict[str, str | bytes | Entry]) -> list[tuple[str, str]]:
    folders = ["/"] + [p for p, e in made.items() if isinstance(e, Entry) and e.kind is Kind.DIRECTORY]
    others = [p for p in made if p not in folders]
    asked = []
    for _ in range(CALLS):
        path = pick.choice(others if pick.random() < 0.95 else folders)
        forms = [path] * 8 + [path + "/", path[1:], "." + path, f"{path}/x", f"/d0/..{path}", f"/d3/.{path}"]
        form = pick.choice(forms)
        asked.append((form, "/" if pick.random() < 0.7 else pick.choice(folders)))
    return asked


def write(root: Path, made: dict[str, str | bytes | Entry]) -> None:
    root.mkdir(mode=0o755)
    for path, entry in made.items():
        assert isinstance(entry, Entry)
        place = root / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind is Kind.DIRECTORY:
            place.mkdir(exist_ok=True)
        elif entry.kind is Kind.SYMLINK:
            place.symlink_to(entry.link)
        else:
            place.write_bytes(entry.head)
    for path, entry in made.items():
        if isinstance(entry, Entry) and entry.kind is not Kind.SYMLINK:
            (root / path[1:]).chmod(entry.mode)


def kernel(calls: list[tuple[Path, str, str]]) -> list[str]:
    """What the kernel answers to each (root, path, working directory)."""
    asked = json.dumps([(str(root), path, cwd) for root, path, cwd in calls])
    ran = subprocess.run(
        [sys.executable, str(ORACLE)], input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    answers: list[str] = json.loads(ran.stdout)
    return answers


@pytest.fixture
def executable_folder(tmp_path: Path) -> Path:
    """A folder in which programs may run and which everybody may enter once it is the root."""
    write(tmp_path / "probe", {"/ok": Entry(Kind.FILE, 0o755, head=elf(CPU))})
    if kernel([(tmp_path / "probe", "/ok", "/")]) != ["ok"]:
        pytest.skip(f"programs in {tmp_path} do not run (noexec?)")
    return tmp_path


def test_execve_agrees_with_the_kernel(executable_folder: Path) -> None:
    calls: list[tuple[Path, str, str]] = []
    mine = []
    for seed in range(TREES):
        pick = random.Random(seed)  # noqa: S311
        made = random_tree(pick)
        root = executable_folder / str(seed)
        write(root, made)
        files = tree(made)
        for path, cwd in questions(pick, made):
            calls.append((root, path, cwd))
            mine.append(execve(files, path, CPU, cwd))
    said = kernel(calls)
    disagreements = [
        (root.name, path, cwd, theirs, ours.errno, ours.detail)
        for (root, path, cwd), theirs, ours in zip(calls, said, mine, strict=True)
        if theirs != ours.errno
    ]
    assert disagreements == []
    # The generator must reach every answer often enough for agreement to mean something.
    assert len(said) >= 1000
    for errno in ("ok", "ENOENT", "EACCES", "ENOEXEC", "ENOTDIR", "ELOOP", "ELIBBAD", "EIO"):
        assert said.count(errno) >= 3, (errno, {a: said.count(a) for a in set(said)})


def test_the_depth_of_scripts(executable_folder: Path) -> None:
    made: dict[str, str | bytes | Entry] = {"/s0": Entry(Kind.FILE, 0o755, size=len(elf(CPU)), head=elf(CPU))}
    for i in range(1, 9):
        line = f"#!/s{i - 1}\n".encode()
        made[f"/s{i}"] = Entry(Kind.FILE, 0o755, size=len(line), head=line)
    write(executable_folder / "scripts", made)
    calls = [(executable_folder / "scripts", f"/s{i}", "/") for i in range(9)]
    mine = [execve(tree(made), path, CPU).errno for _, path, _ in calls]
    assert mine == kernel(calls)
    assert set(mine) == {"ok", "ELOOP"}


def test_the_depth_of_links(executable_folder: Path) -> None:
    made: dict[str, str | bytes | Entry] = {"/l0": Entry(Kind.FILE, 0o755, size=len(elf(CPU)), head=elf(CPU))}
    for i in range(1, 44):
        made[f"/l{i}"] = Entry(Kind.SYMLINK, 0o777, link=f"l{i - 1}")
    write(executable_folder / "links", made)
    calls = [(executable_folder / "links", f"/l{i}", "/") for i in range(38, 44)]
    mine = [execve(tree(made), path, CPU).errno for _, path, _ in calls]
    assert mine == kernel(calls)
    assert set(mine) == {"ok", "ELOOP"}


@pytest.mark.parametrize("length", [254, 255, 256, 400])
def test_long_names(executable_folder: Path, length: int) -> None:
    write(executable_folder / "names", {"/ok": Entry(Kind.FILE, 0o755, head=elf(CPU))})
    path = "/" + "n" * length
    files = tree({"/ok": Entry(Kind.FILE, 0o755, head=elf(CPU))})
    assert [execve(files, path, CPU).errno] == kernel([(executable_folder / "names", path, "/")])
