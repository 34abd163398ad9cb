from __future__ import annotations

import shlex

import pytest

from tests.checks.refusing import (
    INNOCENT,
    NO_CODE,
    NO_PARENT,
    TOO_LARGE,
    UNSUPPORTED,
    asks_for_the_right_image,
    failed_state,
    failed_update,
    says_nothing_of_an_image_that_was_refused,
)
from tests.factories import URI, function_code
from troubleshooter.checks.ready.layer_missing_parent_dirs import layer_missing_parent_dirs as the_check
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Outcome, Rung


@pytest.mark.parametrize(("record", "outcome"), INNOCENT)
def test_what_is_no_such_failure(record: FunctionRecord, outcome: Outcome) -> None:
    assert the_check(record, function_code()).outcome is outcome
    assert the_check(record, NO_CODE).outcome is outcome


def test_it_is_told_from_its_neighbours_by_the_reason() -> None:
    asks_for_the_right_image(the_check, NO_PARENT, TOO_LARGE, UNSUPPORTED)


def test_failure_names_the_file_and_deploys_again() -> None:
    verdict = the_check(failed_state("InvalidImage", NO_PARENT), function_code())
    assert "opt/app/data/a.json" in verdict.message
    assert verdict.remediation
    (update,) = map(shlex.split, verdict.remediation.commands)
    assert update[update.index("--image-uri") + 1] == URI


def test_without_the_image_no_command_is_invented() -> None:
    verdict = the_check(failed_update("InvalidImage", "MissingParentDirectory"), NO_CODE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert verdict.remediation.commands == ()
    assert verdict.rung in (None, Rung.READY)


def test_an_image_that_was_refused_has_no_state() -> None:
    says_nothing_of_an_image_that_was_refused(the_check, "InvalidImage", NO_PARENT)
