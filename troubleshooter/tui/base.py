"""What all screens share: a header that says where one is and that nothing is written, and delivery of finished work."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from troubleshooter.tui.background import Finished
from troubleshooter.tui.inert import line

if TYPE_CHECKING:
    from troubleshooter.session import Session
    from troubleshooter.tui.app import TroubleshooterApp

BACK = Binding("escape", "back", "Back", id="app.back")
HELP = Binding("question_mark,f1", "help", "Help", key_display="?", id="app.help")


class OwnScreen(Screen[None]):
    """A screen of ours."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (70, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as the base class declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012 - as the base class declares it
    HELP_TEXT = ""
    generation = 0

    @property
    def own_app(self) -> TroubleshooterApp:
        from troubleshooter.tui.app import TroubleshooterApp

        return cast(TroubleshooterApp, self.app)

    def on_finished(self, message: Finished) -> None:
        """Work that belongs to an earlier state of this screen is dropped."""
        message.stop()
        if message.generation == self.generation and self.is_attached:
            message.deliver()

    def action_help(self) -> None:
        from troubleshooter.tui.modals import HelpModal

        self.app.push_screen(HelpModal(self.HELP_TEXT))

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 2:
            self.app.pop_screen()
        else:
            self.notify("there is no screen before this one; Ctrl+Q quits", markup=False, timeout=2)


def header(session: Session, stage: str, width: int) -> Content:
    """One line: product, target, account and region, and the promise."""
    target = session.target
    name = target.function or target.image or str(target.template or target.source or target.logs or "pasted text")
    where = session.world.aws.known_region if target.function else "local"
    left = f"{stage}  {name}"
    right = f"{where}  READ-ONLY "
    room = max(8, width - len(right) - 1)
    shown = line(left, room)
    return Content.assemble(" ", shown, " " * max(1, width - len(shown) - 1 - len(right)), right)
