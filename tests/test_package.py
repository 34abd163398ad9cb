"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys


def test_version_is_printed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "troubleshooter", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("troubleshooter ")
