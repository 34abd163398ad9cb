from __future__ import annotations

import shlex

from tests.factories import TEMPLATE, URI, function_record
from troubleshooter.checks.deploy.region_mismatch_ecr import region_mismatch_ecr as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.address import ImageAddress
from troubleshooter.model import Origin, Outcome

PASTED = Reading("pasted text", Origin.PASTED)
ELSEWHERE = URI.replace("eu-west-1", "us-east-1")


def test_another_region() -> None:
    found = the_check(ImageAddress(reading=PASTED, uri=ELSEWHERE, said="does not exist"), function_record())
    assert found.outcome is Outcome.FAIL
    assert "us-east-1" in found.message
    assert "eu-west-1" in found.message
    assert found.remediation
    build, update = (shlex.split(c) for c in found.remediation.commands)
    assert build[build.index("--tag") + 1] == URI
    assert update[update.index("--image-uri") + 1] == URI


def test_the_same_region() -> None:
    assert the_check(ImageAddress(reading=PASTED, uri=URI), function_record()).outcome is Outcome.PASS


def test_aws_has_read_the_manifest() -> None:
    address = ImageAddress(reading=PASTED, uri=ELSEWHERE, said="is not supported")
    assert the_check(address, function_record()).outcome is Outcome.PASS


def test_a_template_has_no_region_and_other_registries_have_none() -> None:
    address = ImageAddress(reading=TEMPLATE, uri=ELSEWHERE)
    assert the_check(address, function_record(arn=None)).outcome is Outcome.NOT_APPLICABLE
    address = ImageAddress(reading=TEMPLATE, uri="app:latest")
    assert the_check(address, function_record()).outcome is Outcome.NOT_APPLICABLE
