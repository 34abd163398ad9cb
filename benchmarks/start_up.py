"""Start-up, compared with a bare interpreter, and with `aws --version` where it is installed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable

from benchmarks.timing import medians, wall


def start_up() -> None:
    """Start-up table."""
    python, own = sys.executable, [sys.executable, "-m", "troubleshooter"]
    programs: dict[str, Callable[[], float]] = {
        "python -c pass": lambda: wall([python, "-c", "pass"]),
        "troubleshooter --version": lambda: wall([*own, "--version"]),
        "troubleshooter --help": lambda: wall([*own, "--help"]),
    }
    if shutil.which("aws"):
        programs["aws --version"] = lambda: wall(["aws", "--version"])
    results = medians(programs)
    floor, peer = results["python -c pass"], results.get("aws --version")
    print(f"{'start-up':<28}{'ms':>8}{'x python':>10}{'x faster than aws':>20}")
    for name, seconds in results.items():
        faster = f"{peer / seconds:.1f}" if peer else "-"
        print(f"{name:<28}{seconds * 1000:>8.0f}{seconds / floor:>10.1f}{faster:>20}")
