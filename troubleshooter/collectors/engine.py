"""The Docker engine. (The owner of this file is about to write it: class Engine(calls, context) is what world.py makes.)"""

from __future__ import annotations

from troubleshooter.facts import CallLog


class Engine:
    """Reads from the Docker engine; nothing is contacted before the first question."""

    def __init__(self, calls: CallLog, context: str | None = None) -> None:
        """`context`: Docker context to use; the current one where not given."""
        self._calls, self._context = calls, context
