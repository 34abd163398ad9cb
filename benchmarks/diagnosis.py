"""Wall time of `diagnose` on a stand-in account that answers every call after a set delay.

What is compared is the time above the same diagnosis without any delay, in units of the longest chain of dependent calls.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.timing import medians, wall

CHAIN = ("lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "download of the configuration")


def diagnosis() -> None:
    """Wall time of `diagnose` on a mismatch, with and without latency."""
    from tests.lab import demo_account

    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        report = str(Path(home) / "report.json")
        command = [sys.executable, "-m", "troubleshooter", "diagnose", "demo", "--format", "json", "--output", report]

        def timed(delay: float) -> Callable[[], float]:
            account = stack.enter_context(demo_account.mismatch())
            account.delay(delay)
            environment = {
                **os.environ,
                **account.environment,
                "HOME": home,
                "XDG_STATE_HOME": home,
                "XDG_CACHE_HOME": home,
            }
            return lambda: wall(command, environment)

        results = medians({"0": timed(0.0), "0.05": timed(0.05), "0.1": timed(0.1)})
    start = results["0"]
    print()
    print(f"{'diagnose, latency a call':<28}{'ms':>8}{'above start':>13}{'chain ms':>10}{'ratio (goal 2.5)':>18}")
    for name, seconds in results.items():
        chain = float(name) * len(CHAIN)
        ratio = f"{(seconds - start) / chain:.2f}" if chain else "-"
        above = (seconds - start) * 1000
        print(f"{float(name) * 1000:<28.0f}{seconds * 1000:>8.0f}{above:>13.0f}{chain * 1000:>10.0f}{ratio:>18}")
    print("chain: " + " → ".join(CHAIN))
