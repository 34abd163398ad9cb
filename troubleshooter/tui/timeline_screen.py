"""What the log shows, as a picture: a lane for each execution environment, a bar for everything that ran."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Static

from troubleshooter import reports
from troubleshooter.reports import timeline as picture
from troubleshooter.session import Session
from troubleshooter.tui.base import BACK, HELP, OwnScreen, header
from troubleshooter.tui.inert import MUTED, content, line

STYLES = {"success": "$text-success", "error": "$text-error", "timeout": "$text-error", "unknown": MUTED}
SMALLEST_BAR, REMARKS = 10, 30
"""Columns of the bar on a narrow screen, and those kept for remarks beside it."""
_INDENT = len("12:01:07.120  ")
_FIXED = len("12:01:07.120  invocation 1a2b3c4d  12 min 59 s  ✗ timeout  ")


class TimelineScreen(OwnScreen):
    """The timeline of one session."""

    HELP_TEXT = (
        "The timeline\n\n"
        "One lane for each execution environment (log stream). A bar as wide as the column is the function's "
        "time-out, or the longest span. In between, an environment is frozen: work that was not waited for "
        "goes on, if at all, in the next invocation.\n\n"
        "✓ ended well   ✗ error or time-out   ? its end was not seen\n\n"
        "↑ ↓ PgUp PgDn Home End  scroll\n"
        "Esc  back"
    )
    BINDINGS = [BACK, HELP]  # noqa: RUF012 - as the base class declares it

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        with VerticalScroll(id="timeline"):
            yield Static(id="lanes")
        yield Static(id="status")
        yield Footer()

    def on_mount(self) -> None:
        scroll = self.query_one("#timeline")
        scroll.focus()
        self._draw()
        self.call_after_refresh(scroll.scroll_end, animate=False)

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.size.width
        self.query_one("#header", Static).update(header(self.session, "Timeline", width))
        told = reports.from_journal(self.session.journal.records)["timeline"]
        if told is None:
            self.query_one("#lanes", Static).update(
                content("No log was read, or nothing in it speaks of what runs now.")
            )
            return
        self.query_one("#lanes", Static).update(Content("\n").join(_lanes(told, width - 3)))
        self.query_one("#status", Static).update(line(picture.summary(told), width - 2))


def _lanes(told: dict[str, object], width: int) -> list[Content]:
    room = width - _FIXED
    bar = max(SMALLEST_BAR, room - REMARKS if room > REMARKS + SMALLEST_BAR else room)
    lines: list[Content] = []
    for lane in picture.lanes(told):
        lines += [*([Content("")] if lines else []), line(lane.title, width, "bold")]
        for row in lane.rows:
            lines += _row(row, bar, width)
    return lines


def _row(row: picture.Row, bar: int, width: int) -> list[Content]:
    """A row, its remarks behind the bar where there is room, else on a line of their own."""
    if not row.status:
        return [content(f"{'':<12}  ┆ frozen {row.took}", MUTED)]
    mark = f"{picture.SYMBOLS[row.status]} {'ok' if row.status == 'success' else row.status}"
    head = f"{row.time:<12}  {row.what:<19}  {row.took:>11}  "
    drawn = picture.bar(row.share, bar)
    remarks = " · ".join(row.remarks)
    fits = len(head) + bar + 2 + 9 + 2 + len(remarks) <= width
    shown = Content.assemble(
        content(head), content(f"{mark:<9}  ", STYLES[row.status]), content(f"{drawn:<{bar}}", STYLES[row.status])
    )
    if not remarks:
        return [shown]
    if fits:
        return [Content.assemble(shown, content(f"  {remarks}", MUTED))]
    return [shown, Content.assemble(" " * _INDENT, line(remarks, width - _INDENT, MUTED))]
