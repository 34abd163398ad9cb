"""The fold: from symptom and findings to a conclusion."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from troubleshooter.diagnosis import fold, settle
from troubleshooter.model import (
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
    Verdict,
)
from troubleshooter.triage import Triage

DEPLOYED, PROPOSED = Subject(Role.DEPLOYED), Subject(Role.PROPOSED)


def finding(
    check: str,
    outcome: Outcome = Outcome.FAIL,
    *,
    rung: Rung = Rung.SPAWN,
    severity: Severity = Severity.ERROR,
    subject: Subject = DEPLOYED,
    origin: Origin = Origin.IMAGE,
) -> Finding:
    evidence = (Evidence("observed", "value", "somewhere", "2026-01-02T03:04:05Z", origin),)
    verdict = Verdict(outcome, f"{check} says {outcome}", evidence, Remediation("repair it"))
    return Finding(check, subject, rung, severity, verdict)


def triage(
    rung: Rung | None,
    *,
    passed: Rung | None = None,
    healthy: bool = False,
    suspects: tuple[str, ...] = (),
    role: Role = Role.DEPLOYED,
) -> Triage:
    states = dict.fromkeys(Rung, RungState.UNKNOWN)
    for r in Rung:
        if passed is not None and r.height <= passed.height:
            states[r] = RungState.PASSED
    if rung is not None:
        states[rung] = RungState.FAILED
    ladder = tuple(RungReport(r, state) for r, state in states.items())
    named = tuple(Suspect(s, "the text says so") for s in suspects)
    return Triage(ladder, Symptom(rung, role, "what was seen", suspects=named, healthy=healthy))


def test_a_proven_failure_at_the_failing_rung_is_the_cause() -> None:
    diagnosis = fold(triage(Rung.SPAWN, passed=Rung.READY), [finding("arch_image_function_mismatch")])
    assert (diagnosis.status, diagnosis.causes) == (Status.CONFIRMED, ("arch_image_function_mismatch",))


def test_the_lowest_rung_bites_first_and_the_rest_comes_next() -> None:
    found = [
        finding("py_dep_missing", rung=Rung.HANDLER),
        finding("entrypoint_crlf", rung=Rung.SPAWN),
        finding("background_python_task", rung=Rung.COMPLETION),
    ]
    for order in itertools.permutations(found):
        diagnosis = fold(triage(Rung.SPAWN, passed=Rung.READY), order)
        assert diagnosis.causes == ("entrypoint_crlf",)
        assert diagnosis.next == ("py_dep_missing", "background_python_task")


@pytest.mark.parametrize("origin", [Origin.PASTED, Origin.APPLICATION_LOG, Origin.ANSWER, Origin.BUILTIN])
def test_what_only_suggests_never_confirms(origin: Origin) -> None:
    diagnosis = fold(triage(Rung.SPAWN), [finding("arch_image_function_mismatch", origin=origin)])
    assert diagnosis.status is Status.SUSPECTED
    assert diagnosis.causes == ()
    assert diagnosis.suspects[0].cause == "arch_image_function_mismatch"


def test_information_never_changes_a_status() -> None:
    found = [finding("entrypoint_symlink", severity=Severity.INFO)]
    assert fold(triage(None, passed=Rung.INVOKE, healthy=True), found).status is Status.NONE


def test_what_is_only_proposed_is_not_blamed_for_what_runs() -> None:
    diagnosis = fold(triage(Rung.SPAWN), [finding("cmd_missing", subject=PROPOSED, rung=Rung.RUNTIME)])
    assert diagnosis.status is Status.INCONCLUSIVE
    assert diagnosis.causes == ()


def test_suspects_that_a_check_excludes_are_gone() -> None:
    found = [finding("arch_image_function_mismatch", Outcome.PASS), finding("entrypoint_crlf", Outcome.NOT_APPLICABLE)]
    names = ("arch_image_function_mismatch", "entrypoint_crlf", "entrypoint_missing_file")
    diagnosis = fold(triage(Rung.SPAWN, suspects=names), found)
    assert [s.cause for s in diagnosis.suspects] == ["entrypoint_missing_file"]
    assert diagnosis.ruled_out == ("arch_image_function_mismatch",)


def test_a_question_that_nothing_was_given_for_excludes_nothing() -> None:
    unasked = finding("arch_image_function_mismatch", Outcome.NOT_APPLICABLE)
    unasked = dataclasses.replace(unasked, verdict=dataclasses.replace(unasked.verdict, ungiven=True))
    diagnosis = fold(triage(Rung.SPAWN, suspects=("arch_image_function_mismatch",)), [unasked])
    assert [s.cause for s in diagnosis.suspects] == ["arch_image_function_mismatch"]


def test_a_symptom_without_any_suspect_is_inconclusive() -> None:
    found = [finding("arch_image_function_mismatch", Outcome.PASS)]
    diagnosis = fold(triage(Rung.SPAWN, suspects=("arch_image_function_mismatch",)), found)
    assert diagnosis.status is Status.INCONCLUSIVE


def test_health_must_be_shown() -> None:
    assert fold(triage(None, passed=Rung.INVOKE, healthy=True), []).status is Status.NONE
    assert fold(triage(None), [finding("cmd_missing", Outcome.PASS)]).status is Status.INCONCLUSIVE


def test_before_deployment_nothing_may_be_left_open() -> None:
    sound = finding("cmd_missing", Outcome.PASS, subject=PROPOSED)
    open_question = finding("entrypoint_crlf", Outcome.UNKNOWN, subject=PROPOSED)
    before = triage(None, role=Role.PROPOSED)
    assert fold(before, [sound]).status is Status.NONE
    assert fold(before, [sound, open_question]).status is Status.INCONCLUSIVE
    assert fold(before, []).status is Status.INCONCLUSIVE


def test_without_a_symptom_a_proven_failure_above_what_passed_is_the_cause() -> None:
    quiet = triage(None, passed=Rung.INVOKE, healthy=True)
    diagnosis = fold(quiet, [finding("background_python_task", rung=Rung.COMPLETION)])
    assert diagnosis.causes == ("background_python_task",)
    assert diagnosis.rung is Rung.COMPLETION


def test_newer_evidence_contradicts_a_finding_below_it() -> None:
    quiet = triage(None, passed=Rung.INVOKE, healthy=True)
    (settled,) = settle([finding("cmd_missing", rung=Rung.RUNTIME)], quiet.ladder, Role.DEPLOYED)
    assert settled.outcome is Outcome.UNKNOWN
    assert "contradicted" in settled.verdict.message
    assert fold(quiet, [settled]).status is Status.NONE


def test_what_costs_something_although_it_goes_well_is_not_contradicted() -> None:
    quiet = triage(None, passed=Rung.INVOKE, healthy=True)
    found = finding("cmd_missing", rung=Rung.RUNTIME)
    costly = dataclasses.replace(found, verdict=dataclasses.replace(found.verdict, regardless=True))
    (settled,) = settle([costly], quiet.ladder, Role.DEPLOYED)
    assert settled.outcome is Outcome.FAIL
    assert fold(quiet, [settled]).status is Status.CONFIRMED


def test_a_narrow_check_excludes_nothing_by_finding_nothing() -> None:
    said = triage(Rung.INVOKE, suspects=("fs_read_only", "oom"))
    quiet = [finding("fs_read_only", Outcome.PASS, rung=Rung.INVOKE), finding("oom", Outcome.PASS, rung=Rung.INVOKE)]
    diagnosis = fold(said, quiet)
    assert [s.cause for s in diagnosis.suspects] == ["fs_read_only"]
    assert diagnosis.ruled_out == ("oom",)


def test_a_shadow_does_not_apply_where_what_casts_it_was_found() -> None:
    found = [finding("py_dist_vs_import_name", rung=Rung.HANDLER), finding("py_dep_missing", rung=Rung.HANDLER)]
    settled = {f.check: f for f in settle(found, triage(Rung.HANDLER).ladder, Role.DEPLOYED)}
    assert settled["py_dep_missing"].outcome is Outcome.NOT_APPLICABLE
    assert settled["py_dep_missing"].explained_by == "py_dist_vs_import_name"


def test_a_shadow_of_another_subject_stays() -> None:
    found = [
        finding("py_dist_vs_import_name", rung=Rung.HANDLER, subject=PROPOSED),
        finding("py_dep_missing", rung=Rung.HANDLER),
    ]
    settled = settle(found, triage(Rung.HANDLER).ladder, Role.DEPLOYED)
    assert all(f.outcome is Outcome.FAIL for f in settled)


def test_where_nothing_could_be_checked_what_stood_in_the_way_comes_first() -> None:
    unread = [finding(c, Outcome.UNKNOWN, subject=PROPOSED) for c in ("cmd_missing", "entrypoint_none", "ric_missing")]
    unread = [dataclasses.replace(f, verdict=dataclasses.replace(f.verdict, message="no engine runs")) for f in unread]
    other = finding("workdir_missing", Outcome.UNKNOWN, subject=PROPOSED)
    before = triage(None, role=Role.PROPOSED)
    told = fold(before, [other, *unread])
    assert told.status is Status.INCONCLUSIVE
    assert told.summary == f"no engine runs; 4 checks could not tell; {before.symptom.summary}"


def test_where_nothing_applied_the_summary_asks_for_more() -> None:
    before = triage(None, role=Role.PROPOSED)
    told = fold(before, [finding("cmd_missing", Outcome.NOT_APPLICABLE, subject=PROPOSED)])
    assert told.status is Status.INCONCLUSIVE
    assert told.summary.startswith("nothing in what was given could be checked: give the function")
    assert before.symptom.summary in told.summary
