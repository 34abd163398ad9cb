"""Outside text for widgets: sanitised, and wrapped so that no widget takes it for markup.

`Content` for Static, Label and OptionList; Rich's `Text` for DataTable cells. Widgets are given nothing else.
"""

from __future__ import annotations

import re
import textwrap

from rich.text import Text
from textual.content import Content

from troubleshooter.model import Outcome, RungState
from troubleshooter.text import for_screen, one_line

MUTED = "$foreground-muted"
"""Beside what matters. The theme's `$text-muted` is one of widgets and comes out white in text."""
SYMBOLS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "–"}
WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "problem",
    Outcome.UNKNOWN: "could not tell",
    Outcome.NOT_APPLICABLE: "not applicable",
}
STYLES = {Outcome.PASS: "$text-success", Outcome.FAIL: "$text-error", Outcome.UNKNOWN: "$text-warning"}
RUNG_SYMBOLS = {RungState.PASSED: "✓", RungState.FAILED: "✗", RungState.UNKNOWN: "·"}
RUNG_STYLES = {RungState.PASSED: "$text-success", RungState.FAILED: "$text-error", RungState.UNKNOWN: MUTED}


SHORTEST = 24
"""Columns that text behind a label has at least."""
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")


def content(text: str, style: str = "") -> Content:
    """Text for Static, Label and OptionList, line feeds kept."""
    return Content.styled(for_screen(text), style) if style else Content(for_screen(text))


def line(text: str, limit: int = 0, style: str = "") -> Content:
    """The same on one line, cut to `limit` characters."""
    return Content.styled(one_line(text, limit), style) if style else Content(one_line(text, limit))


def hanging(label: str, text: str, width: int, style: str = "") -> list[Content]:
    """Text behind a label, its further lines under its first; digests cut short, which the report has whole."""
    text = _DIGEST.sub(r"\1…", for_screen(text))
    room = max(width - len(label), SHORTEST)
    lines = [
        piece
        for each in text.splitlines() or [""]
        for piece in textwrap.wrap(each, room, break_on_hyphens=False, drop_whitespace=True) or [""]
    ]
    return [
        Content.assemble(for_screen(label) if n == 0 else " " * len(label), (piece, style) if style else piece)
        for n, piece in enumerate(lines)
    ]


def cell(text: str, limit: int = 0) -> Text:
    """Text for a DataTable."""
    return Text(one_line(text, limit), no_wrap=True)


def join(*parts: Content) -> Content:
    """Parts one below the other."""
    return Content("\n").join(parts)
