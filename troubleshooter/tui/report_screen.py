"""The report: a preview of what will be written, and the file to write it to."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static, TextArea

from troubleshooter import reports
from troubleshooter.session import Session
from troubleshooter.text import for_screen
from troubleshooter.tui.base import BACK, HELP, OwnScreen, header
from troubleshooter.tui.inert import line
from troubleshooter.tui.modals import LineModal

SUFFIXES = {"markdown": ".md", "json": ".json", "html": ".html"}


class ReportScreen(OwnScreen):
    """One report."""

    HELP_TEXT = (
        "The report\n\n"
        "m       as Markdown\n"
        "j       as JSON\n"
        "h       as HTML\n"
        "w       write it to a file\n"
        "Esc     back\n"
        "Ctrl+Q  quit\n\n"
        "It is made of the session's journal: today's and last month's are the same."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "Write", id="report.write"),
        Binding("m", "show('markdown')", "Markdown", id="report.markdown"),
        Binding("j", "show('json')", "JSON", id="report.json"),
        Binding("h", "show('html')", "HTML", id="report.html"),
        BACK,
        HELP,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.form = "markdown"

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        yield TextArea(read_only=True, id="preview", soft_wrap=True)
        yield Static(id="status")
        yield Footer()

    def on_mount(self) -> None:
        self.action_show("markdown")
        self.query_one("#preview").focus()

    def on_resize(self) -> None:
        self.query_one("#header", Static).update(header(self.session, "Report", self.size.width))

    def _rendered(self) -> str:
        return reports.render(reports.from_journal(self.session.journal.records), self.form)

    def action_show(self, form: str) -> None:
        self.form = form
        self.query_one("#preview", TextArea).load_text(for_screen(self._rendered()))
        self.query_one("#status", Static).update(line(f"{form}; w writes it to a file"))

    def action_write(self) -> None:
        name = self.session.journal.session or "report"
        self.app.push_screen(LineModal("Write the report to", f"{name}{SUFFIXES[self.form]}"), self._write)

    def _write(self, name: str | None) -> None:
        if name is None:
            return
        path = Path(name).expanduser()
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(self._rendered())
            said = f"✓ written to {path.absolute()}"
        except FileExistsError:
            said = f"✗ {path} exists already; choose another name"
        except OSError as error:
            said = f"✗ {path}: {error.strerror}"
        self.query_one("#status", Static).update(line(said, self.size.width - 2))
