"""`python -m benchmarks`: start-up and the wall time of a diagnosis, as ratios taken in this run.

Start-up is compared with a bare interpreter, and with `aws --version` where it is installed. The diagnosis asks a stand-in
account on loopback that answers every call after a set delay; what is compared is the time above the same diagnosis without
any delay, in units of the longest chain of dependent calls.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROUNDS = 7
CHAIN = ("lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "download of the configuration")


def wall(command: list[str], environment: Mapping[str, str] | None = None) -> float:
    """Seconds that a program takes; its output is dropped."""
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, env=environment)
    return time.perf_counter() - began


def medians(programs: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Median seconds of each, the rounds interleaved so that noise falls on all alike."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            seconds[name].append(program())
    return {name: statistics.median(values) for name, values in seconds.items()}


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
            environment = {**os.environ, **account.environment, "HOME": home, "XDG_STATE_HOME": home}
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


if __name__ == "__main__":
    start_up()
    diagnosis()
