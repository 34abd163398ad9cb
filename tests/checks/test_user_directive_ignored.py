from __future__ import annotations

from tests.factories import function_record, image_config
from tests.launching import NO_FUNCTION
from troubleshooter.checks import all_checks
from troubleshooter.checks.invoke.user_directive_ignored import user_directive_ignored as the_check
from troubleshooter.model import Outcome, Severity


def test_a_user_is_named() -> None:
    found = the_check(image_config(user="app:app"), function_record())
    assert found.outcome is Outcome.FAIL
    assert "app:app" in found.message
    assert all_checks()["user_directive_ignored"].severity is Severity.INFO


def test_none_is_named() -> None:
    assert the_check(image_config(), NO_FUNCTION).outcome is Outcome.PASS


def test_a_zip_has_no_user() -> None:
    function = function_record(package_type="Zip")
    assert the_check(image_config(user="app"), function).outcome is Outcome.NOT_APPLICABLE
