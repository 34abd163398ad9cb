"""The diagnosis: what is wrong, how it is known, what to do, how to see that it worked."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from troubleshooter import grants, records, reports
from troubleshooter.diagnosis import roles, settle
from troubleshooter.model import Diagnosis, Finding, Outcome, Status
from troubleshooter.session import Session
from troubleshooter.suspects import meaning, remedy
from troubleshooter.text import one_line
from troubleshooter.tui import background
from troubleshooter.tui.base import BACK, HELP, OwnScreen, header
from troubleshooter.tui.inert import MUTED, STYLES, SYMBOLS, WORDS, content, hanging, line
from troubleshooter.tui.modals import LineModal
from troubleshooter.verification import Verification

TITLES = {
    Status.CONFIRMED: "✗ confirmed",
    Status.SUSPECTED: "? suspected, not proven",
    Status.NONE: "✓ nothing wrong was found",
    Status.INCONCLUSIVE: "? inconclusive",
}
STYLE_OF = {
    Status.CONFIRMED: "bold $text-error",
    Status.SUSPECTED: "bold $text-warning",
    Status.NONE: "bold $text-success",
}
SUSPECTS, GAPS, EXCLUDED, CHANGES = 5, 8, 6, 3
LONGEST = 180
"""Characters of what is only beside the proof."""
LABEL = 3
"""A label takes this part of the width at most, or a line of its own."""
BESIDE = 4
"""Columns beside the text: its padding and the scroll bar."""


class FindingScreen(OwnScreen):
    """One diagnosis."""

    HELP_TEXT = (
        "The diagnosis\n\n"
        "Commands are shown and copied, never run.\n\n"
        "Tab       to the text and back to the commands\n"
        "↑ ↓       scroll the text, or choose a command\n"
        "c, Enter  copy the command (also written to a file)\n"
        "p         copy the policy that allows what was denied\n"
        "r         read again what was missing: after a login\n"
        "v         verify: read again what this verdict used\n"
        "i         add a note to the record\n"
        "t         the timeline of the log\n"
        "e         the report\n"
        "Esc       back to the walk\n"
        "Ctrl+Q    quit"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="copy.fix"),
        Binding("p", "copy_policy", "Copy policy", id="copy.policy"),
        Binding("r", "renew", "Read again", id="walk.renew"),
        Binding("v", "verify", "Verify", id="walk.refresh"),
        BACK,
        HELP,
        Binding("e", "export", "Report", id="report.export"),
        Binding("t", "timeline", "Timeline", id="timeline.open"),
        Binding("i", "note", "Note", id="note.add", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        diagnosis = session.diagnosis
        assert diagnosis is not None  # noqa: S101 - the walk opens this screen with a diagnosis
        self.diagnosis: Diagnosis = diagnosis
        found = settle(list(session.findings.values()), session.open().ladder, session.stores.role)
        self.findings = [f for f in found if f.subject.role in roles(session.stores.role)]
        self.causes = [f for c in diagnosis.causes for f in self.findings if f.check == c and f.outcome is Outcome.FAIL]
        self.verified: list[Content] = []
        """What verifying came to, above the rest."""
        self.commands = [
            command for f in self.causes if f.verdict.remediation for command in f.verdict.remediation.commands
        ]

        denied = reports.from_journal(session.journal.records)["missing_permissions"]
        self.policy: grants.Policy | None = denied["policy"]

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        with VerticalScroll(id="finding"):
            yield Static(id="verdict")
        if self.commands:
            yield OptionList(*[Option(content(command)) for command in self.commands], id="commands")
        yield Static(id="status")
        yield Footer()

    def on_mount(self) -> None:
        if self.commands:
            commands = self.query_one("#commands", OptionList)
            commands.border_title = "Commands: shown, never run"
            commands.highlighted = 0
            commands.focus()
            self.query_one("#status", Static).update(line("Tab moves between the text and the commands"))
        else:
            self.query_one("#finding").focus()

    def on_resize(self) -> None:
        self.query_one("#header", Static).update(header(self.session, "Diagnosis", self.size.width))
        self.query_one("#verdict", Static).update(self._text())

    def _text(self) -> Content:
        d, width = self.diagnosis, self.size.width - BESIDE
        parts = [*self.verified, content(TITLES[d.status], STYLE_OF.get(d.status, "bold"))]
        parts += [content(d.summary), Content("")]
        parts += [content(f"! {notice}", "$text-warning") for notice in self.session.notices]
        for finding in self.causes:
            parts += _evidence(finding, width)
            fix = finding.verdict.remediation
            if fix is not None:
                parts += hanging("Fix     ", fix.text, width)
                if fix.verify:
                    parts += hanging("Verify  ", fix.verify, width)
                parts.append(Content(""))
        if d.status is Status.SUSPECTED:
            for n, suspect in enumerate(d.suspects[:SUSPECTS], 1):
                told = filter(None, (meaning(suspect.cause), suspect.why))
                parts += hanging(f"{n}. ", f"{suspect.cause}: {'; '.join(told)}", width)
            if d.deciding_question:
                parts += hanging("What decides  ", d.deciding_question, width)
            if d.suspects and (mends := remedy(d.suspects[0].cause)):
                parts += hanging("Fix, if it is the first  ", mends, width)
            parts.append(Content(""))
        if d.next:
            parts += [*hanging("Then    ", f"{', '.join(d.next)} will fail next", width), Content("")]
        parts += [*self._compared(), *self._changes()]
        if d.ruled_out:
            shown = ", ".join(d.ruled_out[:EXCLUDED])
            more = f" and {len(d.ruled_out) - EXCLUDED} more, all in the report" if len(d.ruled_out) > EXCLUDED else ""
            parts += [*hanging("Ruled out  ", f"{shown}{more}", width, MUTED), Content("")]
        return Content("\n").join([*parts, *self._gaps()])

    def _compared(self) -> list[Content]:
        """The local image beside the deployed one: a fact, in one or two lines."""
        found = self.session.comparison
        if found is None:
            return []
        said = {"same": "is the deployed one", "same content": "has the deployed one's content"}
        lines = [content(f"The local image {said.get(found.relation, 'is not the deployed one')}", MUTED)]
        parts = [member for member, _, _ in found.members]
        if found.layers is not None and found.relation == "different":
            parts.append(f"layers from {found.layers[0] + 1} on")
        parts += found.files
        if parts:
            differing = one_line(f"differs in {', '.join(parts)}", LONGEST)
            lines += hanging("· ", differing, self.size.width - BESIDE, MUTED)
        return [*lines, Content("")]

    def _changes(self) -> list[Content]:
        """What was changed near the first failure; calm, for none of it is shown to be the cause."""
        found = self.session.changes
        if found is None or not found.changes:
            return []
        width = self.size.width - BESIDE
        lines = [content("Changed before that (leads, not causes)", "bold")]
        for each in found.changes[:CHANGES]:
            at = f"{each.at:%m-%d %H:%M}" if each.at else "not told"
            values = f": {each.before or '–'} → {each.after or '–'}" if each.before or each.after else ""
            who = f"by {each.by or 'whom is not told'} · {each.source}"
            lines += hanging(f"{at}  ", one_line(f"{each.what}{values}", LONGEST), width)
            lines += hanging(" " * (len(at) + 2), one_line(who, LONGEST), width, MUTED)
        if len(found.changes) > CHANGES:
            lines.append(content(f"… {len(found.changes) - CHANGES} more in the report", MUTED))
        return [*lines, Content("")]

    def _gaps(self) -> list[Content]:
        gaps: dict[str, str] = {}
        for f in self.findings:
            if f.outcome is Outcome.UNKNOWN:
                gaps.setdefault(f.verdict.message, f.verdict.unblock.text if f.verdict.unblock else "")
        for store in self.session.stores.by_subject.values():
            for gap in store.gaps().values():
                gaps.setdefault(gap.detail, gap.unblock.text if gap.unblock else "")
        lines = [content("Could not be told", "bold")] if gaps else []
        if self.policy:
            lines.append(content("p copies the policy that allows what was denied:", MUTED))
            lines += [content(text) for text in grants.as_text(self.policy).splitlines()]
        for reason, unblock in list(gaps.items())[:GAPS]:
            told = reason + (f" → {unblock}" if unblock else "")
            lines += hanging("? ", told, self.size.width - BESIDE, "$text-warning")
        if len(gaps) > GAPS:
            lines.append(content(f"… {len(gaps) - GAPS} more in the report"))
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing here are not offered."""
        if action == "renew":
            return self.session.stores.renewable
        if action == "copy_policy":
            return bool(getattr(self, "policy", None))
        if action == "copy":
            return bool(getattr(self, "commands", ()))
        return bool(getattr(self, "causes", ())) if action == "verify" else True

    def action_copy(self) -> None:
        if not self.commands:
            self.notify("there is no command to copy", markup=False, timeout=2)
            return
        command = self.commands[self.query_one("#commands", OptionList).highlighted or 0]
        self.query_one("#status", Static).update(line(self.own_app.copy_command(command), self.size.width - 2))

    def action_renew(self) -> None:
        from troubleshooter.tui.walk_screen import WalkScreen

        walk = next((screen for screen in self.app.screen_stack if isinstance(screen, WalkScreen)), None)
        self.app.pop_screen()
        if walk is not None:
            walk.action_renew()

    def action_copy_policy(self) -> None:
        if self.policy is not None:
            text = self.own_app.copy_command(grants.as_text(self.policy))
            self.query_one("#status", Static).update(line(text, self.size.width - 2))

    def on_option_list_option_selected(self) -> None:
        self.action_copy()

    def action_verify(self) -> None:
        if not self.causes:
            self.notify("nothing was proven that could be verified", markup=False, timeout=2)
            return
        self.generation += 1
        self._say("reading again what this verdict used")
        before = [records.finding(f) for f in self.causes]

        def say(text: str) -> None:
            self.app.call_from_thread(self._say, text)

        background.start(
            self, lambda: self.session.verify(before, say=say), self._verified, self._refused, self.generation
        )

    def _say(self, text: str) -> None:
        if self.is_attached:
            self.query_one("#status", Static).update(line(f"● {text}", self.size.width - 2))

    def _verified(self, result: Verification) -> None:
        said = {True: "✓ fixed", False: "✗ not fixed", None: "? could not tell"}[result.fixed]
        width = self.size.width - BESIDE
        self.verified = [content(said, "bold"), *([content(result.note)] if result.note else [])]
        for was, now in zip(result.before, result.after, strict=True):
            self.verified += hanging("before  ", was["message"], width)
            self.verified += hanging("now     ", _now(now), width, STYLES.get(now.outcome, ""))
        self.verified.append(Content(""))
        self.query_one("#verdict", Static).update(self._text())
        self.query_one("#finding").scroll_home(animate=False)
        self.query_one("#status", Static).update(line(said))

    def _refused(self, error: BaseException) -> None:
        self.query_one("#status", Static).update(line(f"✗ {error}", self.size.width - 2))

    def action_note(self) -> None:
        self.app.push_screen(LineModal("A note for the record"), self._noted)

    def _noted(self, text: str | None) -> None:
        if text:
            self.session.note(text)
            self.notify("noted", markup=False, timeout=2)

    def action_timeline(self) -> None:
        from troubleshooter.tui.timeline_screen import TimelineScreen

        self.app.push_screen(TimelineScreen(self.session))

    def action_export(self) -> None:
        from troubleshooter.tui.report_screen import ReportScreen

        self.app.push_screen(ReportScreen(self.session))


def _evidence(finding: Finding, width: int) -> list[Content]:
    most = width // LABEL
    column = max((len(e.label) for e in finding.verdict.evidence if len(e.label) <= most), default=2)
    lines = []
    for e in finding.verdict.evidence:
        if len(e.label) > most:  # beside it there would be no room for what was seen
            lines += [*hanging("", e.label, width), *hanging(" " * (column + 2), e.value, width)]
        else:
            lines += hanging(f"{e.label:<{column}}  ", e.value, width)
        lines += hanging(" " * (column + 2), f"{e.source} ·\u00a0{e.at[:19]}Z", width, MUTED)
    return [*lines, Content("")]


def _now(finding: Finding) -> str:
    return f"{SYMBOLS[finding.outcome]} {WORDS[finding.outcome]}: {finding.verdict.message}"
