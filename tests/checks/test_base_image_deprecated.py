from __future__ import annotations

from typing import Any

import pytest

from tests.factories import function_record
from tests.launching import NO_FUNCTION
from troubleshooter.checks import all_checks
from troubleshooter.checks.build.base_image_deprecated import base_image_deprecated as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Origin, Outcome, Severity


def runtime(at: str = "2026-11-01T00:00:00Z", **changes: Any) -> RuntimeModel:
    defaults: dict[str, Any] = {
        "reading": Reading("image", Origin.IMAGE, at),
        "language": "python",
        "client": "aws-base",
    }
    return RuntimeModel(**{**defaults, "version": (3, 9), **changes})


def test_a_base_that_gets_no_patches() -> None:
    found = the_check(runtime(), NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert "2025-12-15" in found.message
    assert "still starts" in found.message
    assert any("as of 20" in e.source for e in found.evidence)
    assert all_checks()["base_image_deprecated"].severity is Severity.INFO


def test_before_the_date() -> None:
    assert the_check(runtime("2025-12-14T23:59:59Z"), NO_FUNCTION).outcome is Outcome.PASS
    assert the_check(runtime(version=(3, 13)), NO_FUNCTION).outcome is Outcome.PASS


def test_a_zip_function_names_what_is_announced() -> None:
    found = the_check(runtime(client="zip", language="node", version=(18,)), function_record(package_type="Zip"))
    assert found.outcome is Outcome.FAIL
    assert "cannot be created" in found.message
    os_only = function_record(package_type="Zip", runtime="provided.al2")
    assert the_check(runtime(client="zip", language="other", version=()), os_only).outcome is Outcome.FAIL


@pytest.mark.parametrize("client", ["ric", "unknown"])
def test_other_bases_have_dates_of_their_own(client: str) -> None:
    assert the_check(runtime(client=client), NO_FUNCTION).outcome is Outcome.NOT_APPLICABLE


def test_versions_that_are_not_known() -> None:
    for version in ((), (3,), (4, 0)):
        assert the_check(runtime(version=version), NO_FUNCTION).outcome is Outcome.NOT_APPLICABLE
