"""`python -m troubleshooter`, and the console script."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line; returns the exit code."""
    from troubleshooter import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
