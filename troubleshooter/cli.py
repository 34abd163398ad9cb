"""The command line."""

from __future__ import annotations

from troubleshooter import __version__


def main(arguments: list[str]) -> int:
    """Parses and runs; returns the exit code."""
    print(f"troubleshooter {__version__}")  # noqa: T201
    return 0
