from __future__ import annotations

import pytest

from tests.factories import RECORD, TEMPLATE, URI
from troubleshooter.checks.deploy.imageuri_malformed import imageuri_malformed as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.address import ImageAddress
from troubleshooter.model import Origin, Outcome

PASTED = Reading("pasted text", Origin.PASTED)
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("app:latest", "no registry"),
        ("team/app:latest", "no registry"),
        ("public.ecr.aws/lambda/python:3.12", "ECR Public"),
        ("ghcr.io/team/app:v1", "ghcr.io"),
        ("localhost:5000/app:v1", "localhost:5000"),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/app:v1", "FIPS"),
        ("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:v1", "https://"),
        (f"{URI} ", "blank"),
        ("1234.dkr.ecr.eu-west-1.amazonaws.com/app:v1", "twelve digits"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/App:v1", "capital"),
    ],
)
def test_addresses_that_lambda_never_takes(uri: str, why: str) -> None:
    found = the_check(ImageAddress(reading=TEMPLATE, uri=uri))
    assert found.outcome is Outcome.FAIL
    assert why in found.message
    assert found.remediation


@pytest.mark.parametrize(
    "uri",
    [
        URI,
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@{DIGEST}",
        f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:V1.2_x@{DIGEST}",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app:v1",
        "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/a-b/c_d.e:v1",
    ],
)
def test_private_ecr(uri: str) -> None:
    assert the_check(ImageAddress(reading=RECORD, uri=uri)).outcome is Outcome.PASS


def test_a_tool_puts_the_pushed_address_in() -> None:
    found = the_check(ImageAddress(reading=TEMPLATE, uri="app:latest", replaced=True))
    assert found.outcome is Outcome.NOT_APPLICABLE


def test_what_aws_could_look_for_is_well_formed() -> None:
    for said in ("does not exist", "is not supported"):
        assert the_check(ImageAddress(reading=PASTED, uri=URI, said=said)).outcome is Outcome.PASS


def test_the_form_does_not_show_why_aws_refused_it() -> None:
    assert the_check(ImageAddress(reading=PASTED, uri=URI, said="is not valid")).outcome is Outcome.UNKNOWN


def test_neither_tag_nor_digest_and_newer_hosts_are_left_open() -> None:
    for uri in (URI.rpartition(":")[0], "123456789012.dkr-ecr.eu-west-1.on.aws/app:v1"):
        found = the_check(ImageAddress(reading=TEMPLATE, uri=uri))
        assert found.outcome is Outcome.UNKNOWN
        assert found.unblock
