"""The application: screens, signals, clipboard, and an end that leaves the terminal in order."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType

from troubleshooter import demo, journal, playbook, reports, session
from troubleshooter.errors import JournalError, TroubleshooterError
from troubleshooter.exit import ExitCode, of_report
from troubleshooter.model import Target
from troubleshooter.session import Session
from troubleshooter.text import for_screen
from troubleshooter.tui.demo_screen import DemoScreen
from troubleshooter.tui.intake_screen import IntakeScreen
from troubleshooter.tui.walk_screen import WalkScreen


class TroubleshooterApp(App[int]):
    """Intake, or straight to the walk where a target or session is given."""

    CSS_PATH = "troubleshooter.tcss"
    TITLE = "troubleshooter"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", "Quit", id="app.quit", priority=True),
    ]

    def __init__(self, *, target: Target | None = None, session: Session | None = None, demo: bool = False) -> None:
        super().__init__()
        self.asked, self.session, self.demo = target, session, demo
        self.refused: str = ""

    def begin(self) -> int:
        """Runs until it is left; returns the exit code and says how to go on."""
        code = self.run(mouse=True)
        walk = self.session
        if walk is None:
            return code if code is not None else ExitCode.OK
        try:
            walk.end()
        except JournalError as error:
            self.refused = str(error)
        if self.refused:
            print(for_screen(self.refused), file=sys.stderr)  # noqa: T201
        if walk.journal.session:
            name = walk.journal.session
            print(for_screen(f"recorded as {name}; go on with `troubleshooter resume {name}`"), file=sys.stderr)  # noqa: T201
        if code is not None:
            return code
        report = reports.from_journal(walk.journal.records)
        return of_report(report, blind=walk.blind) if walk.diagnosis is not None else ExitCode.OK

    def on_mount(self) -> None:
        self._watch_signals()
        if self.session is not None:
            self.push_screen(WalkScreen(self.session))
        elif self.demo:
            self.push_screen(DemoScreen())
        elif self.asked is not None:
            self.start_walk(self.asked)
        else:
            self.push_screen(IntakeScreen())

    def start_walk(self, target: Target) -> None:
        """Opens a session and its walk; bad input is told where it was typed."""
        try:
            self.open_session(session.new(target, playbook.load()))
        except TroubleshooterError as error:
            if isinstance(self.screen, IntakeScreen):
                self.screen.refuse(str(error))
            else:
                self.push_screen(IntakeScreen(str(error)))

    def start_demo(self, name: str) -> None:
        """Opens the walk of one of the demonstration's incidents."""
        self.open_session(demo.open_session(demo.incident(name)))

    def resume_walk(self, path: Path) -> None:
        """Goes on with a recorded session."""
        try:
            self.open_session(demo.resume(path, playbook.load()))
        except TroubleshooterError as error:
            if isinstance(self.screen, IntakeScreen):
                self.screen.refuse(str(error))

    def open_session(self, walk: Session) -> None:
        if self.session is not None:
            self.session.journal.close()
        self.session = walk
        if walk.unrecorded:
            self.notify(for_screen(f"not recorded: {walk.unrecorded}"), severity="warning", markup=False)
        self.push_screen(WalkScreen(walk))

    def action_leave(self) -> None:
        self.exit(None)

    def action_help_quit(self) -> None:
        """Ctrl+C copies where text is selected, so it does not end a walk; it says what does."""
        self.notify("Ctrl+Q quits; what was recorded can be gone on with", markup=False, timeout=4)

    def copy_command(self, text: str) -> str:
        """Puts one of our own commands on the clipboard, and into a file in case the terminal does not pass it on.

        Returns what to tell the engineer.
        """
        self.copy_to_clipboard(text)
        try:
            path = journal.folder().parent / "last-copied.txt"
            path.write_text(text + "\n", encoding="utf-8")
            path.chmod(0o600)
        except (OSError, JournalError):
            return "copied"
        return f"copied; also in {path}"

    # -- an end in order

    def _watch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and threading.current_thread() is threading.main_thread():
                loop.add_signal_handler(number, self._stopped, int(number))
        if sys.stdin is not None and sys.__stdin__ is not None and sys.__stdin__.isatty():
            threading.Thread(target=self._watch_terminal, name="terminal", daemon=True).start()

    def _stopped(self, number: int) -> None:
        self.exit(128 + number)

    def _watch_terminal(self) -> None:
        """Ends the process when the terminal is gone and nobody told us by a signal: reading it would spin forever."""
        poll = select.poll()
        poll.register(0, select.POLLHUP | select.POLLERR | select.POLLNVAL)
        while not poll.poll(1000):
            pass
        os._exit(129)

    def _fatal_error(self) -> None:
        """Ends with a traceback without local variables: they may hold what must not be shown."""
        text = traceback.format_exc()
        redact = self.session.world.secrets.redact if self.session is not None else str
        self._exit_renderables.append(Text(for_screen(redact(text))))
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = ExitCode.OUR_BUG
        super()._handle_exception(error)
