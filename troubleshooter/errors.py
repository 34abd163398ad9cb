"""Every exception that the product raises on purpose.

    TroubleshooterError
    ├── UsageError           the user's input is wrong: names the thing, the place and the way out (exit 2)
    │   └── PlaybookError    a set of playbooks that does not load, with all its problems (exit 2)
    ├── JournalError         a journal that cannot be read or written
    └── ReadOnlyViolation    a call outside the allow-list: always our bug (exit 1)

What a *source* could not deliver is not an exception of this tree but a value: `facts.Unavailable`.
"""

from __future__ import annotations


class TroubleshooterError(Exception):
    """Base of all; its text is one or more sentences fit for the user."""


class UsageError(TroubleshooterError):
    """Bad input: the message names the thing, the place and the way out."""


class PlaybookError(UsageError):
    """Playbooks that do not load. `problems` holds one line for each mistake: file:line: what, and the nearest name."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class JournalError(TroubleshooterError):
    """A journal that cannot be opened, locked, read or written."""


class ReadOnlyViolation(TroubleshooterError):
    """An AWS operation outside the allow-list was about to be sent. Nothing was sent."""
