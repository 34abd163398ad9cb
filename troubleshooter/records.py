"""What stands in a journal's records: plain values of the model, and back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from troubleshooter import __version__
from troubleshooter.facts import Store, Unavailable
from troubleshooter.facts.changes import Changes
from troubleshooter.facts.function import Caller
from troubleshooter.facts.logs import ExecutionEnvironments, Span
from troubleshooter.model import (
    Diagnosis,
    Evidence,
    Finding,
    Origin,
    Outcome,
    Remediation,
    Role,
    Rung,
    RungReport,
    Severity,
    Subject,
    Target,
    Unblock,
    Verdict,
)
from troubleshooter.triage import Triage

Record = dict[str, Any]
_PATHS = ("template", "source", "logs")


def start(target: Target, playbooks: Mapping[str, str], incident: str = "") -> Record:
    """The first record of a session. `incident`: the demonstration's, where it is one of those."""
    given = {k: v for k, v in dataclasses.asdict(target).items() if v not in (None, False)}
    plain = {k: str(v) if isinstance(v, Path) else v for k, v in given.items()}
    return {
        "target": plain,
        "tool": {"version": __version__, "playbooks": dict(playbooks)},
        **({"incident": incident} if incident else {}),
    }


def target(record: Record) -> Target:
    """The target of a start record."""
    names = {f.name for f in dataclasses.fields(Target)}
    values: dict[str, Any] = {k: Path(v) if k in _PATHS else v for k, v in record["target"].items() if k in names}
    return Target(**values)


def evidence(e: Evidence) -> Record:
    return {
        "label": e.label,
        "value": e.value,
        "source": e.source,
        "at": e.at,
        "origin": e.origin.name.lower(),
        "request_id": e.request_id,
        "fact": e.fact,
    }


def read_evidence(r: Record) -> Evidence:
    origin = Origin[str(r["origin"]).upper()]
    return Evidence(r["label"], r["value"], r["source"], r["at"], origin, r.get("request_id"), r.get("fact", ""))


def finding(f: Finding) -> Record:
    fix, unblock = f.verdict.remediation, f.verdict.unblock
    return {
        "check": f.check,
        "subject": str(f.subject),
        "rung": f.rung.value,
        "severity": f.severity.value,
        "outcome": f.outcome.value,
        "message": f.verdict.message,
        "evidence": [evidence(e) for e in f.verdict.evidence],
        "remediation": None
        if fix is None
        else {"text": fix.text, "commands": list(fix.commands), "verify": fix.verify},
        "unblock": None if unblock is None else dataclasses.asdict(unblock),
        "explained_by": f.explained_by,
        "on_path": f.on_path,
        "elapsed_ms": f.elapsed_ms,
        "ungiven": f.verdict.ungiven,
        "again": f.verdict.again,
        "our_fault": f.verdict.our_fault,
        "regardless": f.verdict.regardless,
    }


def read_finding(r: Record) -> Finding:
    fix, unblock = r.get("remediation"), r.get("unblock")
    verdict = Verdict(
        outcome=Outcome(r["outcome"]),
        message=r["message"],
        evidence=tuple(read_evidence(e) for e in r["evidence"]),
        remediation=None if fix is None else Remediation(fix["text"], tuple(fix["commands"]), fix.get("verify", "")),
        unblock=None if unblock is None else Unblock(**unblock),
        ungiven=bool(r.get("ungiven")),
        again=bool(r.get("again")),
        our_fault=bool(r.get("our_fault")),
        regardless=bool(r.get("regardless")),
    )
    return Finding(
        check=r["check"],
        subject=subject(r["subject"]),
        rung=Rung(r["rung"]),
        severity=Severity(r["severity"]),
        verdict=verdict,
        on_path=bool(r["on_path"]),
        elapsed_ms=float(r["elapsed_ms"]),
        explained_by=r.get("explained_by"),
    )


def gap(fact: str, of: Subject, unavailable: Unavailable) -> Record:
    """A fact that could not be read."""
    unblock = unavailable.unblock
    return {
        "fact": fact,
        "subject": str(of),
        "reason": unavailable.reason.value,
        "detail": unavailable.detail,
        "unblock": None if unblock is None else dataclasses.asdict(unblock),
    }


def gaps(by_subject: Mapping[Subject, Store]) -> list[Record]:
    """What could not be read, each reason once."""
    seen: dict[str, Record] = {}
    for of, store in by_subject.items():
        for kind, unavailable in store.gaps().items():
            seen.setdefault(unavailable.detail, gap(kind.__name__, of, unavailable))
    return list(seen.values())


def subject(text: str) -> Subject:
    """`deployed`, `proposed/Name` → Subject."""
    role, _, name = text.partition("/")
    return Subject(Role(role), name)


def rung(r: RungReport) -> Record:
    return {"rung": r.rung.value, "state": r.state.value, "evidence": [evidence(e) for e in r.evidence]}


def triage(t: Triage, subjects: Iterable[Subject]) -> Record:
    s = t.symptom
    return {
        "subjects": [str(subject) for subject in subjects],
        "ladder": [rung(r) for r in t.ladder],
        "symptom": {
            "rung": s.rung.value if s.rung else None,
            "role": s.role.value,
            "summary": s.summary,
            "evidence": [evidence(e) for e in s.evidence],
            "since": s.since,
            "healthy": s.healthy,
            "suspects": [dataclasses.asdict(x) for x in s.suspects],
        },
    }


def timeline(e: ExecutionEnvironments) -> Record:
    """What the execution environments did; times in ISO 8601, durations in milliseconds."""
    return {
        "source": e.reading.source,
        "timeout_ms": e.timeout_s * 1000 if e.timeout_s else None,
        "environments": [
            {"stream": each.stream, "version": each.version, "spans": [_span(s) for s in each.spans]}
            for each in e.environments
        ],
        "left_out": e.left_out,
        "cold_starts": e.cold_starts,
        "retries": e.retries,
        "late_lines": e.late_lines,
    }


def _span(s: Span) -> Record:
    said = dataclasses.asdict(s)
    return {**said, "at": s.at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if s.at else None}


def changes(found: Changes) -> Record:
    """What was changed, nearest to the first failure first."""
    return {
        "changes": [
            {
                "at": _iso(c.at),
                "what": c.what,
                "before": c.before,
                "after": c.after,
                "by": c.by,
                "source": c.source,
            }
            for c in found.changes
        ],
        "first_failure": _iso(found.first_failure),
        "complete": found.complete,
        "notes": list(found.notes),
    }


def _iso(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


def diagnosis(d: Diagnosis, caller: Caller | None, redactions: Mapping[str, int]) -> Record:
    return {
        "status": d.status.value,
        "summary": d.summary,
        "causes": list(d.causes),
        "next": list(d.next),
        "suspects": [dataclasses.asdict(s) for s in d.suspects],
        "ruled_out": list(d.ruled_out),
        "deciding_question": d.deciding_question,
        "ladder": [rung(r) for r in d.ladder],
        "subject": str(d.subject) if d.subject else None,
        "caller": None if caller is None else {"account": caller.account, "arn": caller.arn, "region": caller.region},
        "redactions": dict(redactions),
    }
