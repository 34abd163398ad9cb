"""Small questions above a screen: an answer by hand, a note, help. Escape leaves each without a trace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from troubleshooter.tui.inert import content, line


class AnswerModal(ModalScreen[tuple[str, str] | None]):
    """Choose an answer, and say why. Gives (answer, note)."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, question: str, choices: Mapping[str, str], proposed: str) -> None:
        super().__init__()
        self.question, self.choices, self.proposed = question, choices, proposed

    def compose(self) -> ComposeResult:
        options = [
            Option(line(f"{text}{'  (proposed)' if name == self.proposed else ''}"), id=name)
            for name, text in self.choices.items()
        ]
        with Vertical(classes="dialog"):
            yield Static(content(self.question), classes="question")
            yield OptionList(*options)
            yield Input(placeholder="why (kept in the report); Tab to get here")
            yield Static(line("Enter choose   Tab reason   Esc cancel"), classes="keys")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.focus()
        if self.proposed in self.choices:
            options.highlighted = list(self.choices).index(self.proposed)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((str(event.option.id), self.query_one(Input).value.strip()))

    def on_input_submitted(self) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.dismiss((list(self.choices)[highlighted], self.query_one(Input).value.strip()))

    def action_leave(self) -> None:
        self.dismiss(None)


class LineModal(ModalScreen[str | None]):
    """One line of text. Gives it, stripped, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel")]

    def __init__(self, question: str, value: str = "") -> None:
        super().__init__()
        self.question, self.value = question, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog small"):
            yield Static(content(self.question), classes="question")
            yield Input(self.value)
            yield Static(line("Enter keep   Esc cancel"), classes="keys")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)


class HelpModal(ModalScreen[None]):
    """What the screen below is for, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1,enter", "leave", "Close")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog"):
            yield Static(content(self.text))
            yield Static(line("Esc close"), classes="keys")

    def action_leave(self) -> None:
        self.dismiss(None)
