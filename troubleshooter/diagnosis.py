"""From symptom and findings to a conclusion: a pure fold, never over the playbook.

The rules, in order: what explains another finding takes its place; only what failed on the symptom's subject can be its
cause; what newer evidence contradicts is no cause; the lowest rung bites first; without proof there is no `confirmed`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from troubleshooter import suspects
from troubleshooter.checks import all_checks
from troubleshooter.model import (
    Diagnosis,
    Finding,
    Outcome,
    Role,
    Rung,
    RungReport,
    RungState,
    Severity,
    Status,
    Subject,
    Suspect,
    Symptom,
)
from troubleshooter.triage import Triage, with_failure

LOUD = (Severity.ERROR, Severity.WARNING)
BEFORE_DEPLOYMENT = (Rung.BUILD, Rung.DEPLOY, Rung.READY, Rung.SPAWN, Rung.RUNTIME, Rung.HANDLER)
"""Rungs that everything applicable must have been checked on before `none` is said of something not deployed."""


def roles(role: Role) -> tuple[Role, ...]:
    """The subjects in which a symptom may lie. What a refused update would run may also be what lies at hand."""
    return (Role.ATTEMPTED, Role.PROPOSED) if role is Role.ATTEMPTED else (role,)


def settle(findings: Sequence[Finding], ladder: Sequence[RungReport], role: Role) -> list[Finding]:
    """Findings after they have been held against each other and against what newer evidence shows.

    A failed finding that another one on the same subject explains becomes `not_applicable`; one below a rung that was
    passed becomes `unknown`: it contradicts reality, so one of the two was misread.
    """
    explained = {
        (f.subject, other): f.check
        for f in findings
        if f.outcome is Outcome.FAIL
        for other in all_checks()[f.check].explains
    }
    reached = max((r.rung.height for r in ladder if r.state is RungState.PASSED), default=-1)
    settled = []
    for f in findings:
        by = explained.get((f.subject, f.check))
        if f.outcome is Outcome.FAIL and by is not None:
            verdict = replace(f.verdict, outcome=Outcome.NOT_APPLICABLE)
            settled.append(replace(f, verdict=verdict, explained_by=by))
        elif f.outcome is Outcome.FAIL and f.subject.role in roles(role) and _contradicted(f, reached):
            text = f"contradicted: {f.verdict.message}; but newer evidence shows that the {f.rung} rung was passed"
            settled.append(replace(f, verdict=replace(f.verdict, outcome=Outcome.UNKNOWN, message=text)))
        else:
            settled.append(f)
    return settled


def _contradicted(finding: Finding, reached: int) -> bool:
    beside = finding.rung is Rung.STALE or finding.verdict.regardless
    return not beside and finding.rung.height <= reached and finding.severity in LOUD


def fold(triage: Triage, findings: Sequence[Finding]) -> Diagnosis:
    """The conclusion. `findings` are settled; the order among them does not matter."""
    symptom = triage.symptom
    mine = [f for f in findings if f.subject.role in roles(symptom.role)]
    candidates = sorted((f for f in mine if f.outcome is Outcome.FAIL and f.severity in LOUD), key=_order)
    failing = symptom.rung
    causes = [f for f in candidates if failing is None or f.rung.height <= failing.height]
    later = [f for f in candidates if f not in causes]
    if failing is None and causes:
        lowest = causes[0].rung
        later = [f for f in causes if f.rung is not lowest]
        causes = [f for f in causes if f.rung is lowest]
    answered = [f for f in mine if not f.verdict.ungiven and not all_checks()[f.check].narrow]
    excluded = {f.check for f in answered if f.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)}
    excluded -= {f.check for f in answered if f.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}
    named = symptom.suspects
    if not named and not any(f.proven for f in causes):
        named = tuple(suspects.rank(symptom.texts))
    left = tuple(s for s in named if s.cause not in excluded)
    ladder = triage.ladder
    for cause in causes:
        if cause.proven:
            ladder = with_failure(ladder, cause.rung, cause.verdict.evidence)

    status, left, summary = _status(symptom, causes, left, mine)
    return Diagnosis(
        status=status,
        summary=summary,
        causes=tuple(dict.fromkeys(f.check for f in causes if f.proven)) if status is Status.CONFIRMED else (),
        next=tuple(dict.fromkeys(f.check for f in later)),
        suspects=left if status in (Status.SUSPECTED, Status.CONFIRMED) else (),
        ruled_out=tuple(sorted({f.check for f in answered if f.outcome is Outcome.PASS})),
        deciding_question=_question(status, left),
        ladder=ladder,
        rung=next((r.rung for r in ladder if r.state is RungState.FAILED), None),
        subject=causes[0].subject if causes else Subject(symptom.role),
    )


def _order(finding: Finding) -> tuple[int, int, bool, str, str]:
    """Lowest rung, error before warning, proof before text, id."""
    loudness = LOUD.index(finding.severity)
    return (finding.rung.height, loudness, not finding.proven, finding.check, finding.subject.name)


def _status(
    symptom: Symptom, causes: Sequence[Finding], left: tuple[Suspect, ...], mine: Sequence[Finding]
) -> tuple[Status, tuple[Suspect, ...], str]:
    proven = [f for f in causes if f.proven]
    if proven:
        named = {f.check for f in causes}
        rest = tuple(s for s in left if s.cause not in named)
        return Status.CONFIRMED, rest, f"{proven[0].check}: {proven[0].verdict.message}"
    if causes:
        said = tuple(Suspect(f.check, f.verdict.message) for f in causes)
        rest = tuple(s for s in left if s.cause not in {f.check for f in causes})
        return Status.SUSPECTED, said + rest, f"suspected, not proven: {causes[0].verdict.message}"
    if left and not symptom.healthy:
        return Status.SUSPECTED, left, f"{symptom.summary}; not proven: {left[0].cause} — {left[0].why}"
    if symptom.rung is not None:
        text = f"{symptom.summary}; no known failure mode could be proven or is suggested by a text"
        return Status.INCONCLUSIVE, (), text
    open_questions = [f for f in mine if f.outcome is Outcome.UNKNOWN]
    if symptom.healthy:
        return Status.NONE, (), f"nothing wrong was found: {symptom.summary}"
    if symptom.role is Role.PROPOSED and mine and not _unsettled(open_questions) and _settled(mine):
        return Status.NONE, (), "nothing known would keep this from starting"
    if symptom.role is Role.PROPOSED and open_questions and _settled(mine):
        unsettled = ", ".join(dict.fromkeys(f.check for f in (_unsettled(open_questions) or open_questions)[:3]))
        return (
            Status.INCONCLUSIVE,
            (),
            f"nothing was found that would keep this from starting; not settled: {unsettled}",
        )
    return Status.INCONCLUSIVE, (), _why_open(symptom, open_questions, settled=_settled(mine))


def _why_open(symptom: Symptom, unknown: Sequence[Finding], *, settled: bool) -> str:
    """Where nothing could be checked at all, what stood in the way comes first: that is what there is to do about it."""
    if unknown:
        how_many = f"{len(unknown)} checks could not tell"
        ((reason, _),) = Counter(f.verdict.message for f in unknown).most_common(1)
        if settled or reason in symptom.summary:
            return f"{symptom.summary}; {how_many}"
        return f"{reason}; {how_many}; {symptom.summary}"
    if symptom.role is Role.PROPOSED and not (settled or symptom.texts):
        others = "give the function, its image or its template as well"
        return f"nothing in what was given could be checked: {others}; {symptom.summary}"
    return symptom.summary


def _unsettled(unknown: Sequence[Finding]) -> list[Finding]:
    return [f for f in unknown if f.rung in BEFORE_DEPLOYMENT]


def _settled(findings: Sequence[Finding]) -> bool:
    """Whether anything at all was shown to be in order."""
    return any(f.outcome is Outcome.PASS for f in findings)


def _question(status: Status, left: Sequence[Suspect]) -> str | None:
    return suspects.deciding(*left[:2]) if status is Status.SUSPECTED and left else None
