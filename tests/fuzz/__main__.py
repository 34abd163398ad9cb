"""`python -m tests.fuzz image --seconds 30`: damaged input for as long as wanted; a failing seed is printed and its input kept.

Memory is capped by the kernel, so that an allocation that trusts a length is a failure and not a swapping machine.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import traceback

from tests.fuzz.image import Targets

SLOWEST_S = 5.0
MEMORY = 1 << 30


def main() -> int:
    """1 where an input broke something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=("image",))
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000, help="the first one")
    parser.add_argument("--once", action="store_true", help="the seed alone")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    targets, seed, count, slowest = Targets(), options.seed, 0, (0.0, 0)
    end = time.monotonic() + options.seconds
    try:
        while time.monotonic() < end or not count:
            began = time.process_time()
            try:
                targets.one(seed)
            except BaseException:
                traceback.print_exc()
                print(f"seed {seed} fails: python -m tests.fuzz {options.target} --once --seed {seed}")
                return 1
            slowest = max(slowest, (time.process_time() - began, seed))
            if slowest[0] > SLOWEST_S:
                print(f"seed {seed} takes {slowest[0]:.1f} s")
                return 1
            seed, count = seed + 1, count + 1
            if options.once:
                break
    finally:
        targets.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)
    print(
        f"{count} inputs from seed {options.seed}, none broke anything; slowest {slowest[0]:.2f} s (seed {slowest[1]}), peak {peak} MiB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
