from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.factories import REGISTRY, function_code, function_record
from troubleshooter.checks import all_checks
from troubleshooter.checks.ready.failed_state_sticky import failed_state_sticky as the_check
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.model import Outcome, Severity, Verdict

CHANGED = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
RUNS, NEWER = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def ask(digest: str = NEWER, hours: float | None = 1, **record: Any) -> Verdict:
    pushed = None if hours is None else CHANGED + dt.timedelta(hours=hours)
    registry = RegistryRecord(
        reading=REGISTRY, repository="demo", tag="latest", digest=RUNS, tagged=StoredImage(digest, pushed)
    )
    defaults = {"state": "Failed", "state_reason_code": "InvalidImage", "last_modified": CHANGED}
    return the_check(function_record(**{**defaults, **record}), function_code(), registry)


def test_a_newer_image_was_pushed_and_the_function_not_updated() -> None:
    verdict = ask()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert verdict.remediation.commands[0].count(NEWER) == 1
    assert all_checks()["failed_state_sticky"].severity is Severity.INFO


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        pytest.param(ask(RUNS), Outcome.PASS, id="the same image"),
        pytest.param(ask(hours=-1), Outcome.UNKNOWN, id="pushed before the last update"),
        pytest.param(ask(hours=None), Outcome.UNKNOWN, id="no time"),
        pytest.param(ask(state="Active"), Outcome.NOT_APPLICABLE, id="active"),
        pytest.param(ask(state_reason_code="ImageDeleted"), Outcome.NOT_APPLICABLE, id="another reason"),
    ],
)
def test_what_is_not_sticky(verdict: Verdict, outcome: Outcome) -> None:
    assert verdict.outcome is outcome
