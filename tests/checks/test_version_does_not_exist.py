from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.factories import IMAGE, RECORD, SOURCE, function_record, tree
from troubleshooter.checks.build.version_does_not_exist import SIGNATURES
from troubleshooter.checks.build.version_does_not_exist import version_does_not_exist as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import IndexAnswer, IndexAnswers, Requirement, Requirements
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Origin, Outcome, Verdict

NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "not given")
OFFLINE = Unavailable(Reason.REFUSED, "package indexes are not asked offline")
INDEX = Reading("package index http://127.0.0.1/simple", Origin.INDEX, "2026-01-02T03:04:05.000Z")


def asked(specifier: str = ">=0.2.0", name: str = "strands", ecosystem: str = "pypi", **more: Any) -> Requirement:
    return Requirement(ecosystem, name, specifier, "lambda/requirements.txt:1", **more)


def answer(*versions: str, name: str = "strands", ecosystem: str = "pypi", **more: Any) -> IndexAnswer:
    return IndexAnswer(ecosystem, name, **{"exists": True, "versions": versions, "sources": ("http://i",), **more})


def run(requirement: Requirement | Unavailable, found: IndexAnswer | Unavailable | None, **more: Any) -> Verdict:
    answers: IndexAnswers | Unavailable = (
        found
        if isinstance(found, Unavailable)
        else IndexAnswers(reading=INDEX, answers={(found.ecosystem, found.name): found} if found else {})
    )
    asked_for = (
        requirement
        if isinstance(requirement, Unavailable)
        else Requirements(reading=SOURCE, requirements=(requirement,), files=("lambda/requirements.txt",))
    )
    return the_check(
        asked_for, answers, more.get("function", NOT_GIVEN), more.get("code", NOT_GIVEN), more.get("runtime", NOT_GIVEN)
    )


@pytest.mark.parametrize(
    ("specifier", "versions", "yanked", "outcome"),
    [
        pytest.param(">=0.2.0", ("0.1.0",), (), Outcome.FAIL, id="no such version"),
        pytest.param(">=0.1.0", ("0.1.0",), (), Outcome.PASS, id="there"),
        pytest.param("", ("0.1.0",), (), Outcome.PASS, id="any version"),
        pytest.param("", (), (), Outcome.FAIL, id="a name without a version"),
        pytest.param(">=0.1", ("0.1.0",), ("0.1.0",), Outcome.FAIL, id="all yanked"),
        pytest.param("==0.1.0", ("0.1.0",), ("0.1.0",), Outcome.PASS, id="yanked but pinned"),
        pytest.param("==0.1.*", ("0.1.0",), ("0.1.0",), Outcome.FAIL, id="yanked, a wildcard is no pin"),
        pytest.param("==0.1", ("0.1.0", "0.1.0+cpu"), ("0.1.0",), Outcome.PASS, id="one of two yanked"),
        pytest.param(">=1", ("1.0rc1",), (), Outcome.FAIL, id="a pre-release is older than its release"),
        pytest.param(">=0.9", ("1.0rc1",), (), Outcome.PASS, id="nothing but a pre-release"),
        pytest.param(">=1", ("not-a-version", "1.0"), (), Outcome.PASS, id="what is no version is passed over"),
        pytest.param("===weird", ("weird",), (), Outcome.PASS, id="arbitrary equality"),
        pytest.param("garbage", ("1.0",), (), Outcome.UNKNOWN, id="a range that cannot be read"),
    ],
)
def test_pypi(specifier: str, versions: tuple[str, ...], yanked: tuple[str, ...], outcome: Outcome) -> None:
    assert run(asked(specifier), answer(*versions, yanked=yanked)).outcome is outcome


@pytest.mark.parametrize(
    ("specifier", "outcome"),
    [
        ("^5.0.0", Outcome.PASS),
        ("^7", Outcome.FAIL),
        ("5.0.1", Outcome.FAIL),
        ("latest", Outcome.PASS),
        ("canary", Outcome.FAIL),
        ("", Outcome.PASS),
        ("what is this", Outcome.UNKNOWN),
    ],
)
def test_npm(specifier: str, outcome: Outcome) -> None:
    found = answer("4.0.0", "5.0.0", name="p-limit", ecosystem="npm", tags={"latest": "5.0.0"})
    assert run(asked(specifier, "p-limit", "npm"), found).outcome is outcome


@pytest.mark.parametrize("ecosystem", ["pypi", "npm"])
def test_a_name_that_nobody_has(ecosystem: str) -> None:
    verdict = run(asked("", "no-such", ecosystem), answer(name="no-such", ecosystem=ecosystem, exists=False))
    assert verdict.outcome is Outcome.FAIL
    assert "no index has a package of that name" in verdict.message


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(answer(exists=None, detail="a source answered 401"), id="not all answered"),
        pytest.param(answer("0.1.0", detail="a source answered 401"), id="another may have it"),
        pytest.param(None, id="not looked up"),
        pytest.param(OFFLINE, id="offline"),
    ],
)
def test_what_is_not_proven_is_unknown(found: IndexAnswer | Unavailable | None) -> None:
    assert run(asked(), found).outcome is Outcome.UNKNOWN


def test_one_source_is_enough_to_pass() -> None:
    assert run(asked(), answer("0.2.0", detail="another answered 401")).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "requirement",
    [asked(development=True), asked(optional=True), asked(direct=True)],
    ids=["development", "optional", "direct"],
)
def test_what_no_installation_needs_is_not_judged(requirement: Requirement) -> None:
    assert run(requirement, answer("0.1.0")).outcome is Outcome.NOT_APPLICABLE


def test_what_a_lock_file_resolves_is_there_wherever_from() -> None:
    assert run(asked(locked=("0.2.1",)), answer(exists=False)).outcome is Outcome.PASS
    assert run(asked(locked=("0.1.9",)), answer(exists=False)).outcome is Outcome.FAIL
    npm = answer(name="a", ecosystem="npm", exists=False)
    assert run(asked("^1.0.0", "a", "npm", locked=("1.2.0",)), npm).outcome is Outcome.PASS
    assert run(asked("^2.0.0", "a", "npm", locked=("1.2.0",)), npm).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("marker", "version", "outcome"),
    [
        ('sys_platform == "win32"', (3, 12), Outcome.PASS),
        ('sys_platform == "linux"', (3, 12), Outcome.FAIL),
        ('python_version < "3.9"', (3, 12), Outcome.PASS),
        ('python_version >= "3.12"', (3, 12), Outcome.FAIL),
        ('python_version >= "3.12"', (), Outcome.UNKNOWN),
        ('python_version >= "3.7"', (), Outcome.FAIL),
        ('platform_machine == "x86_64"', (3, 12), Outcome.FAIL),
        ('platform_machine == "aarch64"', (3, 12), Outcome.PASS),
        ("no marker", (3, 12), Outcome.UNKNOWN),
    ],
)
def test_markers(marker: str, version: tuple[int, ...], outcome: Outcome) -> None:
    runtime = RuntimeModel(reading=IMAGE, language="python", client="zip", version=version)
    assert run(asked(marker=marker), answer("0.1.0"), runtime=runtime).outcome is outcome


def test_what_was_built_was_built_from_what_existed() -> None:
    built = CodeTree(reading=IMAGE, tree=tree({}), root="/var/task", kind="image")
    source = CodeTree(reading=SOURCE, tree=tree({}), root="/", kind="source")
    wrong = (asked(), answer("0.1.0"))
    assert run(*wrong, function=function_record(reading=RECORD)).outcome is Outcome.NOT_APPLICABLE
    assert run(*wrong, code=built).outcome is Outcome.NOT_APPLICABLE
    assert run(*wrong, code=source).outcome is Outcome.FAIL
    declared = function_record(reading=Reading("template.yaml", Origin.TEMPLATE))
    assert run(*wrong, function=declared, code=source).outcome is Outcome.FAIL


def test_without_requirements() -> None:
    assert run(NOT_GIVEN, None).outcome is Outcome.NOT_APPLICABLE
    assert run(Unavailable(Reason.DENIED, "denied"), None).outcome is Outcome.UNKNOWN


def test_failure_cites_both_sides_and_names_the_way_out() -> None:
    verdict = run(asked(), answer("0.1.0"))
    assert [(e.source, e.value) for e in verdict.evidence] == [
        ("lambda/requirements.txt:1", "strands>=0.2.0"),
        ("http://i", "only 0.1.0"),
    ]
    assert [e.origin for e in verdict.evidence] == [Origin.SOURCE, Origin.INDEX]
    assert verdict.remediation
    assert "`strands-agents`" in verdict.remediation.text
    assert [shlex.split(c)[-1] for c in verdict.remediation.commands] == ["strands-agents"]
    assert "--requirement lambda/requirements.txt" in verdict.remediation.verify


def test_hostile_names_are_quoted() -> None:
    found = answer("1.0.0", name="a;rm -rf", ecosystem="npm", tags={"latest": "1.0.0"})
    verdict = run(asked("2.0.0", "a;rm -rf", "npm"), found)
    assert verdict.remediation
    assert shlex.split(verdict.remediation.commands[0]) == ["npm", "view", "a;rm -rf", "versions"]


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: Could not find a version that satisfies the requirement strands>=0.2.0 (from versions: 0.1.0)",
        "ERROR: No matching distribution found for strands>=0.2.0",
        "npm error code ETARGET\nnpm error notarget No matching version found for p-limit@^9.0.0.",
        "npm ERR! 404  'no-such@^1' is not in this registry.",
        "npm error code E404",
        "  × No solution found when resolving dependencies:\n  ╰─▶ Because nope was not found in the package registry",
        "Because app depends on strands (^0.2) which doesn't match any versions, version solving failed.",
        'error Couldn\'t find any versions for "p-limit" that matches "^9.0.0"',
        " ERR_PNPM_NO_MATCHING_VERSION  No matching version found for p-limit@9",
    ],
)
def test_signatures(text: str) -> None:
    assert any(s.pattern.search(text) and s.weight == 3 for s in SIGNATURES)


def test_a_network_failure_is_not_taken_for_it() -> None:
    text = (
        "WARNING: Retrying after connection broken by 'NewConnectionError'\n"
        "ERROR: Could not find a version that satisfies the requirement six (from versions: none)"
    )
    hits = [s for s in SIGNATURES if s.pattern.search(text)]
    assert hits
    assert all(s.unless and s.unless.search(text) for s in hits)
