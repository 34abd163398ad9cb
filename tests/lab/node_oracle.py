"""The Node.js of this machine as an oracle: handlers loaded as Lambda's runtime client loads them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.isolation import ORIGINAL_ENVIRONMENT
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import Entry, FileTree, Kind

HARNESS = Path(__file__).with_name("node_oracle.mjs")
LAMBDA_FLAGS = ("--no-experimental-require-module", "--no-experimental-detect-module")


@dataclass(frozen=True)
class Said:
    """What became of one handler."""

    outcome: str
    """`loads`, `malformed`, `not exported`, or `fails`."""
    path: str | None
    """The file that was loaded, or was about to be."""
    loaded: bool
    name: str = ""
    code: str = ""
    message: str = ""

    @property
    def error(self) -> str:
        return f"{self.name}: {self.message}"


def node_version() -> tuple[int, ...]:
    """Version of the node on PATH. Skips where there is none, which is a failure where oracles are required."""
    program = shutil.which("node")
    if program is None:
        why = "node is not installed, so there is nothing to hold the model of its loader against"
        if ORIGINAL_ENVIRONMENT.get("TROUBLESHOOTER_REQUIRE_ENGINE"):
            pytest.fail(why)
        pytest.skip(why)
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=30)
    return tuple(int(part) for part in done.stdout.strip().lstrip("v").split("."))


def ask(cases: Sequence[tuple[Path, str, str]], *flags: str) -> list[Said]:
    """(root, handler, NODE_PATH) of each case → what node made of it, all in one process."""
    given = [{"root": str(root), "handler": handler, "nodePath": path} for root, handler, path in cases]
    done = subprocess.run(
        ["node", *flags, str(HARNESS)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=300,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout)
    assert len(answers) == len(cases)
    return [
        Said(a["outcome"], a["path"], a["loaded"], a.get("name") or "", a.get("code") or "", a.get("message") or "")
        for a in answers
    ]


def write(root: Path, files: dict[str, str]) -> None:
    """Files by relative path; a text `-> target` makes a symbolic link."""
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            path.symlink_to(text[3:])
        else:
            path.write_text(text, "utf-8")


def tree_of(root: Path, files: dict[str, str]) -> FileTree:
    """The same files as a tree, at the same absolute paths."""
    entries: dict[str, Entry] = {}
    contents: dict[str, bytes] = {}
    for name, text in files.items():
        path = str(root / name)
        parent = path.rpartition("/")[0]
        while parent:
            entries.setdefault(parent, Entry(Kind.DIRECTORY, 0o755))
            parent = parent.rpartition("/")[0]
        if text.startswith("-> "):
            entries[path] = Entry(Kind.SYMLINK, link=text[3:])
        else:
            contents[path] = text.encode()
            entries[path] = Entry(Kind.FILE, size=len(contents[path]), head=contents[path][:256])
    return FileTree(entries, contents.get)


def runtime(
    reading: object,
    root: Path,
    handler: str,
    version: tuple[int, ...],
    node_path: str,
    flags: tuple[str, ...] = LAMBDA_FLAGS,
) -> RuntimeModel:
    """A runtime client on an image that is not AWS's."""
    return RuntimeModel(
        reading=reading,  # type: ignore[arg-type]
        language="node",
        client="ric",
        version=version,
        handler=handler,
        task_root=str(root),
        search_path=tuple(p for p in node_path.split(":") if p),
        flags=flags,
    )
