"""Clocks of the benchmarks: walls, processor times and memory of programs, the rounds interleaved."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ROUNDS = 7
LONGEST_S = 900
"""Seconds that one program may take."""


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


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program: its wall, the processor time of it and its children, and what it printed."""

    wall: float
    cpu: float
    printed: Mapping[str, Any] = field(default_factory=dict)


def program(
    command: Sequence[str],
    *,
    cores: int | None = None,
    printed: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Runs a program, on so many cores. One that prints JSON says `seconds` and `cpu` without its start-up."""

    def pin() -> None:
        if cores is not None:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])

    before, began = os.times(), time.perf_counter()
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, preexec_fn=pin, timeout=LONGEST_S, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{' '.join(command)[:120]}: not done after {LONGEST_S} s") from error
    seconds, after = time.perf_counter() - began, os.times()
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)[:120]}: {done.stderr.decode(errors='replace')[-500:]}")
    spent = (after.children_user - before.children_user) + (after.children_system - before.children_system)
    if not printed:
        return Run(seconds, spent)
    found = json.loads(done.stdout)
    return Run(found["seconds"], found["cpu"], found)


def best(runs: Mapping[str, Callable[[], Run]], rounds: int, say: Callable[[str], object]) -> dict[str, Run]:
    """Of each the run with the shortest wall, the rounds interleaved. Each is said once it is measured; what fails is left out."""
    found: dict[str, list[Run]] = {}
    left_out: set[str] = set()
    for number in range(rounds):
        for name, run in runs.items():
            if name in left_out:
                continue
            try:
                done = run()
            except (RuntimeError, OSError) as error:
                left_out.add(name)
                say(f"left out: {name}: {error}")
                continue
            found.setdefault(name, []).append(done)
            say(f"round {number + 1} of {rounds}: {name:<34}{done.wall:>8.2f} s{done.cpu:>8.2f} cpu s")
    return {
        name: Run(min(r.wall for r in each), min(r.cpu for r in each), max(each, key=_peak).printed)
        for name, each in found.items()
        if each
    }


def _peak(run: Run) -> int:
    return int(run.printed.get("peak", 0))
