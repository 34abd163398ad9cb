"""The npm of this machine, as an oracle: its own modules, run by node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def npm_home() -> Path:
    """npm's folder. Skips where there is no npm, which is an error where the oracles are required."""
    script = shutil.which("npm")
    if script is None or shutil.which("node") is None:
        why = "npm is not installed, so there is nothing to hold our reading of its rules against"
        if os.environ.get("TROUBLESHOOTER_REQUIRE_ENGINE"):
            pytest.fail(why)
        pytest.skip(why)
    return Path(os.path.realpath(script)).parent.parent


def run_node(script: str, given: object, *, timeout_s: float = 60) -> Any:
    """Runs a script whose last words are JSON; `given` is what it reads as `given`, npm's modules as `npm(name)`."""
    modules = npm_home() / "node_modules"
    head = (
        f"const npm = name => require({json.dumps(str(modules))} + '/' + name);"
        "const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
    )
    done = subprocess.run(
        ["node", "-e", head + script], input=json.dumps(given), capture_output=True, text=True, timeout=timeout_s
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
