"""`python -m tests`: lint, format, types, import contracts and the test suite, in one command.

Extra arguments go to pytest: `python -m tests -k arch`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

STEPS: tuple[tuple[str, ...], ...] = (
    (str(BIN / "ruff"), "check", "."),
    (str(BIN / "ruff"), "format", "--check", "."),
    (sys.executable, "-m", "mypy"),
    (str(BIN / "lint-imports"),),
)


def main(arguments: list[str]) -> int:
    """Runs every step even if an earlier one failed, so that one run names all that is wrong."""
    failed = [step for step in STEPS if subprocess.run(step, cwd=ROOT, check=False).returncode != 0]
    pytest = (sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *arguments)
    # The order of sets is the same in every run, so that a test which depends on it fails in each or in none.
    environment = {"PYTHONHASHSEED": "0", **os.environ}
    if subprocess.run(pytest, cwd=ROOT, check=False, env=environment).returncode != 0:
        failed.append(pytest)
    for step in failed:
        print("failed:", " ".join(step), file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
