"""One walk over one target: evaluate, reply, back, note, conclude; and resume and verify from its journal.

`session.node` and `session.steps` are the whole state of a walk, and both are folds over the journal. `evaluate()`
blocks and only fills the fact cache; `reply()` is instant, journals and moves. Both faces alternate the two.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troubleshooter import intake, journal, records, steadiness, verification, world
from troubleshooter.checks import all_checks
from troubleshooter.comparison import Comparison, beside
from troubleshooter.diagnosis import fold, settle
from troubleshooter.errors import JournalError
from troubleshooter.facts import Cost, Store, Unavailable, now
from troubleshooter.facts.changes import Changes
from troubleshooter.facts.function import Caller, FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import ImageConfig, ZipFunction
from troubleshooter.facts.logs import ExecutionEnvironments, Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.facts.provisioned import ProvisionedFailure
from troubleshooter.leads import leads
from troubleshooter.model import ENGINEER, Diagnosis, Evidence, Finding, Origin, Outcome, Role, Subject, Target, Verdict
from troubleshooter.playbook import Node, Playbooks
from troubleshooter.proposals import propose
from troubleshooter.triage import Triage, triage
from troubleshooter.verification import WAIT_S, Verification
from troubleshooter.world import Stores, World


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a node came to: its findings, the reply they amount to, and the one that decided."""

    node: Node
    findings: tuple[Finding, ...] = ()
    proposed: str = ""
    """The reply to give: a check's outcome, or an ask's proposal; empty where only the engineer knows."""
    decided: Finding | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One node with its reply."""

    node: Node
    reply: str
    by: str
    """`check`, `proposal`, `unattended` or `engineer`."""


@dataclass(slots=True)
class Session:
    """A walk. Not to be shared between threads, but `evaluate` may run on another thread than `reply`."""

    target: Target
    world: World
    playbooks: Playbooks
    journal: journal.Journal
    stores: Stores = field(default_factory=Stores)
    triage: Triage | None = None
    node: Node | None = None
    steps: list[Step] = field(default_factory=list)
    findings: dict[tuple[str, Subject], Finding] = field(default_factory=dict)
    diagnosis: Diagnosis | None = None
    changes: Changes | None = None
    """What was changed around what is failing: leads, which the diagnosis does not rest on."""
    comparison: Comparison | None = None
    """The local image beside the deployed one, where both could be read."""
    unrecorded: str = ""
    """Why the journal is kept in memory only; empty where it is on disk."""
    notices: list[str] = field(default_factory=list)
    """What is to be known of the reading itself: a wrong clock, a function that changed meanwhile."""
    _calls_written: int = 0
    _reread: bool = False

    def open(self) -> Triage:
        """Reads what triage needs, in parallel with everything else that costs a call; journals the start. Blocks."""
        if self.stores.by_subject:
            assert self.triage is not None  # noqa: S101
            return self.triage
        fresh = self.node is None and not self.steps
        if fresh:
            # Before anything is read, so that a session that is cut off says what it was about.
            self.journal.append("start", **records.start(self.target, self.playbooks.hashes, self.world.incident))
        result = self._read()
        if fresh:
            self.node = self.playbooks.first
        else:
            self._retrace(result)
        return result

    def _read(self) -> Triage:
        """Makes the stores, starts whatever costs a call, and sees how far the function got. Blocks."""
        wanted = {need.fact for check in all_checks().values() for need in check.needs}
        self.stores = world.open_stores(
            self.target, self.world, prefetch=[FunctionRecord, ImageConfig, Timeline, Metrics, *sorted(wanted, key=str)]
        )
        first = self.stores.first
        first.get(FunctionRecord)
        # Nothing depends on the caller, so it does not stand in the way of what the rest waits for.
        world.start(first, [Caller])
        seen = (self.stores.role, first.get(FunctionRecord), first.get(Timeline), first.get(GivenText))
        found = triage(*seen)
        if not found.symptom.healthy:
            found = triage(*seen, first.get(Metrics), first.get(ProvisionedFailure))
            first.prefetch([Changes])
        self.triage, self.stores.role = found, found.symptom.role
        self.journal.append("triage", **records.triage(found, self.stores.by_subject))
        told = first.get(ExecutionEnvironments)
        if isinstance(told, ExecutionEnvironments) and told.environments:
            self.journal.append("timeline", **records.timeline(told))
        return found

    def _retrace(self, result: Triage) -> None:
        """Takes the walk back to the first step that was answered without what can now be read; engineers' answers stay."""
        store = next(iter(self.stores.focus.values()))
        for number, step in enumerate(self.steps):
            node = step.node
            blind = any(f.verdict.again for (check, _), f in self.findings.items() if check in node.checks)
            other = step.by in ("proposal", "unattended") and _proposal(node, store, result) not in ("", step.reply)
            if (blind and step.by == "check") or other:
                while len(self.steps) > number:
                    self.back()
                break
        for key in [k for k, f in self.findings.items() if f.verdict.again]:
            del self.findings[key]

    def renew(self) -> None:
        """Forgets what was read, credentials included: `open` then reads anew and takes up where something was missing."""
        self.world.aws.again()
        self.stores, self.triage, self.diagnosis, self._reread = Stores(), None, None, False

    def evaluate(self, node: Node | None = None) -> Evaluation:
        """Answers the current (or the given) node as far as facts can. Blocks while they are read; changes nothing else."""
        node = node or self.node
        result = self.open()
        if node is None:
            raise RuntimeError("the walk is over")
        if node.ask:
            return Evaluation(node, proposed=_proposal(node, next(iter(self.stores.focus.values())), result))
        found = [
            all_checks()[check].find(store, subject, on_path=True)
            for check in node.checks
            for subject, store in self.stores.focus.items()
        ]
        for outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS, Outcome.NOT_APPLICABLE):
            deciding = next((f for f in found if f.outcome is outcome), None)
            if deciding is not None:
                return Evaluation(node, tuple(found), outcome.value, deciding)
        return Evaluation(node, (), Outcome.NOT_APPLICABLE.value)

    def reply(self, evaluation: Evaluation, reply: str | None = None, *, by: str = "check", note: str = "") -> None:
        """Takes a node's result, or the engineer's answer in its place; journals, then moves on."""
        node = evaluation.node
        answer = reply or evaluation.proposed
        if answer not in node.answers:
            raise ValueError(f"{answer!r} is no answer of node {node.playbook}/{node.name}")
        found = evaluation.findings if by != "engineer" or node.ask else self._said(evaluation, answer, note)
        entries: list[tuple[str, dict[str, Any]]] = [("finding", records.finding(f)) for f in found]
        entries.append(
            ("answer", {"playbook": node.playbook, "node": node.name, "reply": answer, "by": by, "note": note})
        )
        self.journal.append_all(entries)
        for each in found:
            self.findings[each.check, each.subject] = each
        self._move(Step(node, answer, by))

    def _move(self, step: Step) -> None:
        self.steps.append(step)
        self.node = self.playbooks.after(step.node, step.reply)

    def _said(self, evaluation: Evaluation, answer: str, note: str) -> tuple[Finding, ...]:
        """A check answered by hand: a finding whose evidence is the engineer's word, which never proves."""
        checks = [f for f in evaluation.findings if f == evaluation.decided] or list(evaluation.findings)[:1]
        if checks:
            check, subject = all_checks()[checks[0].check], checks[0].subject
        else:
            check = all_checks()[evaluation.node.checks[0]]
            subject = next(iter(self.stores.focus), Subject(self.stores.role))
        text = note or f"said by the engineer: {answer.replace('_', ' ')}"
        evidence = Evidence(check.title, text, ENGINEER, now(), Origin.ANSWER)
        verdict = Verdict(Outcome(answer), text, (evidence,))
        said = Finding(check.id, subject, check.rung, check.severity, verdict)
        return (*(f for f in evaluation.findings if f.check != check.id), said)

    @property
    def done(self) -> bool:
        """Whether the walk is over: at a leaf, at `confirmed`, or behind the last node."""
        return bool(self.steps) and (self.node is None or self.node.is_leaf)

    def back(self) -> bool:
        """Takes the last reply back, by appending so to the journal. False at the beginning."""
        if not self.steps:
            return False
        last = self.steps[-1].node
        self.journal.append("back", playbook=last.playbook, node=last.name, checks=list(last.checks))
        self._undo()
        return True

    def _undo(self) -> None:
        step = self.steps.pop()
        self.node = step.node
        self.diagnosis = None
        for key in [k for k in self.findings if k[0] in step.node.checks]:
            del self.findings[key]

    def note(self, text: str) -> None:
        """Keeps what the engineer says, with the time."""
        self.journal.append("note", text=text)

    def run(self) -> Diagnosis:
        """The unattended walk: proposals are taken, otherwise the `unattended` answers."""
        self.open()
        while not self.done:
            self._step({})
        return self.conclude()

    def _step(self, said: dict[tuple[str, str], tuple[str, str]]) -> None:
        """One step without anybody to ask; what was `said` at a node before, and its note, is taken again."""
        evaluation = self.evaluate()
        node = evaluation.node
        answer, note = said.get((node.playbook, node.name), ("", ""))
        if answer:
            self.reply(evaluation, answer, by="engineer", note=note)
        elif node.ask and not evaluation.proposed:
            self.reply(evaluation, node.unattended, by="unattended")
        else:
            self.reply(evaluation, by="proposal" if node.ask else "check")

    def conclude(self) -> Diagnosis:
        """Evaluates what else costs a call at most, folds, journals and returns the diagnosis. Blocks."""
        result = self.open()
        at_end = steadiness.ask(self.stores.first)
        fresh = self._sweep()
        if self._changed(at_end):
            result, fresh = self._read_again()
        self._notice(steadiness.clock(self.world.aws))
        settled = settle(list(self.findings.values()), result.ladder, self.stores.role)
        self.diagnosis = fold(result, settled)
        failing = Subject(Role.DEPLOYED) in self.stores.by_subject and not result.symptom.healthy
        self.changes = leads(self.stores.first, deep=self.target.deep) if failing else None
        changed = [f for f in settled if f != self.findings[f.check, f.subject]]
        entries: list[tuple[str, dict[str, Any]]] = [("finding", records.finding(f)) for f in fresh]
        entries += [("finding", records.finding(f)) for f in changed]
        entries += [("gap", gap) for gap in records.gaps(self.stores.by_subject)]
        entries += [("read", dataclasses.asdict(c)) for c in self.world.calls.since(self._calls_written)]
        self._calls_written += sum(kind == "read" for kind, _ in entries)
        caller = (
            steadiness.soon(self.stores.first, Caller) if Subject(Role.DEPLOYED) in self.stores.by_subject else None
        )
        if self.changes is not None:
            entries.append(("changes", records.changes(self.changes)))
        given = self.target.image is not None
        self.comparison = beside(self.stores.by_subject, deep=self.target.deep) if given else None
        if self.comparison is not None:
            entries.append(("comparison", dataclasses.asdict(self.comparison)))
        body = records.diagnosis(self.diagnosis, caller, dict(self.world.secrets.counts))
        self.journal.append_all([*entries, ("diagnosis", body)])
        return self.diagnosis

    def _changed(self, at_end: threading.Thread | None) -> bool:
        """Whether the function changed while it was read, which is said; True where it is to be read once more."""
        changes = steadiness.changes(self.stores.first, at_end)
        if not changes:
            return False
        what = f"the function changed while it was read ({', '.join(changes)})"
        if self._reread:
            self._notice(f"{what}, once more: wait until its update is done, then diagnose again")
            return False
        self._notice(f"{what}: everything was read again")
        return True

    def _read_again(self) -> tuple[Triage, list[Finding]]:
        """New facts, the walk taken again on them, and every finding made anew; what the engineer said is said again."""
        self._reread, finished, length = True, self.done, len(self.steps)
        said = {}
        for step in self.steps:
            if step.by == "engineer":
                words = [f for (check, _), f in self.findings.items() if check in step.node.checks and f.said]
                said[step.node.playbook, step.node.name] = step.reply, words[0].verdict.message if words else ""
        while self.back():
            pass
        self.findings.clear()
        result = self._read()
        while not self.done and (finished or len(self.steps) < length):
            self._step(said)
        at_end = steadiness.ask(self.stores.first)
        fresh = self._sweep()
        self._changed(at_end)
        return result, fresh

    def _notice(self, text: str) -> None:
        if text and text not in self.notices:
            self.notices.append(text)
            self.journal.append("notice", text=text)

    def _sweep(self) -> list[Finding]:
        """Every check that the walk left out and whose facts are there, or cost a call at most."""
        limit = Cost.BYTES if self.target.deep else Cost.CALL
        fresh = []
        for subject, store in self.stores.by_subject.items():
            store.get(ZipFunction)  # where there is none, what would be read of a package costs nothing
            for check in all_checks().values():
                if (check.id, subject) not in self.findings and check.cost(store) <= limit:
                    finding = check.find(store, subject, on_path=False)
                    self.findings[check.id, subject] = finding
                    fresh.append(finding)
        return fresh

    @property
    def blind(self) -> bool:
        """Whether nothing about the target could be read because of our own surroundings: credentials, network, rights."""
        record = self.stores.first.peek(FunctionRecord) if self.stores.by_subject else None
        read = any(f.outcome in (Outcome.PASS, Outcome.FAIL) for f in self.findings.values())
        return isinstance(record, Unavailable) and record.may_pass and not read

    def end(self, status: str = "ended") -> None:
        """Closes the journal."""
        try:
            self.journal.append("end", status=status)
        finally:
            self.journal.close()
            self.world.close()

    def verify(
        self, before: Sequence[dict[str, Any]], *, wait_s: float = WAIT_S, say: Callable[[str], None] = lambda _: None
    ) -> Verification:
        """Asks the checks of a diagnosis's causes again, on fresh facts, and journals what became of them. Blocks.

        Waits `wait_s` at most for an update that is in progress, and tells `say` so. `before`: finding records.
        """
        result = verification.verify(self.target, self.world, before, wait_s, say)
        after = [records.finding(f) for f in result.after]
        self.journal.append("verify", fixed=result.fixed, before=list(before), after=after, note=result.note)
        return result


def _proposal(node: Node, store: Store, result: Triage) -> str:
    word = propose(node.propose, store, result) if node.propose else ""
    return word if word in node.choices else ""


def new(target: Target, playbooks: Playbooks, *, world_: World | None = None, within: Path | None = None) -> Session:
    """A session on a fresh journal, or in memory where none can be kept. Raises UsageError for a target that cannot be."""
    intake.given(target)
    surroundings = world_ or World.real(target)
    name = target.function or target.image or (str(target.template or target.source or target.logs or "text"))
    redact = surroundings.secrets.redact
    try:
        log = journal.Journal.create(redact, within=within, name=name.rpartition("/")[2])
    except JournalError as error:
        return Session(target, surroundings, playbooks, journal.Journal.in_memory(redact), unrecorded=str(error))
    return Session(target, surroundings, playbooks, log)


def resume(path: Path, playbooks: Playbooks, *, world_: World | None = None) -> Session:
    """Goes on where a journal stopped. Raises JournalError for a session of other playbooks or a damaged journal."""
    target = records.target(_start_of(journal.read(path)))
    surroundings = world_ or World.real(target)
    log = journal.Journal.reopen(path, surroundings.secrets.redact)
    session = Session(target, surroundings, playbooks, log, node=playbooks.first)
    try:
        for record in log.records:
            _replay(session, record)
    except JournalError:
        log.close()
        raise
    return session


def _replay(session: Session, record: dict[str, Any]) -> None:
    """One record's part in the fold."""
    if record["kind"] == "finding":
        found = records.read_finding(record)
        if found.check in all_checks() and not found.explained_by:
            session.findings[found.check, found.subject] = found
    elif record["kind"] == "answer":
        node = session.playbooks.node(record["playbook"], record["node"])
        if node is None or record["reply"] not in node.answers:
            where = f"{record['playbook']}/{record['node']}"
            raise JournalError(f"the playbooks have changed: there is no {where} with the answer {record['reply']!r}")
        session._move(Step(node, record["reply"], record["by"]))
    elif record["kind"] == "back" and session.steps:
        session._undo()


def _start_of(contents: journal.Contents) -> dict[str, Any]:
    first = contents.records[0]
    if first.get("kind") != "start":
        raise JournalError(f"{contents.path}: its first record is not the start of a session")
    return first
