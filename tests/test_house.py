"""Properties of all failure modes: what the house promises of every one, so that nobody has to remember it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from troubleshooter.checks import _mode, all_checks, all_modes
from troubleshooter.collectors.aws import Aws, operations
from troubleshooter.facts import Fact, Reason, Store, Unavailable, asked_by
from troubleshooter.model import Outcome, Role, Subject
from troubleshooter.world import all_providers

SECTIONS = ("What it looks for", "Why it breaks", "How it is told apart", "Fix", "References")
TESTS = Path(__file__).parent / "checks"
CHECKS = Path(__file__).parent.parent / "troubleshooter" / "checks"
DENIED = Unavailable(Reason.DENIED, "not allowed to read it")
NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "nothing was given")


@pytest.mark.parametrize("mode", all_modes().values(), ids=lambda m: m.id)
def test_its_page_has_every_section(mode: object) -> None:
    page = mode.page  # type: ignore[attr-defined]
    positions = [page.find(f"\n{section}\n") for section in SECTIONS]
    assert -1 not in positions, f"missing: {[s for s, p in zip(SECTIONS, positions, strict=True) if p < 0]}"
    assert positions == sorted(positions)
    title = mode.title  # type: ignore[attr-defined]
    assert 10 <= len(title) <= 100, title


def test_it_lies_in_the_folder_of_its_rung() -> None:
    for mode in all_modes().values():
        assert mode.rung is not None
        assert (CHECKS / mode.rung.value / f"{mode.id}.py").is_file(), f"{mode.id} bites at {mode.rung}"


@pytest.mark.parametrize("mode", all_modes().values(), ids=lambda m: m.id)
def test_it_can_be_recognised_by_a_check_or_by_text(mode: object) -> None:
    assert mode.check or mode.signatures  # type: ignore[attr-defined]
    assert mode.rung is not None  # type: ignore[attr-defined]
    assert re.fullmatch(r"[a-z][a-z0-9_]+", mode.id)  # type: ignore[attr-defined]


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda c: c.id)
def test_it_has_a_test_of_its_own(check: object) -> None:
    assert (TESTS / f"test_{check.id}.py").is_file()  # type: ignore[attr-defined]


@pytest.mark.parametrize("check", all_checks().values(), ids=lambda c: c.id)
def test_missing_facts_never_become_a_verdict(check: object) -> None:
    for gap, outcome in ((DENIED, Outcome.UNKNOWN), (NOT_GIVEN, Outcome.NOT_APPLICABLE)):
        facts = {need.fact: gap for need in check.needs}  # type: ignore[attr-defined]
        subjects = [Subject(Role.DEPLOYED)] if Subject in facts else []
        for seed in subjects:
            facts.pop(type(seed))
        verdict = check.run(Store({}, subjects, missing=facts))  # type: ignore[attr-defined]
        assert not verdict.our_fault, verdict.message
        assert verdict.outcome in (outcome, Outcome.NOT_APPLICABLE), (gap.reason, verdict)
        if not verdict.evidence and outcome is Outcome.UNKNOWN and verdict.outcome is Outcome.NOT_APPLICABLE:
            assert subjects, f"{check.id}: a denied fact must be told, not passed over"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('SIGNATURES = (r"exec format error",)', 'SIGNATURES is a tuple of signature(r"…", weight)'),
        ('FREQUENCY = "common"', "FREQUENCY is one of Frequency.RARE, "),
        ("def half_done(): ...", "half_done is not marked with @check("),
    ],
)
def test_a_module_that_is_half_done_says_what_to_write(
    body: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_done.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "half_done", raising=False)
    with pytest.raises(TypeError) as caught:
        _mode("half_done", "half_done")
    assert says in str(caught.value)


def test_what_a_check_explains_exists() -> None:
    for check in all_checks().values():
        assert set(check.explains) <= set(all_modes()), check.id
        assert check.id not in check.explains


def test_every_need_can_be_made_or_is_given() -> None:
    seeds = {
        "GivenFunction",
        "GivenImage",
        "GivenTemplate",
        "GivenSource",
        "GivenLogs",
        "GivenText",
        "Subject",
        "DeployedCounterpart",
    }
    makeable = set(all_providers())
    for check in all_checks().values():
        for need in check.needs:
            assert need.fact in makeable or need.fact.__name__ in seeds, (check.id, need.fact.__name__)
            assert need.fact.__name__ == "Subject" or issubclass(need.fact, Fact)


def test_a_provider_that_takes_aws_declares_what_it_asks() -> None:
    listed = {f"{service}:{operation}" for service, operation in operations()}
    providers = [p for group in all_providers().values() for p in group]
    for provider in providers:
        takes_aws = any(need.fact is Aws for need in provider.needs)
        assert provider.asks or not takes_aws, f"{provider.name}: say which operations, `@provides(…, asks=(…))`"
        assert set(provider.asks) <= listed, provider.name
    assert {operation for p in providers for operation in p.asks} == listed, "on the list, but nobody asks it"


def test_what_a_check_may_ask_follows_from_its_needs() -> None:
    mismatch = all_checks()["arch_image_function_mismatch"]
    asked = asked_by([need.fact for need in mismatch.needs], all_providers())
    assert {"lambda:GetFunction", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} <= asked
    assert "logs:FilterLogEvents" not in asked
