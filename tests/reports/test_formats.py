"""One journal through every format: reviewed as files, repeatable to the byte. `REWRITE_GOLDEN=1` writes them anew."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from troubleshooter import records, reports
from troubleshooter.comparison import Comparison
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.changes import Change, Changes
from troubleshooter.facts.logs import Environment, ExecutionEnvironments, Span
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
    RungState,
    Severity,
    Status,
    Subject,
    Suspect,
    Symptom,
    Target,
    Unblock,
    Verdict,
)
from troubleshooter.triage import Triage

GOLDEN = Path(__file__).parent / "golden"
AT = "2026-01-02T03:04:05.000Z"
HOSTILE = "\x1b]52;c;aGk=\x07 [bold]<script>alert(1)</script> `x` | @team #1 ![p](http://x) \u202e 界 ```"
DEPLOYED = Subject(Role.DEPLOYED)


def evidence(label: str, value: str, origin: Origin = Origin.RECORD) -> Evidence:
    return Evidence(
        label, value, "lambda:GetFunction", AT, origin, "11111111-2222-3333-4444-555555555555", "FunctionRecord"
    )


def finding(check: str, outcome: Outcome, message: str, **more: Any) -> Finding:
    verdict = Verdict(outcome, message, **more)
    return Finding(check, DEPLOYED, Rung.SPAWN, Severity.ERROR, verdict, on_path=True, elapsed_ms=1.5)


def timeline() -> ExecutionEnvironments:
    """A failed init and an invocation after a pause."""
    at = dt.datetime.fromisoformat(AT)
    spans = (
        Span(at, "init", "error", 9.0, phase="invoke", error_type=HOSTILE),
        Span(at, "invocation", "success", 120.0, request_id=HOSTILE, frozen_ms=5000.0, late_lines=2),
    )
    lanes = (Environment(HOSTILE, "$LATEST", spans),)
    reading = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
    return ExecutionEnvironments(reading=reading, environments=lanes, late_lines=2, timeout_s=30)


def comparison() -> Comparison:
    """A local image that differs in everything."""
    members = (("command", '["app.main"]', '["app.handler"]'), (HOSTILE, HOSTILE, "not set"))
    return Comparison("different", HOSTILE, "sha256:b", members, (2, 4, 5), HOSTILE, (f"~ /{HOSTILE}", "+ /new"), 3)


def changes() -> Changes:
    """A member that changed, and a call that someone made."""
    reading = Reading("lambda:ListVersionsByFunction", Origin.RECORD)
    at = dt.datetime(2026, 1, 2, 3, 0, 0, tzinfo=dt.UTC)
    found = (
        Change(at, "architecture", "lambda:ListVersionsByFunction: version 7 → $LATEST", "x86_64", "arm64"),
        Change(at, "image pushed (demo)", "cloudtrail:LookupEvents", None, f"imageTag {HOSTILE}", HOSTILE),
    )
    return Changes(reading=reading, changes=found, first_failure=at, complete=False)


def journal() -> list[dict[str, Any]]:
    """Every outcome, a note, an answer by hand, a verification, and text that wants out."""
    ladder = tuple(
        RungReport(r, RungState.PASSED if r.height < 3 else RungState.FAILED if r is Rung.SPAWN else RungState.UNKNOWN)
        for r in Rung
    )
    symptom = Symptom(Rung.SPAWN, Role.DEPLOYED, f"init ended {HOSTILE}", (evidence("init", HOSTILE),), since=AT)
    cause = finding(
        "arch_image_function_mismatch",
        Outcome.FAIL,
        "the function runs on arm64, its image was built for amd64",
        evidence=(evidence("function architecture", "arm64"), evidence("image label", HOSTILE, Origin.IMAGE)),
        remediation=Remediation(
            "Rebuild it.", ("docker buildx build --platform linux/arm64 .",), "Architectures are equal."
        ),
    )
    gap = finding(
        "entrypoint_crlf",
        Outcome.UNKNOWN,
        "ecr:BatchGetImage was denied",
        unblock=Unblock("allow ecr:BatchGetImage on *", "ecr:BatchGetImage", "*"),
    )
    diagnosis = Diagnosis(
        Status.CONFIRMED,
        "arch_image_function_mismatch: the function runs on arm64, its image was built for amd64",
        causes=("arch_image_function_mismatch",),
        next=("py_dep_missing",),
        suspects=(Suspect("entrypoint_crlf", HOSTILE),),
        ruled_out=("cmd_missing",),
        ladder=ladder,
        rung=Rung.SPAWN,
        subject=DEPLOYED,
    )
    fixed = finding("arch_image_function_mismatch", Outcome.PASS, "function and image are both for arm64")
    found = [cause, gap, finding("cmd_missing", Outcome.PASS, "there is a handler")]
    found.append(finding("workdir_missing", Outcome.NOT_APPLICABLE, "no working directory"))
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("start", records.start(Target(function="demo", region="eu-west-1"), {"triage": "0123456789ab"})),
        ("triage", records.triage(Triage(ladder, symptom), [DEPLOYED])),
        ("timeline", records.timeline(timeline())),
        ("answer", {"playbook": "triage", "node": "where", "reply": "spawn", "by": "engineer", "note": HOSTILE}),
        *(("finding", records.finding(f)) for f in found),
        ("answer", {"playbook": "spawn", "node": "architecture", "reply": "fail", "by": "check", "note": ""}),
        ("note", {"text": f"told {HOSTILE}"}),
        ("comparison", dataclasses.asdict(comparison())),
        ("changes", records.changes(changes())),
        ("read", {"service": "lambda", "operation": "GetFunction", "region": "eu-west-1", "status": "ok", "ms": 12.0}),
        ("diagnosis", records.diagnosis(diagnosis, None, {"named secret": 1})),
        ("verify", {"fixed": True, "before": [records.finding(cause)], "after": [records.finding(fixed)]}),
        ("end", {"status": "ended"}),
    ]
    return [
        json.loads(json.dumps({"v": 1, "seq": i, "at": AT, "kind": kind, **body}))
        for i, (kind, body) in enumerate(bodies)
    ]


@pytest.mark.parametrize("name", sorted(reports.formats()))
def test_format_is_as_reviewed(name: str) -> None:
    path = GOLDEN / f"report.{name}"
    made = reports.render(reports.from_journal(journal()), name)
    made = made.replace(reports.from_journal(journal())["tool"]["version"], "VERSION")
    if os.environ.get("REWRITE_GOLDEN"):
        path.write_text(made)
    assert made == path.read_text()
    assert "\x1b" not in made
    assert "\u202e" not in made


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_a_suspect_says_what_it_means_what_would_show_it_and_what_mends_it(name: str) -> None:
    report = reports.from_journal(journal())
    suspects = [{"cause": "entrypoint_crlf", "why": f"the text says “{HOSTILE}”"}]
    report["diagnosis"] |= {
        "status": "suspected",
        "causes": [],
        "suspects": suspects,
        "deciding_question": "Is `x` so?",
    }
    made = reports.render(report, name)
    assert "the entry script has Windows line ends; " in made
    assert "What would show it:" in made
    assert "Is `x` so?" in made
    assert "troubleshooter explain entrypoint_crlf" in made


def test_the_page_loads_and_runs_nothing() -> None:
    page = reports.render(reports.from_journal(journal()), "html")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"<(?:a|img|link|iframe|form|object)\b|\son\w+=|https?://", page.replace("(http://x)", ""))


def test_the_record_keeps_its_contract() -> None:
    jsonschema.validate(reports.from_journal(journal()), reports.schema())


def test_taking_an_answer_back_takes_its_findings_back() -> None:
    whole = journal()
    back = {"v": 1, "seq": 99, "at": AT, "kind": "back", "playbook": "spawn", "node": "architecture"}
    report = reports.from_journal([*whole, {**back, "checks": ["arch_image_function_mismatch"]}])
    assert [s["node"] for s in report["path"]] == ["where"]
    assert "arch_image_function_mismatch" not in [f["check"] for f in report["findings"]]
    assert report["diagnosis"]["status"] == "inconclusive"


def test_only_what_the_newest_diagnosis_could_not_read_is_unread() -> None:
    def record(kind: str, **body: Any) -> dict[str, Any]:
        return {"v": 1, "seq": 99, "at": AT, "kind": kind, **body}

    def gap(detail: str) -> dict[str, Any]:
        missing = Unavailable(Reason.DENIED, detail, Unblock(f"allow {detail}", detail, "*"))
        return record("gap", **records.gap("ImageConfig", DEPLOYED, missing))

    *before, diagnosis, _, _ = journal()
    whole = [*before, gap("ecr:BatchGetImage"), diagnosis]
    assert [g["detail"] for g in reports.from_journal(whole)["unread"]] == ["ecr:BatchGetImage"]
    again = reports.from_journal([*whole, gap("logs:FilterLogEvents"), diagnosis])
    assert [g["detail"] for g in again["unread"]] == ["logs:FilterLogEvents"]
    assert reports.from_journal([*whole, diagnosis])["unread"] == []


def test_every_piece_of_evidence_is_cited_by_its_number() -> None:
    report = reports.from_journal(journal())
    cited = {e for f in report["findings"] for e in f["evidence"]} | {
        e for r in report["ladder"] for e in r["evidence"]
    }
    cited |= set(report["symptom"]["evidence"])
    assert cited == set(report["evidence"])
