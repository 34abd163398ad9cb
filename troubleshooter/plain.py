"""The walk without a screen: numbered prompts where somebody can answer, printed where nobody can."""

from __future__ import annotations

import sys

from troubleshooter import reports
from troubleshooter.exit import of_report, say
from troubleshooter.model import Outcome
from troubleshooter.playbook import Node
from troubleshooter.session import Evaluation, Session
from troubleshooter.text import for_screen, one_line

SYMBOLS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "–"}
WORDS = {
    Outcome.PASS: "ok",
    Outcome.FAIL: "problem",
    Outcome.UNKNOWN: "could not tell",
    Outcome.NOT_APPLICABLE: "not applicable",
}


def walk(session: Session, *, ask: bool | None = None) -> int:
    """Walks to the end and prints each step as it is taken; returns the exit code. `ask`: whether somebody can answer."""
    asking = sys.stdin.isatty() if ask is None else ask
    try:
        print_walk(session, asking=asking)
    except KeyboardInterrupt:
        if session.journal.session:
            say(f"recorded as {session.journal.session}; go on with `troubleshooter resume {session.journal.session}`")
        raise
    finally:
        session.end()
    report = reports.from_journal(session.journal.records)
    _out("")
    _out(reports.render(report, "markdown").rstrip())
    if session.journal.session:
        say(f"recorded as {session.journal.session}")
    return of_report(report, blind=session.blind)


def print_walk(session: Session, *, asking: bool) -> None:
    """The steps alone."""
    result = session.open()
    rungs = "  ".join(f"{_rung(r.state)} {r.rung}" for r in result.ladder)
    _out(rungs)
    _out(one_line(result.symptom.summary))
    _out("")
    while not session.done:
        evaluation = session.evaluate()
        if evaluation.node.ask:
            _answer(session, evaluation, asking=asking)
        else:
            for finding in evaluation.findings:
                mark = f"{SYMBOLS[finding.outcome]} {finding.check}: {WORDS[finding.outcome]}"
                _out(f"{mark} — {one_line(finding.verdict.message)}")
            session.reply(evaluation)
    if session.node is not None:
        _out(f"→ {session.node.diagnosis}")
    session.conclude()


def _answer(session: Session, evaluation: Evaluation, *, asking: bool) -> None:
    node = evaluation.node
    proposed = evaluation.proposed or node.unattended
    if not asking:
        by = "proposal" if evaluation.proposed else "unattended"
        _out(f"• {node.ask} {node.choices[proposed]} ({by})")
        session.reply(evaluation, proposed, by=by)
        return
    chosen = _choice(node, proposed)
    by = "proposal" if chosen == evaluation.proposed else "engineer"
    session.reply(evaluation, chosen, by=by)


def _choice(node: Node, proposed: str) -> str:
    names = list(node.choices)
    _out(node.ask)
    for number, name in enumerate(names, 1):
        mark = "  ← proposed, press Enter" if name == proposed else ""
        _out(f"  {number}. {node.choices[name]}{mark}")
    while True:
        try:
            typed = input("> ").strip()
        except EOFError:  # Ctrl+D, or a terminal that has gone: nobody answers any more
            raise KeyboardInterrupt from None
        if not typed:
            return proposed
        if typed.isdigit() and 1 <= int(typed) <= len(names):
            return names[int(typed) - 1]
        if typed in names:
            return typed
        _out(f"give a number from 1 to {len(names)}")


def _rung(state: str) -> str:
    return {"passed": "✓", "failed": "✗"}.get(state, "·")


def _out(text: str) -> None:
    print(for_screen(text))  # noqa: T201
