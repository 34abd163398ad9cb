"""A journal rendered for a reader. Reports are made of records alone, never of a session: today's or last month's alike."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable
from importlib import resources
from typing import Any

from troubleshooter import grants
from troubleshooter.errors import UsageError

SCHEMA = "troubleshooter.report/1"
COMPARISON = ("relation", "local", "deployed", "members", "layers", "step", "files", "more_files")
TIMELINE = ("source", "timeout_ms", "environments", "left_out", "cold_starts", "retries", "late_lines")
Report = dict[str, Any]
Record = dict[str, Any]


def formats() -> dict[str, Callable[[Report], str]]:
    """Name → renderer: every module of this folder with a `FORMAT` and a `render`."""
    found = {}
    for each in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{each.name}")
        if hasattr(module, "FORMAT"):
            found[module.FORMAT] = module.render
    return found


def schema() -> dict[str, Any]:
    """JSON Schema of the contract."""
    loaded: dict[str, Any] = json.loads(
        resources.files("troubleshooter.data").joinpath("report.schema.json").read_text("utf-8")
    )
    return loaded


def render(report: Report, name: str) -> str:
    """The report as text. Raises UsageError for a format that does not exist."""
    known = formats()
    if name not in known:
        raise UsageError(f"--format {name}: there is {', '.join(sorted(known))}")
    return known[name](report)


def from_journal(records: Iterable[Record]) -> Report:
    """The whole record of a session as `report.json` has it (contract `troubleshooter.report/1`)."""
    fold = _Fold()
    for record in records:
        fold.take(record)
    return fold.report()


class _Fold:
    """The state of a report while records are read."""

    def __init__(self) -> None:
        self.start: Record = {}
        self.triage: Record = {}
        self.timeline: Record | None = None
        self.comparison: Record | None = None
        self.changes: Record = {"changes": [], "first_failure": None, "complete": True}
        self.diagnosis: Record = {}
        self.findings: dict[tuple[str, str], Record] = {}
        self.path: list[Record] = []
        self.calls: list[Record] = []
        self.notes: list[Record] = []
        self.verifications: list[Record] = []
        self.notices: list[str] = []
        self.gaps: dict[str, Record] = {}
        """Of the newest diagnosis: what could be read since is none any more."""
        self.told: dict[str, Record] = {}
        self.last_at = ""

    def take(self, record: Record) -> None:
        """One record's part."""
        kind = record["kind"]
        self.last_at = record["at"]
        if kind == "start":
            self.start = record
        elif kind == "triage":
            self.triage = record
        elif kind == "timeline":
            self.timeline = {key: record[key] for key in TIMELINE}
        elif kind == "comparison":
            self.comparison = {key: record[key] for key in COMPARISON}
        elif kind == "changes":
            self.changes = record
        elif kind == "finding":
            self.findings[record["check"], record["subject"]] = record
        elif kind == "answer":
            self.path.append(record)
        elif kind == "back" and self.path:
            self.path.pop()
            self.diagnosis = {}
            self.findings = {k: v for k, v in self.findings.items() if k[0] not in record.get("checks", ())}
        elif kind == "note":
            self.notes.append({"at": record["at"], "text": record["text"]})
        elif kind == "read":
            self.calls.append(record)
        elif kind == "gap":
            self.told[record["detail"]] = record
        elif kind == "notice":
            self.notices.append(record["text"])
        elif kind == "diagnosis":
            self.diagnosis = record
            self.gaps, self.told = self.told, {}
        elif kind == "verify":
            self.verifications.append(record)

    def report(self) -> Report:
        """Everything, in the contract's shape."""
        evidence = _Evidence()
        diagnosis = self.diagnosis
        ladder = (diagnosis or self.triage).get("ladder", [])
        findings = [_finding(f, evidence) for f in sorted(self.findings.values(), key=_finding_order)]
        symptom = self.triage.get("symptom", {})
        return {
            "schema": SCHEMA,
            "target": self.start.get("target", {}),
            "subjects": self.triage.get("subjects", []),
            "caller": diagnosis.get("caller"),
            "started": self.start.get("at", ""),
            "finished": self.last_at,
            "tool": self.start.get("tool", {}),
            "ladder": [_rung(r, symptom, evidence) for r in ladder],
            "symptom": _symptom(symptom, evidence),
            "timeline": self.timeline,
            "diagnosis": _diagnosis(diagnosis),
            "findings": findings,
            "changes": self.changes["changes"],
            "image_comparison": self.comparison,
            "changes_complete": self.changes["complete"],
            "changes_notes": self.changes.get("notes", []),
            "ruled_out": diagnosis.get("ruled_out", []),
            "could_not_check": [_gap(f) for f in sorted(self.findings.values(), key=_finding_order) if _is_gap(f)],
            "unread": [
                {k: g[k] for k in ("fact", "subject", "reason", "detail", "unblock")} for g in self.gaps.values()
            ],
            "missing_permissions": _missing_permissions(self.gaps.values(), self.findings.values()),
            "path": [
                {"playbook": a["playbook"], "node": a["node"], "reply": a["reply"], "by": a["by"], "at": a["at"]}
                for a in self.path
            ],
            "notes": self.notes,
            "notices": self.notices,
            "verifications": [_verification(v, evidence) for v in self.verifications],
            "evidence": evidence.by_id,
            "calls": [{k: c[k] for k in ("service", "operation", "region", "status", "ms")} for c in self.calls],
            "redactions": diagnosis.get("redactions", {}),
        }


class _Evidence:
    """Numbers observations: the same value from the same place at the same time is one."""

    def __init__(self) -> None:
        self.by_id: dict[str, Record] = {}
        self._ids: dict[tuple[Any, ...], str] = {}

    def id(self, e: Record) -> str:
        key = (e["label"], e["value"], e["source"], e["at"])
        if key not in self._ids:
            name = self._ids[key] = f"e{len(self._ids) + 1}"
            self.by_id[name] = {
                "label": e["label"],
                "value": e["value"],
                "source": e["source"],
                "at": e["at"],
                "origin": e["origin"],
                "request_id": e.get("request_id"),
                "digest": hashlib.sha256(e["value"].encode()).hexdigest()[:12],
            }
        return self._ids[key]


def _rung(r: Record, symptom: Record, evidence: _Evidence) -> Record:
    return {
        "rung": r["rung"],
        "state": r["state"],
        "subject": symptom.get("role"),
        "evidence": [evidence.id(e) for e in r["evidence"]],
    }


def _symptom(symptom: Record, evidence: _Evidence) -> Record:
    return {
        "rung": symptom.get("rung"),
        "summary": symptom.get("summary", ""),
        "since": symptom.get("since"),
        "evidence": [evidence.id(e) for e in symptom.get("evidence", [])],
    }


def _diagnosis(diagnosis: Record) -> Record:
    return {
        "status": diagnosis.get("status", "inconclusive"),
        "causes": diagnosis.get("causes", []),
        "next": diagnosis.get("next", []),
        "suspects": diagnosis.get("suspects", []),
        "summary": diagnosis.get("summary", "the walk was not finished"),
        "deciding_question": diagnosis.get("deciding_question"),
    }


def _finding(f: Record, evidence: _Evidence) -> Record:
    shown = {k: f[k] for k in ("check", "outcome", "severity", "rung", "subject", "message")}
    return {
        **shown,
        "evidence": [evidence.id(e) for e in f["evidence"]],
        "remediation": f["remediation"],
        "explained_by": f["explained_by"],
        "on_path": f["on_path"],
        "elapsed_ms": f["elapsed_ms"],
        "our_fault": f.get("our_fault", False),
    }


_LOUDNESS = {"fail": 0, "unknown": 1, "pass": 2, "not_applicable": 3}


def _finding_order(f: Record) -> tuple[int, str, str]:
    return (_LOUDNESS[f["outcome"]], f["check"], f["subject"])


def _is_gap(f: Record) -> bool:
    return bool(f["outcome"] == "unknown")


def _gap(f: Record) -> Record:
    unblock = f.get("unblock") or {"text": "", "action": None, "resource": None}
    return {"check": f["check"], "subject": f["subject"], "reason": f["message"], "unblock": unblock}


def _missing_permissions(gaps: Iterable[Record], findings: Iterable[Record]) -> Record:
    """What was denied: each action and resource once, what it keeps from being told, and the policy to ask for."""
    blocked: dict[tuple[str, str], Record] = {}
    for each in [*gaps, *(f for f in findings if _is_gap(f))]:
        unblock = each.get("unblock") or {}
        if not unblock.get("action"):
            continue
        key = (unblock["action"], unblock["resource"] or "*")
        entry = blocked.setdefault(
            key,
            {
                "action": key[0],
                "resource": key[1],
                "grant_in": unblock.get("grant_in"),
                "lift": unblock.get("lift"),
                "in_policy": _mended_by_identity(unblock),
                "text": unblock["text"],
                "checks": [],
            },
        )
        if "check" in each and each["check"] not in entry["checks"]:
            entry["checks"] = sorted([*entry["checks"], each["check"]])
    entries = [blocked[key] for key in sorted(blocked)]
    policy = grants.for_denied((e["action"], e["resource"]) for e in entries if e["in_policy"])
    return {"actions": entries, "policy": policy}


def _mended_by_identity(unblock: Record) -> bool:
    """Whether an allow beside the caller mends it: not against a deny, nor where another kind of policy does not allow it."""
    place = unblock.get("grant_in")
    return not unblock.get("lift") and (not place or "identity-based policy" in place)


def _verification(v: Record, evidence: _Evidence) -> Record:
    return {
        "at": v["at"],
        "fixed": v["fixed"],
        "note": v.get("note", ""),
        "before": [_finding(f, evidence) for f in v["before"]],
        "after": [_finding(f, evidence) for f in v["after"]],
    }
