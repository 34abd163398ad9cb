"""What `#!/usr/bin/env NAME` comes to, against the machine's own env: seeded random trees and PATHs, run in a chroot.

Left out of what is generated: files that are neither programs nor begin with `#!` (the C library's execvp hands those to
/bin/sh), folders of PATH that are files (the exit status then depends on their order), and `env -S`, which busybox has not.
"""

from __future__ import annotations

import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.analysis.elf_bytes import elf
from tests.analysis.test_spawn_against_kernel import CPU, DIRECTORY_MODES, MODES, pytestmark, write
from tests.factories import IMAGE, tree
from troubleshooter.analysis.spawn.outcome import Process
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.tree import Entry, FileTree, Kind

__all__ = ["pytestmark"]

ORACLE = Path(__file__).with_name("kernel_oracle.py")
ENV = Path("/usr/bin/env")
TREES, CALLS = 60, 10
FOLDERS = ("/d0", "/d1", "/d2", "/d1/deep")


def libraries() -> list[Path]:
    """The loader and libraries that the machine's env needs."""
    if not shutil.which("ldd") or not ENV.exists():
        pytest.skip("no env, or no ldd to tell its libraries")
    told = subprocess.run(["ldd", str(ENV)], capture_output=True, text=True, check=True).stdout
    return [Path(found) for found in re.findall(r"(/\S+)(?= \()", told)]


def random_tree(pick: random.Random) -> dict[str, Entry]:
    """Folders of PATH with programs, scripts, links and folders under a few names, so that they hide one another."""
    made = {folder: Entry(Kind.DIRECTORY, pick.choice(DIRECTORY_MODES)) for folder in FOLDERS}
    names = [f"{folder}/{name}" for folder in FOLDERS for name in ("a", "b", "c")]
    for path in names:
        kind = pick.random()
        if kind < 0.35:
            continue
        if kind < 0.45:
            made[path] = Entry(Kind.SYMLINK, 0o777, link=pick.choice([*names, path, "/gone", "b"]))
        elif kind < 0.5:
            made[path] = Entry(Kind.DIRECTORY, 0o755)
        else:
            content = pick.choice(
                [elf(CPU), elf(CPU), elf(CPU), b"#!/gone\n", f"#!{pick.choice(names)}\n".encode(), elf(CPU, "/gone")]
            )
            made[path] = Entry(Kind.FILE, pick.choice(MODES), size=len(content), head=content)
    for name in ("a", "b", "c"):
        content = f"#!/usr/bin/env {name}\n".encode()
        made[f"/entry-{name}"] = Entry(Kind.FILE, 0o755, size=len(content), head=content)
    return made


def search(pick: random.Random) -> str:
    parts = [pick.choice([*FOLDERS, *FOLDERS, "/gone", "d2", ""]) for _ in range(pick.randint(1, 4))]
    return ":".join(parts)


def with_env(files: dict[str, Entry]) -> FileTree:
    """The same tree with an env in it, whose own start is not asked about."""
    program = elf(CPU)
    entry = Entry(Kind.FILE, 0o755, size=len(program), head=program)
    merged: dict[str, str | bytes | Entry] = {**files, "/usr/bin/env": entry}
    return tree(merged)


def place(root: Path, needed: list[Path]) -> None:
    for path in (ENV, *needed):
        target = root / str(path)[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path.resolve(), target)
    for folder in root.rglob("usr"), root.rglob("lib*"):
        for each in folder:
            each.chmod(0o755)


def expected(files: FileTree, entry: str, path: str, cwd: str) -> int:
    launch = EffectiveLaunch(
        reading=IMAGE,
        entrypoint=(entry,),
        entrypoint_origin="image",
        command=(),
        command_origin="none",
        workdir=cwd,
        workdir_origin="image",
        path=path,
    )
    ended = Process(files, CPU, launch).run()
    if ended.outcome.cause == "ok":
        return 0
    assert ended.stage == "env", ended
    return 127 if ended.outcome.errno == "ENOENT" else 126


def test_env_agrees_with_the_machines_own(tmp_path: Path) -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("asks glibc's execvp")
    needed, asked, mine = libraries(), [], []
    for seed in range(TREES):
        pick = random.Random(seed)  # noqa: S311
        made = random_tree(pick)
        root = tmp_path / str(seed)
        write(root, made)  # type: ignore[arg-type]
        place(root, needed)
        files = with_env(made)
        for _ in range(CALLS):
            entry, path, cwd = f"/entry-{pick.choice('abc')}", search(pick), "/"
            asked.append((str(root), entry, cwd, path))
            mine.append(expected(files, entry, path, cwd))
    ran = subprocess.run(
        [sys.executable, str(ORACLE), "status"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env=dict(os.environ),
    )
    said = json.loads(ran.stdout)
    disagreements = [
        (a[0].rpartition("/")[2], *a[1:], t, o) for a, t, o in zip(asked, said, mine, strict=True) if t != o
    ]
    assert disagreements == []
    assert len(said) >= 500
    for status in (0, 126, 127):
        assert said.count(status) >= 20, {s: said.count(s) for s in set(said)}
