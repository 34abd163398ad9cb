"""The terminal interface: intake → walk → diagnosis → report. The only importer of Textual.

Widgets hold no state: that is the session's. Blocking work runs on our own daemon threads; the event loop only draws.
"""

from __future__ import annotations

from troubleshooter.model import Target
from troubleshooter.session import Session


def run(target: Target | None) -> int:
    """The interface on a target, or beginning with the question for one. Returns the exit code."""
    from troubleshooter.tui.app import TroubleshooterApp

    return TroubleshooterApp(target=target).begin()


def run_session(session: Session) -> int:
    """The interface on a session that was resumed."""
    from troubleshooter.tui.app import TroubleshooterApp

    return TroubleshooterApp(session=session).begin()


def run_demo(name: str | None) -> int:
    """The interface on one of the demonstration's incidents, or on the choice among them."""
    from troubleshooter import demo
    from troubleshooter.tui.app import TroubleshooterApp

    if name is None:
        return TroubleshooterApp(demo=True).begin()
    return TroubleshooterApp(session=demo.open_session(demo.incident(name))).begin()
