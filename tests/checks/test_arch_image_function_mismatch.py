from __future__ import annotations

import shlex

import pytest

from tests.factories import TEMPLATE, URI, function_code, function_record, image_config
from troubleshooter.checks.spawn.arch_image_function_mismatch import arch_image_function_mismatch as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.model import Outcome

NO_CODE = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
NO_PACKAGE = Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from an image, not a zip package")


@pytest.mark.parametrize(
    ("function", "image", "outcome"),
    [
        pytest.param("x86_64", "amd64", Outcome.PASS, id="both amd64"),
        pytest.param("arm64", "arm64", Outcome.PASS, id="both arm64"),
        pytest.param("x86_64", "arm64", Outcome.FAIL, id="image for arm64"),
        pytest.param("arm64", "amd64", Outcome.FAIL, id="image for amd64"),
        pytest.param("arm64", "", Outcome.UNKNOWN, id="config names none"),
        pytest.param("arm64", "riscv64", Outcome.UNKNOWN, id="neither: arch_variant_unsupported"),
        pytest.param("", "arm64", Outcome.UNKNOWN, id="template leaves it to deploy time"),
    ],
)
def test_outcome(function: str, image: str, outcome: Outcome) -> None:
    verdict = the_check(function_record(architecture=function), image_config(architecture=image), NO_CODE, NO_PACKAGE)
    assert verdict.outcome is outcome


def test_zip_functions_have_no_image() -> None:
    assert (
        the_check(function_record(package_type="Zip"), image_config(), NO_CODE, NO_PACKAGE).outcome
        is Outcome.NOT_APPLICABLE
    )


def test_an_image_that_could_not_be_read() -> None:
    verdict = the_check(function_record(), Unavailable(Reason.DENIED, "denied"), NO_CODE, NO_PACKAGE)
    assert verdict.outcome is Outcome.UNKNOWN


def test_failure_cites_both_sides_and_fills_the_commands_in() -> None:
    verdict = the_check(function_record(architecture="arm64"), image_config(), function_code(), NO_PACKAGE)
    assert [e.value for e in verdict.evidence] == ["arm64", "amd64"]
    assert verdict.evidence[0].request_id
    assert verdict.remediation
    build, update, move = map(shlex.split, verdict.remediation.commands)
    assert build[build.index("--platform") + 1] == "linux/arm64"
    assert update[update.index("--image-uri") + 1] == URI
    assert move[move.index("--architectures") + 1] == "x86_64"
    assert move[move.index("--region") + 1] == "eu-west-1"


def test_what_a_template_leaves_to_deploy_time_names_the_place_that_would_settle_it() -> None:
    record = function_record(reading=TEMPLATE, architecture="", places={"architecture": "template.yaml:7"})
    verdict = the_check(record, image_config(), NO_CODE, NO_PACKAGE)
    assert verdict.unblock
    assert "template.yaml:7" in verdict.unblock.text


def test_a_template_is_corrected_in_the_template() -> None:
    record = function_record(reading=TEMPLATE, architecture_stated=False, places={"architecture": "template.yaml:3"})
    verdict = the_check(record, image_config(architecture="arm64"), function_code(), NO_PACKAGE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source == "template.yaml:3"
    assert "default" in verdict.evidence[0].label
    assert verdict.remediation
    assert "Architectures: [arm64]" in verdict.remediation.text
    assert not any("update-function-code" in command for command in verdict.remediation.commands)
