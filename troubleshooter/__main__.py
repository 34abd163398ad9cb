"""`python -m troubleshooter`, and the console script."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Runs the command line; returns the exit code."""
    # Nearly all objects of a run live to its end: looking through them again and again takes a tenth of its start.
    gc.set_threshold(100_000, 20, 50)
    from troubleshooter import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
