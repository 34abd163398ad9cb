"""The choice among the demonstration's incidents."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from troubleshooter.demo import incidents
from troubleshooter.tui.base import HELP, OwnScreen
from troubleshooter.tui.inert import line


class _Incidents(OptionList):
    """A list whose key stands in the footer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Walk it")]


class DemoScreen(OwnScreen):
    """Pick an incident."""

    HELP_TEXT = (
        "Five real incidents as made-up accounts inside this process.\n\n"
        "Each is walked by the same collectors and checks as the real thing; no socket is opened.\n\n"
        "↑ ↓     choose\n"
        "Enter   walk it\n"
        "Ctrl+Q  quit"
    )
    BINDINGS: ClassVar[list[BindingType]] = [HELP]

    def compose(self) -> ComposeResult:
        yield Static(line("troubleshooter demo   five incidents; no account, no engine, no network"), id="header")
        options = [
            Option(Content("\n").join([line(i.title, style="bold"), line(i.story), Content("")]), id=i.name)
            for i in incidents().values()
        ]
        yield _Incidents(*options, id="incidents")
        yield Footer()

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.own_app.start_demo(str(event.option.id))
