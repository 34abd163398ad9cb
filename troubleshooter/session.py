"""One walk over one target: evaluate, reply, back, note, conclude; and resume and verify from its journal.

`session.node` and `session.steps` are the whole state of a walk, and both are folds over the journal. `evaluate()`
blocks and only fills the fact cache; `reply()` is instant, journals and moves. Both faces alternate the two.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troubleshooter import journal, records, world
from troubleshooter.checks import all_checks
from troubleshooter.comparison import Comparison, compare
from troubleshooter.diagnosis import fold, settle
from troubleshooter.errors import JournalError
from troubleshooter.facts import Cost, Reason, Store, Unavailable, now
from troubleshooter.facts.changes import Changes
from troubleshooter.facts.function import Caller, FunctionRecord
from troubleshooter.facts.given import GivenImage, GivenText
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import ExecutionEnvironments, Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.model import Diagnosis, Evidence, Finding, Origin, Outcome, Role, Subject, Target, Verdict
from troubleshooter.playbook import Node, Playbooks
from troubleshooter.proposals import propose
from troubleshooter.triage import Triage, triage
from troubleshooter.world import Stores, World

CALLER_WAIT_S, CHANGES_WAIT_S = 1.0, 6.0
"""How long a conclusion waits for the caller's identity, and for what was changed: nothing depends on them."""
_SURROUNDINGS = (Reason.DENIED, Reason.EXPIRED, Reason.UNREACHABLE, Reason.THROTTLED, Reason.MALFORMED)


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


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a diagnosis: each cause's finding before and after."""

    fixed: bool | None
    """None where it could not be told."""
    before: tuple[dict[str, Any], ...]
    after: tuple[Finding, ...]


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
    _calls_written: int = 0

    def open(self) -> Triage:
        """Reads what triage needs, in parallel with everything else that costs a call; journals the start. Blocks."""
        if self.stores.by_subject:
            assert self.triage is not None  # noqa: S101
            return self.triage
        fresh = self.node is None and not self.steps
        if fresh:
            # Before anything is read, so that a session that is cut off says what it was about.
            self.journal.append("start", **records.start(self.target, self.playbooks.hashes))
        wanted = {need.fact for check in all_checks().values() for need in check.needs}
        self.stores = world.open_stores(
            self.target, self.world, prefetch=[FunctionRecord, ImageConfig, Timeline, Metrics, *sorted(wanted, key=str)]
        )
        first = self.stores.first
        first.get(FunctionRecord)
        # Nothing depends on the caller, so it does not stand in the way of what the rest waits for.
        world.start(first, [Caller])
        seen = (self.stores.role, first.get(FunctionRecord), first.get(Timeline), first.get(GivenText))
        self.triage = triage(*seen)
        if not self.triage.symptom.healthy:
            self.triage = triage(*seen, first.get(Metrics))
            first.prefetch([Changes])
        self.stores.role = self.triage.symptom.role
        if fresh:
            self.node = self.playbooks.first
        self.journal.append("triage", **records.triage(self.triage, self.stores.by_subject))
        told = first.get(ExecutionEnvironments)
        if isinstance(told, ExecutionEnvironments) and told.environments:
            self.journal.append("timeline", **records.timeline(told))
        return self.triage

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
        evidence = Evidence(check.title, text, "engineer", now(), Origin.ANSWER)
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
            evaluation = self.evaluate()
            if evaluation.node.ask and not evaluation.proposed:
                self.reply(evaluation, evaluation.node.unattended, by="unattended")
            else:
                self.reply(evaluation, by="proposal" if evaluation.node.ask else "check")
        return self.conclude()

    def conclude(self) -> Diagnosis:
        """Evaluates what else costs a call at most, folds, journals and returns the diagnosis. Blocks."""
        result = self.open()
        fresh = self._sweep()
        settled = settle(list(self.findings.values()), result.ladder, self.stores.role)
        self.diagnosis = fold(result, settled)
        if Subject(Role.DEPLOYED) in self.stores.by_subject and not result.symptom.healthy:
            self.changes = _soon(self.stores.first, Changes, CHANGES_WAIT_S)
        changed = [f for f in settled if f != self.findings[f.check, f.subject]]
        entries: list[tuple[str, dict[str, Any]]] = [("finding", records.finding(f)) for f in fresh]
        entries += [("finding", records.finding(f)) for f in changed]
        entries += [("gap", gap) for gap in self._gaps()]
        entries += [("read", dataclasses.asdict(c)) for c in self.world.calls.since(self._calls_written)]
        self._calls_written += sum(kind == "read" for kind, _ in entries)
        caller = _soon(self.stores.first, Caller) if Subject(Role.DEPLOYED) in self.stores.by_subject else None
        if self.changes is not None:
            entries.append(("changes", records.changes(self.changes)))
        self.comparison = self._compared()
        if self.comparison is not None:
            entries.append(("comparison", dataclasses.asdict(self.comparison)))
        body = records.diagnosis(self.diagnosis, caller, dict(self.world.secrets.counts))
        self.journal.append_all([*entries, ("diagnosis", body)])
        return self.diagnosis

    def _compared(self) -> Comparison | None:
        stores = self.stores.by_subject
        deployed = stores.get(Subject(Role.DEPLOYED))
        if deployed is None or self.target.image is None:
            return None
        local = next((s for of, s in stores.items() if of.role is Role.PROPOSED and _holds_image(s)), None)
        return compare(local, deployed, deep=self.target.deep)

    def _gaps(self) -> list[dict[str, Any]]:
        """What could not be read, each reason once, with what it would unblock."""
        seen: dict[str, dict[str, Any]] = {}
        for subject, store in self.stores.by_subject.items():
            for kind, gap in store.gaps().items():
                seen.setdefault(gap.detail, records.gap(kind.__name__, subject, gap))
        return list(seen.values())

    def _sweep(self) -> list[Finding]:
        """Every check that the walk left out and whose facts are there, or cost a call at most."""
        limit = Cost.BYTES if self.target.deep else Cost.CALL
        fresh = []
        for subject, store in self.stores.by_subject.items():
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
        return isinstance(record, Unavailable) and record.reason in _SURROUNDINGS and not read

    def end(self, status: str = "ended") -> None:
        """Closes the journal."""
        try:
            self.journal.append("end", status=status)
        finally:
            self.journal.close()
            self.world.close()

    def verify(self, before: Sequence[dict[str, Any]]) -> Verification:
        """Asks the checks of a diagnosis's causes again, on fresh facts and nothing else. `before`: finding records."""
        stores = world.open_stores(self.target, self.world, cheap=False)
        after = []
        for record in before:
            subject = records.subject(record["subject"])
            store = stores.by_subject.get(subject) or stores.first
            after.append(all_checks()[record["check"]].find(store, subject, on_path=True))
        outcomes = {f.outcome for f in after}
        fixed: bool | None = None
        if Outcome.FAIL in outcomes:
            fixed = False
        elif outcomes <= {Outcome.PASS, Outcome.NOT_APPLICABLE} and outcomes:
            fixed = True
        self.journal.append("verify", fixed=fixed, before=list(before), after=[records.finding(f) for f in after])
        return Verification(fixed, tuple(before), tuple(after))


def _holds_image(store: Store) -> bool:
    return isinstance(store.peek(GivenImage), GivenImage)


def _proposal(node: Node, store: Store, result: Triage) -> str:
    word = propose(node.propose, store, result) if node.propose else ""
    return word if word in node.choices else ""


def _soon(store: Store, kind: type[Any], wait_s: float = CALLER_WAIT_S) -> Any:
    """A fact that is worth a short wait and no more."""
    store.prefetch([kind])
    end = time.monotonic() + wait_s
    while (fact := store.peek(kind)) is None and time.monotonic() < end:
        time.sleep(0.005)
    return fact if isinstance(fact, kind) else None


def new(target: Target, playbooks: Playbooks, *, world_: World | None = None, within: Path | None = None) -> Session:
    """A session on a fresh journal, or in memory where none can be kept. Raises UsageError for a target that cannot be."""
    world.given(target)
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


def last_causes(contents: journal.Contents) -> list[dict[str, Any]]:
    """Finding records of the last diagnosis's causes. Raises JournalError where there is nothing to verify."""
    found: Iterable[dict[str, Any]] = [r for r in contents.records if r["kind"] == "diagnosis"]
    last = next(reversed(list(found)), None)
    if last is None:
        raise JournalError(f"{contents.session}: ended without a diagnosis; resume it first")
    causes = last["causes"] or [s["cause"] for s in last["suspects"][:1]]
    failed = {r["check"]: r for r in contents.records if r["kind"] == "finding" and r["outcome"] == "fail"}
    known = [failed[c] for c in causes if c in failed]
    if not known:
        raise JournalError(f"{contents.session}: its diagnosis ({last['status']}) names no proven cause to verify")
    return known
