from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN, called, told
from tests.checks.permitting import ROLE, role_record
from tests.checks.refusing import failed_state
from tests.factories import function_record
from troubleshooter.analysis.iam.key_trouble import key_trouble
from troubleshooter.checks.invoke.kms_grant_stale import kms_grant_stale as the_check
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.model import Origin, Outcome, Rung, Verdict

KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e-0000-4000-8000-5a6b7c8d9e0f"
CHANGED = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
LATER, EARLIER = CHANGED + dt.timedelta(hours=1), CHANGED - dt.timedelta(days=9)
DENIED = "Lambda was unable to decrypt the environment variables because KMS access was denied."


def record(**changes: Any) -> FunctionRecord:
    return function_record(
        **{"role": ROLE, "last_modified": CHANGED, "environment_error": "AccessDeniedException", **changes}
    )


def verdict(
    function: FunctionRecord, created: dt.datetime | None, key: KeyRecord | Unavailable = NOT_GIVEN, **role: Any
) -> Verdict:
    trouble = key_trouble(function, NOT_GIVEN, NOT_GIVEN)
    assert isinstance(trouble, KeyTrouble)
    return the_check(function, trouble, role_record(created=created, **role), key)


@pytest.mark.parametrize(
    ("function", "rung"),
    [
        pytest.param(record(), Rung.SPAWN, id="the environment's error"),
        pytest.param(
            failed_state("KMSKeyAccessDenied", DENIED, role=ROLE, last_modified=CHANGED), Rung.READY, id="the state"
        ),
    ],
)
def test_a_role_that_is_younger_than_its_assignment_fails(function: FunctionRecord, rung: Rung) -> None:
    found = verdict(function, LATER)
    assert found.outcome is Outcome.FAIL
    assert found.rung is rung
    assert found.remediation
    assert "demo-role" in found.remediation.commands[0]


@pytest.mark.parametrize(
    ("created", "changes", "outcome"),
    [
        pytest.param(EARLIER, {}, Outcome.PASS, id="an older role"),
        pytest.param(None, {}, Outcome.UNKNOWN, id="no date"),
        pytest.param(LATER, {"exists": False}, Outcome.NOT_APPLICABLE, id="no role at all"),
    ],
)
def test_roles(created: dt.datetime | None, changes: dict[str, Any], outcome: Outcome) -> None:
    assert verdict(record(), created, **changes).outcome is outcome


def test_a_key_that_nobody_can_use_is_another_matter() -> None:
    key = KeyRecord(reading=Reading("kms:DescribeKey", Origin.RECORD), arn=KEY, state="Disabled")
    assert verdict(record(), LATER, key).outcome is Outcome.NOT_APPLICABLE
    assert verdict(record(environment_error="KMSDisabledException"), LATER).outcome is Outcome.NOT_APPLICABLE


def test_what_speaks_of_a_key() -> None:
    nothing = function_record()
    assert isinstance(key_trouble(nothing, NOT_GIVEN, NOT_GIVEN), Unavailable)
    pasted = GivenText(reading=Reading("pasted text", Origin.PASTED), text=f"Calling failed: {DENIED} KMS Exception")
    said = key_trouble(nothing, NOT_GIVEN, pasted)
    assert isinstance(said, KeyTrouble)
    assert said.denied
    assert [e.origin for e in said.evidence] == [Origin.PASTED]
    logged = key_trouble(
        nothing, told(called("[ERROR] KMSDisabledException: x\nTraceback (most recent call last):")), NOT_GIVEN
    )
    assert isinstance(logged, KeyTrouble)
    assert not logged.denied
