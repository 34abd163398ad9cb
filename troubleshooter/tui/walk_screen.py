"""The walk: ladder and steps on the left, the current step on the right.

Checks and questions are answered by what was read and the walk goes on by itself. It stops where a person should look: at the
first question, at one that nothing answers, and after "back". Every step can be answered by hand.
"""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Static

from troubleshooter.checks import all_checks
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Diagnosis, Finding, Outcome, Suspect
from troubleshooter.narration import FIRST_S, suspected, waited_for
from troubleshooter.playbook import FIRST, Node
from troubleshooter.session import Evaluation, Session
from troubleshooter.triage import Triage
from troubleshooter.tui import background
from troubleshooter.tui.base import BACK, HELP, OwnScreen, header
from troubleshooter.tui.inert import MUTED, RUNG_STYLES, RUNG_SYMBOLS, STYLES, SYMBOLS, WORDS, content, line
from troubleshooter.tui.modals import AnswerModal, LineModal

WIDE, NARROW = 100, 70
"""Columns from which there is room for whole names on the left, and for most of them."""
ANSWERS = {
    "fail": "problem: it is so",
    "pass": "ok: it is not so",
    "unknown": "could not tell",
    "not_applicable": "does not apply here",
}


class WalkScreen(OwnScreen):
    """One session."""

    HELP_TEXT = (
        "The walk through the decision tree\n\n"
        "Checks and questions are answered from what was read.\n\n"
        "Enter   take the marked answer, go on\n"
        "a       answer by hand, with a reason\n"
        "b       take the last answer back\n"
        "r       read again what was missing: after a login\n"
        "f       the diagnosis\n"
        "t       the timeline of the log\n"
        "e       the report\n"
        "i       add a note to the record\n"
        "Tab     to the other box; ↑ ↓ PgUp PgDn scroll it\n"
        "Esc     back to the screen before\n"
        "Ctrl+Q  quit; the session can be gone on with\n\n"
        "✓ ok  ✗ problem  ? could not tell  – not applicable\n"
        "· unknown"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on", id="walk.go_on"),
        Binding("a", "answer", "Answer", id="step.answer"),
        Binding("b,backspace", "undo", "Undo", key_display="b", id="answer.undo"),
        Binding("r", "renew", "Read again", id="walk.renew"),
        BACK,
        HELP,
        Binding("f", "finding", "Diagnosis", id="finding.open"),
        Binding("t", "timeline", "Timeline", id="timeline.open"),
        Binding("e", "export", "Report", id="report.export"),
        Binding("i", "note", "Note", id="note.add", show=False),
    ]
    """In this order for the footer: on a narrow screen the last ones are cut off, and the help names them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.evaluation: Evaluation | None = None
        self.triage: Triage | None = session.triage
        self.automatic = True
        self.busy_since: float | None = None
        self.busy_with = ""
        self.suspects: list[Suspect] = []
        """What the pasted text alone suggests, while nothing else is known."""

    def compose(self) -> ComposeResult:
        yield Static(id="header")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Static(id="ladder")
                with VerticalScroll(id="steps-scroll"):
                    yield Static(id="steps")
            with VerticalScroll(id="right"):
                yield Static(id="step")
        yield Static(id="status")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#left").border_title = "How far it got"
        self.query_one("#right").border_title = "This step"
        self.query_one("#right").focus()
        self.set_interval(0.2, self._tick)
        self._work("reading what AWS, the image and the logs say", self.session.open, self._opened)
        background.start(self, lambda: suspected(self.session), self._suspected, lambda _: None, self.generation)

    def on_resize(self) -> None:
        self._draw()

    # -- work

    def _work(self, what: str, work: object, use: object) -> None:
        self.generation += 1
        self.busy_since, self.busy_with = time.monotonic(), what
        background.start(self, work, use, self._refused, self.generation)  # type: ignore[arg-type]
        self._draw()

    def _refused(self, error: BaseException) -> None:
        self.busy_since = None
        self.query_one("#step", Static).update(content(f"✗ {error}", "$text-error"))
        self.query_one("#status", Static).update(line("Esc goes back to change the input"))

    def _suspected(self, suspects: list[Suspect]) -> None:
        self.suspects = suspects

    def _opened(self, result: Triage) -> None:
        self.busy_since = None
        self.triage = result
        self._step()

    def _step(self) -> None:
        """Evaluates the current node, or concludes at the end of the walk."""
        self.evaluation = None
        if self.session.done:
            self._work("weighing what was found", self.session.conclude, self._concluded)
        else:
            node = self.session.node
            what = f"checking {', '.join(node.checks)}" if node is not None and node.checks else "reading"
            self._work(what, self.session.evaluate, self._evaluated)

    def _evaluated(self, evaluation: Evaluation) -> None:
        self.busy_since = None
        self.refresh_bindings()
        self.evaluation = evaluation
        node = evaluation.node
        if self.automatic and evaluation.proposed and node.playbook != FIRST:
            self.session.reply(evaluation, by="proposal" if node.ask else "check")
            self._step()
            return
        self._draw()

    def _concluded(self, _: Diagnosis) -> None:
        self.busy_since = None
        self.refresh_bindings()
        self._draw()
        self.action_finding()

    # -- keys

    def action_go_on(self) -> None:
        if self.busy_since is not None:
            return
        self.automatic = True
        if self.session.done:
            self.action_finding()
        elif self.evaluation is not None and self.evaluation.proposed:
            self.session.reply(self.evaluation, by="proposal" if self.evaluation.node.ask else "check")
            self._step()
        elif self.evaluation is not None:
            self.action_answer()

    def action_answer(self) -> None:
        evaluation = self.evaluation
        if evaluation is None or self.session.done:
            return
        node = evaluation.node
        choices = dict(node.choices) if node.ask else ANSWERS
        self.app.push_screen(AnswerModal(_question(node), choices, evaluation.proposed), self._answered)

    def _answered(self, answer: tuple[str, str] | None) -> None:
        if answer is not None and self.evaluation is not None:
            self.automatic = True
            self.session.reply(self.evaluation, answer[0], by="engineer", note=answer[1])
            self._step()

    def action_undo(self) -> None:
        if not self.session.steps:
            # what is being read is still wanted: nothing may be dropped for a key that takes nothing back
            self.notify("there is no answer to take back", markup=False, timeout=2)
            return
        self.generation += 1
        self.busy_since = None
        self.session.back()
        self.automatic = False
        self._step()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing here are not offered."""
        return self.session.stores.renewable if action == "renew" else True

    def action_renew(self) -> None:
        """Reads anew, after a login or a granted permission, and goes on at the first step that something was missing for."""
        if self.busy_since is not None:
            self.notify("still at work: it can be read again after that", markup=False, timeout=2)
            return

        def again() -> Triage:
            self.session.renew()
            return self.session.open()

        self.automatic = True
        self._work("reading again, with fresh credentials", again, self._opened)

    def action_note(self) -> None:
        self.app.push_screen(LineModal("A note for the record"), self._noted)

    def _noted(self, text: str | None) -> None:
        if text:
            self.session.note(text)
            self.notify("noted", markup=False, timeout=2)

    def action_finding(self) -> None:
        from troubleshooter.tui.finding_screen import FindingScreen

        if self.session.diagnosis is not None:
            self.app.push_screen(FindingScreen(self.session))
        else:
            self.notify("no diagnosis yet: Enter goes on", markup=False, timeout=2)

    def action_timeline(self) -> None:
        from troubleshooter.tui.timeline_screen import TimelineScreen

        self.app.push_screen(TimelineScreen(self.session))

    def action_export(self) -> None:
        from troubleshooter.tui.report_screen import ReportScreen

        self.app.push_screen(ReportScreen(self.session))

    # -- drawing

    def _tick(self) -> None:
        if self.busy_since is not None:
            seconds = time.monotonic() - self.busy_since
            self.query_one("#status", Static).update(line(f"● {self.busy_with}  {seconds:.1f} s", self.size.width - 2))
            if self.triage is None and seconds > FIRST_S:
                self.query_one("#step", Static).update(self._meanwhile())

    def _meanwhile(self) -> Content:
        """What can be said before anything was read."""
        waiting = waited_for(self.session)
        parts = [content(f"Still waiting for: {waiting}")] if waiting else []
        if self.suspects:
            parts += [Content(""), content("From the pasted text alone, not proven:", "bold")]
            parts += [content(f"? {each.cause}: {each.why}") for each in self.suspects]
        return Content("\n").join(parts)

    def _draw(self) -> None:
        self.query_one("#header", Static).update(header(self.session, "Walk", self.size.width))
        self.query_one("#ladder", Static).update(self._ladder())
        self.query_one("#steps", Static).update(self._steps())
        self.query_one("#steps-scroll").scroll_end(animate=False)
        self.query_one("#step", Static).update(self._current())
        if self.busy_since is None:
            self.query_one("#status", Static).update(line(self._hint(), self.size.width - 2))

    def _ladder(self) -> Content:
        ladder = (
            self.session.diagnosis.ladder if self.session.diagnosis else (self.triage.ladder if self.triage else ())
        )
        return Content("\n").join(
            Content.styled(f"{RUNG_SYMBOLS[r.state]} {r.rung}", RUNG_STYLES[r.state]) for r in ladder
        )

    def _steps(self) -> Content:
        lines = []
        # The scroll bar takes one of the columns inside the frame.
        room = 33 if self.size.width >= WIDE else 25 if self.size.width >= NARROW else 15
        for step in self.session.steps:
            name = step.node.checks[0] if len(step.node.checks) == 1 else step.node.name.replace("_", " ")
            by = " (you)" if step.by == "engineer" else ""
            symbol = SYMBOLS[Outcome(step.reply)] if step.node.checks else "▸"
            reply = "" if step.node.checks else f": {step.reply}"
            lines.append(line(f"{symbol} {name}{reply}{by}", room))
        return Content("\n").join(lines)

    def _current(self) -> Content:
        if self.session.done and self.session.node is not None:
            return content(self.session.node.diagnosis)
        evaluation = self.evaluation
        parts: list[Content] = []
        if self.triage is not None:
            parts += [content(self.triage.symptom.summary), *self._way_out(), Content("")]
        if evaluation is not None:
            node = evaluation.node
            parts.append(content(_question(node), "bold"))
            if node.ask:
                parts += [content(f"{'▸' if k == evaluation.proposed else ' '} {v}") for k, v in node.choices.items()]
            for finding in evaluation.findings:
                parts += _finding_lines(finding)
        elif self.session.node is not None:
            parts.append(content(_question(self.session.node), "bold"))
        elif self.session.steps:
            last = self.session.steps[-1].node
            parts.append(content(_question(last), "bold"))
            for finding in self.session.findings.values():
                parts += _finding_lines(finding) if finding.check in last.checks and finding.on_path else []
        return Content("\n").join(parts)

    def _way_out(self) -> list[Content]:
        """What lets the function be read, where it was not: before eighty steps are walked that cannot tell for want of it."""
        stores = self.session.stores
        record = stores.first.peek(FunctionRecord) if stores.by_subject else None
        if not isinstance(record, Unavailable) or record.unblock is None:
            return []
        then = "; r reads again" if stores.renewable else ""
        return [content(f"to settle it: {record.unblock.text}{then}", "$text-warning")]

    def _hint(self) -> str:
        if self.session.done:
            return "The walk is over: f shows the diagnosis, e the report."
        if self.evaluation is None:
            return ""
        if self.evaluation.node.ask:
            marked = self.evaluation.node.choices.get(self.evaluation.proposed)
            return f"Enter takes ▸ {marked.rstrip('.')}; a chooses another" if marked else "a answers."
        return "Enter goes on with this result, a overrules it."


def _question(node: Node) -> str:
    if node.ask:
        return node.ask
    return "\n".join(all_checks()[check].title for check in node.checks)


def _finding_lines(finding: Finding) -> list[Content]:
    style = STYLES.get(finding.outcome, MUTED)
    head = f"{SYMBOLS[finding.outcome]} {WORDS[finding.outcome]}  {finding.verdict.message}"
    lines = [Content(""), content(finding.check, MUTED), content(head, style)]
    lines += [content(f"    {e.label}: {e.value}  ({e.source})") for e in finding.verdict.evidence]
    unblock = finding.verdict.unblock
    if unblock is not None:
        lines.append(content(f"    to settle it: {unblock.text}"))
    return lines
