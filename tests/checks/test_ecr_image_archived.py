from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import failed_state
from tests.factories import REGISTRY, function_code, function_record
from troubleshooter.checks.ready.ecr_image_archived import ecr_image_archived as the_check
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome, Rung

DIGEST = f"sha256:{'a' * 64}"


def registry(status: str | None, *, there: bool = True) -> RegistryRecord:
    running = StoredImage(DIGEST, status=status) if there else None
    return RegistryRecord(reading=REGISTRY, repository="demo", digest=DIGEST, running=running)


def test_an_archived_image_is_found_before_it_bites() -> None:
    verdict = the_check(function_record(), function_code(), registry("ARCHIVED"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is Rung.STALE
    assert verdict.remediation
    see, restore = map(shlex.split, verdict.remediation.commands)
    assert see[:3] == ["aws", "ecr", "get-lifecycle-policy"]
    assert restore[restore.index("--image-id") + 1] == f"imageDigest={DIGEST}"
    assert restore[restore.index("--target-storage-class") + 1] == "STANDARD"


@pytest.mark.parametrize("status", ["ARCHIVED", "ACTIVATING"])
def test_it_bites_where_aws_declares_the_function_failed(status: str) -> None:
    verdict = the_check(failed_state("ImageAccessDenied"), function_code(), registry(status))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.rung is None
    assert "ImageAccessDenied" in [e.value for e in verdict.evidence]


@pytest.mark.parametrize(
    ("record", "found", "outcome"),
    [
        pytest.param(function_record(), registry("ACTIVE"), Outcome.PASS, id="active"),
        pytest.param(failed_state("ImageDeleted"), registry("ACTIVE"), Outcome.PASS, id="another trouble"),
        pytest.param(function_record(), registry("ACTIVATING"), Outcome.NOT_APPLICABLE, id="being restored"),
        pytest.param(function_record(), registry(None), Outcome.UNKNOWN, id="not told"),
        pytest.param(function_record(), registry("ACTIVE", there=False), Outcome.NOT_APPLICABLE, id="deleted"),
    ],
)
def test_what_is_not_archived(record: FunctionRecord, found: RegistryRecord, outcome: Outcome) -> None:
    assert the_check(record, function_code(), found).outcome is outcome
