"""A walk from target to diagnosis, on the demonstration's accounts: the product's own collectors and checks throughout."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from troubleshooter import demo, journal, playbook, reports, session, verification
from troubleshooter.errors import JournalError
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.model import Origin, Outcome, Status
from troubleshooter.session import Session
from troubleshooter.world import all_providers

CAUSES = {
    "streaming": "arch_image_function_mismatch",
    "vision": "arch_image_function_mismatch",
    "modules": "node_esm_in_cjs",
    "package": "py_dist_vs_import_name",
    "background": "background_python_task",
}


def opened(name: str, tmp_path: Path) -> Session:
    return demo.open_session(demo.incident(name), within=tmp_path)


def report_of(walk: Session) -> dict[str, Any]:
    return reports.from_journal(walk.journal.records)


@pytest.mark.parametrize(("name", "cause"), CAUSES.items())
def test_each_incident_ends_in_its_proven_cause(name: str, cause: str, tmp_path: Path) -> None:
    walk = opened(name, tmp_path)
    diagnosis = walk.run()
    assert (diagnosis.status, diagnosis.causes[:1]) == (Status.CONFIRMED, (cause,)), diagnosis.summary
    report = report_of(walk)
    (finding,) = [f for f in report["findings"] if f["check"] == cause and f["outcome"] == "fail"]
    assert finding["evidence"]
    assert finding["remediation"]["text"]
    assert finding["on_path"], "the playbook leads to the cause; the sweep only rounds it off"
    assert walk.steps[-1].reply == "fail"


@pytest.mark.parametrize(("name", "cause"), CAUSES.items())
def test_without_any_fact_that_it_cites_a_cause_is_not_confirmed(name: str, cause: str, tmp_path: Path) -> None:
    walk = opened(name, tmp_path)
    walk.run()
    (proof,) = [f for f in walk.findings.values() if f.check == cause and f.outcome is Outcome.FAIL]
    cited = {e.fact for e in proof.verdict.evidence if e.origin.proves and e.fact}
    assert cited
    kinds = {kind.__name__: kind for kind in all_providers()}
    for fact in sorted(cited):
        poorer = opened(name, tmp_path)
        gone = {kinds[fact]: Unavailable(Reason.DENIED, f"{fact} was taken away")}
        poorer.world = dataclasses.replace(poorer.world, withheld=gone)
        assert cause not in poorer.run().causes, f"still confirmed without {fact}"


def test_an_architecture_mismatch_is_proven_without_reading_a_layer(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.run()
    reads = [c for c in report_of(walk)["calls"] if c["service"] == "http"]
    assert len(reads) <= 1, reads


def test_no_call_is_made_twice(tmp_path: Path) -> None:
    for name in CAUSES:
        walk = opened(name, tmp_path)
        walk.run()
        calls = [(c["service"], c["operation"]) for c in report_of(walk)["calls"] if c["service"] != "http"]
        several = {("ecr", "GetDownloadUrlForLayer"), ("cloudtrail", "LookupEvents")}  # asked of several things
        once = [c for c in calls if c not in several]
        assert len(once) == len(set(once)), calls


def test_back_takes_the_last_reply_back_and_the_walk_ends_the_same(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.open()
    assert not walk.back()
    first = walk.node
    walk.reply(walk.evaluate(), by="proposal")
    second = walk.node
    walk.reply(walk.evaluate())
    assert walk.back()
    assert walk.node == second
    assert walk.back()
    assert walk.node == first
    assert walk.run().causes == ("arch_image_function_mismatch",)
    assert [s["node"] for s in report_of(walk)["path"]] == [s.node.name for s in walk.steps]


def test_an_answer_by_hand_is_marked_and_never_proves(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.open()
    while walk.node is not None and walk.node.ask:
        walk.reply(walk.evaluate(), by="proposal")
    evaluation = walk.evaluate()
    walk.reply(evaluation, "pass", by="engineer", note="I compared both myself")
    (said,) = [f for f in walk.findings.values() if f.check == "arch_image_function_mismatch"]
    assert said.outcome is Outcome.PASS
    assert [e.origin for e in said.verdict.evidence] == [Origin.ANSWER]


def test_resume_goes_on_where_it_stopped(tmp_path: Path) -> None:
    whole = opened("streaming", tmp_path)
    expected = whole.run()
    whole.end()
    cut = opened("streaming", tmp_path)
    cut.open()
    cut.note("told the channel")
    cut.reply(cut.evaluate(), by="proposal")
    where = cut.node
    cut.journal.close()
    assert cut.journal.path is not None
    again = session.resume(cut.journal.path, playbook.load(), world_=opened("streaming", tmp_path).world)
    assert again.node == where
    diagnosis = again.run()
    assert (diagnosis.status, diagnosis.causes) == (expected.status, expected.causes)
    assert [n["text"] for n in report_of(again)["notes"]] == ["told the channel"]
    again.end()


def test_resume_refuses_playbooks_that_have_changed(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.open()
    walk.reply(walk.evaluate(), by="proposal")
    walk.journal.append("answer", playbook="spawn", node="no_such_node", reply="fail", by="check", note="")
    walk.journal.close()
    assert walk.journal.path is not None
    with pytest.raises(JournalError, match="playbooks have changed"):
        session.resume(walk.journal.path, playbook.load(), world_=walk.world)


def test_verify_reads_only_what_the_verdict_used(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.run()
    path = walk.journal.path
    assert path is not None
    walk.end()
    before = verification.last_causes(journal.read(path))
    fixed = demo.incident("streaming").account
    configuration = {**fixed.configuration, "Architectures": ["x86_64"]}
    repaired = dataclasses.replace(
        demo.incident("streaming"), account=dataclasses.replace(fixed, configuration=configuration)
    )
    after_fix = demo.open_session(repaired, within=tmp_path)
    again = session.resume(path, playbook.load(), world_=after_fix.world)
    result = again.verify(before)
    assert result.fixed is True
    asked = {(c.service, c.operation) for c in after_fix.world.calls.since(0)}
    assert asked <= {("lambda", "GetFunction"), ("ecr", "BatchGetImage"), ("ecr", "GetDownloadUrlForLayer")} | {
        pair for pair in asked if pair[0] == "http"
    }
    again.journal.close()
    unchanged = session.resume(path, playbook.load(), world_=opened("streaming", tmp_path).world)
    assert unchanged.verify(before).fixed is False
    unchanged.journal.close()
    (first, second) = reports.from_journal(journal.read(path).records)["verifications"]
    assert (first["fixed"], second["fixed"]) == (True, False)


def test_a_demonstration_is_gone_on_with_on_its_made_up_account(tmp_path: Path) -> None:
    walk = opened("streaming", tmp_path)
    walk.run()
    path = walk.journal.path
    assert path is not None
    walk.end()
    again = demo.resume(path, playbook.load())
    assert again.world.incident == "streaming"
    assert again.verify(verification.last_causes(journal.read(path))).fixed is False
    again.end()


def test_the_demonstration_s_record_does_not_change_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    account = demo.incident("streaming").account
    before = account._configuration()["LastModified"]
    tomorrow = SimpleNamespace(now=lambda zone: dt.datetime.now(zone) + dt.timedelta(days=1))
    clock = SimpleNamespace(datetime=tomorrow, timedelta=dt.timedelta, UTC=dt.UTC)
    monkeypatch.setattr("troubleshooter.demo.account.dt", clock)
    assert account._configuration()["LastModified"] == before


def test_environment_values_and_presigned_addresses_reach_no_record(tmp_path: Path) -> None:
    for name in CAUSES:
        walk = opened(name, tmp_path)
        walk.run()
        walk.end()
        text = json.dumps(walk.journal.records)
        assert "results-of-the-demonstration" not in text
        assert "X-Amz-Signature" not in text
        assert "blobs.example" not in text
