"""`python -m benchmarks calls [--aws PROGRAM]`: the calls of one diagnosis at 50 ms each, against the same by a shell script.

The stand-in account answers every call after a delay. The plan is a diagnosis in a running process, by clients opened anew;
its time is given in multiples of the longest chain of calls that depend on each other, which follows from what providers need.
The script makes the same calls one after the other with the AWS CLI, `aws` on PATH or the program given; without one that half
is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.timing import medians, program, wall

DELAY_S = 0.05
GOAL, FASTER = 2.0, 15.0
PLAN, SHELL = "the plan, in a running process", "diagnose, from the shell"
SCRIPT = "the same calls, a script of aws"


def main(arguments: list[str]) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks calls")
    parser.add_argument("--aws", default=shutil.which("aws"), help="the AWS CLI")
    aws = parser.parse_args(arguments).aws
    from tests.lab import demo_account

    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        diagnose = [sys.executable, "-m", "troubleshooter", "diagnose", "demo", "--output", f"{home}/report.md"]
        plan = [sys.executable, "-m", "benchmarks.plan", "demo"]
        account = stack.enter_context(demo_account.everything())
        account.delay(DELAY_S)
        environment = {
            **os.environ,
            **account.environment,
            "HOME": home,
            "XDG_STATE_HOME": home,
            "XDG_CACHE_HOME": home,
        }
        wall(diagnose, environment)
        asked = [(c.service, c.operation, c.parameters) for c in account.calls]
        programs = {
            PLAN: lambda: program(plan, printed=True, environment=environment).wall,
            SHELL: lambda: wall(diagnose, environment),
        }
        if aws:
            script = Path(home) / "calls.sh"
            script.write_text("".join(f"{_command(aws, *call)}\n" for call in asked), encoding="utf-8")
            programs[SCRIPT] = lambda: wall(["sh", str(script)], environment)
        results = medians(programs)
    chain = longest_chain(Counter(f"{service}:{operation}" for service, operation, _ in asked))
    _table(results, len(asked), chain)
    return 0


def _table(results: Mapping[str, float], calls: int, chain: int) -> None:
    for name, seconds in results.items():
        print(f"{name:<38}{seconds * 1000:>9.0f} ms")
    waited = chain * DELAY_S
    print(f"{calls} calls, the longest chain has {chain}: {waited * 1000:.0f} ms")
    print(f"the plan: {results[PLAN] / waited:.2f} x the chain (goal {GOAL:g})")
    if SCRIPT in results:
        faster = {name: results[SCRIPT] / seconds for name, seconds in results.items()}
        print(
            f"faster than the script: the plan {faster[PLAN]:.1f} x (goal {FASTER:g}), from the shell {faster[SHELL]:.1f} x"
        )
    else:
        print("the script was left out: there is no `aws` on PATH, and none was given by --aws")


def longest_chain(made: Mapping[str, int]) -> int:
    """The most calls that depend on each other, of those that were made; the record at the end waits for all others."""
    from troubleshooter.facts import Cost
    from troubleshooter.facts.function import RecordAtEnd
    from troubleshooter.world import all_providers

    providers = all_providers()

    def depth(kind: type, seen: frozenset[type], left: Mapping[str, int]) -> int:
        if kind in seen:
            return 0
        ways = []
        for provider in providers.get(kind, ()):
            if provider.cost > Cost.CALL:
                continue  # whole layers and packages are no part of the plan
            own = [operation for operation in provider.asks if left.get(operation, 0)]
            rest = {**left, **{operation: left[operation] - 1 for operation in own}}
            below = (depth(need.fact, seen | {kind}, rest) for need in provider.needs)
            ways.append(len(own) + max(below, default=0))
        return max(ways, default=0)

    return max(depth(kind, frozenset(), made) for kind in providers if kind is not RecordAtEnd) + 1


def _command(program: str, service: str, operation: str, parameters: Mapping[str, object]) -> str:
    """One call as a command line."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", operation).lower()
    words = [program, service, name, "--no-paginate", "--output", "json"]
    return shlex.join([*words, "--cli-input-json", json.dumps(parameters)])
