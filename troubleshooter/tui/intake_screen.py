"""What is failing? A function, an image, a file, a folder, or pasted text; or a session to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from troubleshooter import journal
from troubleshooter.errors import JournalError
from troubleshooter.intake import TRANSPORTS
from troubleshooter.model import Target
from troubleshooter.tui.base import OwnScreen
from troubleshooter.tui.inert import content, line

RECENT = 5
TEMPLATE_SUFFIXES = (".yaml", ".yml", ".json", ".template")
ARCHIVE_SUFFIXES = (".tar", ".oci")
LOG_SUFFIXES = (".log", ".txt", ".csv", ".jsonl")


def understood(typed: str, pasted: str) -> Target:
    """What the engineer means: by transport, then by what lies at a path, else a function's name."""
    text = pasted.strip() or None
    typed = typed.strip()
    path = Path(typed).expanduser() if typed else None
    if typed.partition(":")[0] in TRANSPORTS and ":" in typed:
        return Target(image=typed, error_text=text)
    if path is not None and path.is_dir():
        if (path / "oci-layout").is_file():
            return Target(image=f"oci:{path}", error_text=text)
        return Target(source=path, error_text=text)
    if path is not None and path.is_file():
        return _file(path, text)
    if ("/" in typed or ":" in typed) and not typed.startswith("arn:"):
        return Target(image=typed, error_text=text)
    return Target(function=typed or None, error_text=text)


def _file(path: Path, text: str | None) -> Target:
    if path.suffix in TEMPLATE_SUFFIXES:
        return Target(template=path, error_text=text)
    if path.suffix in ARCHIVE_SUFFIXES:
        return Target(image=f"{_archive(path)}:{path}", error_text=text)
    return Target(logs=path, error_text=text)


def _archive(path: Path) -> str:
    """Which kind of image archive a tar is, by what lies in it."""
    import tarfile

    try:
        with tarfile.open(path) as tar:
            names = set(tar.getnames())
    except (tarfile.TarError, OSError):
        return "docker-archive"
    return "docker-archive" if "manifest.json" in names else "oci-archive"


class IntakeScreen(OwnScreen):
    """The first screen."""

    HELP_TEXT = (
        "What is failing?\n\n"
        "Type a function's name or ARN, an image (docker-daemon:, docker-archive:, oci-archive:, oci:), or the path of a "
        "template, a source folder, an image archive or a log file. Or paste an error below: text alone gives suspects, "
        "never a proof.\n\n"
        "Enter   start\n"
        "F2      start from the paste box\n"
        "Tab     next field\n"
        "Ctrl+R  go on with the newest session\n"
        "Ctrl+Q  quit\n\n"
        "Nothing is ever written to AWS, no function is invoked, no image is run."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "start", "Start", id="intake.start"),
        Binding("ctrl+r", "resume", "Resume newest", id="intake.resume"),
        Binding("f1", "help", "Help", id="app.help"),
    ]

    def __init__(self, problem: str = "") -> None:
        super().__init__()
        self.problem = problem

    def compose(self) -> ComposeResult:
        yield Static(line("troubleshooter   why does this Lambda function not start?   READ-ONLY"), id="header")
        yield Static(line("Function, ARN, image, template, folder or log file"), classes="label")
        yield Input(placeholder="my-function", id="what")
        yield Static(line("Or paste an error, a log, JSON — it stays on this machine"), classes="label")
        yield TextArea(id="paste", tab_behavior="focus")
        yield Static(line("Go on with a session"), classes="label", id="recent-label")
        yield OptionList(id="recent")
        yield Static(content(self.problem), id="problem")
        yield Footer()

    def on_mount(self) -> None:
        recent = self.query_one("#recent", OptionList)
        try:
            paths = list(journal.sessions())[:RECENT]
        except JournalError:
            paths = []
        for path in paths:
            recent.add_option(Option(line(path.name.removesuffix(journal.SUFFIX)), id=str(path)))
        for each in ("#recent", "#recent-label"):
            self.query_one(each).display = bool(paths)
        self.query_one("#what").focus()

    def refuse(self, text: str) -> None:
        """Says what is wrong with the input, and keeps it."""
        self.query_one("#problem", Static).update(content(text))

    def on_input_submitted(self) -> None:
        self.action_start()

    def action_start(self) -> None:
        target = understood(self.query_one("#what", Input).value, self.query_one("#paste", TextArea).text)
        if target == Target():
            self.refuse("Type what is failing, or paste an error.")
            return
        self.own_app.start_walk(target)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.own_app.resume_walk(Path(str(event.option.id)))

    def action_resume(self) -> None:
        recent = self.query_one("#recent", OptionList)
        if recent.option_count:
            self.own_app.resume_walk(Path(str(recent.get_option_at_index(0).id)))
        else:
            self.refuse("No session is recorded yet.")
