from __future__ import annotations

import pytest

from tests.factories import declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.code_signing_on_image import code_signing_on_image as the_check
from troubleshooter.model import Outcome

ARN = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdef0"


@pytest.mark.parametrize(
    ("properties", "outcome"),
    [
        pytest.param({"PackageType": "Image"}, Outcome.PASS, id="none"),
        pytest.param({"PackageType": "Image", "CodeSigningConfigArn": ARN}, Outcome.FAIL, id="literal"),
        pytest.param({"PackageType": "Image", "CodeSigningConfigArn": {"Ref": "C"}}, Outcome.FAIL, id="reference"),
        pytest.param(
            {"PackageType": "Image", "CodeSigningConfigArn": {"Fn::If": ("A", ARN, "")}}, Outcome.UNKNOWN, id="maybe"
        ),
        pytest.param(
            {"PackageType": {"Ref": "P"}, "CodeSigningConfigArn": ARN}, Outcome.UNKNOWN, id="kind decided later"
        ),
        pytest.param({"CodeSigningConfigArn": ARN}, Outcome.NOT_APPLICABLE, id="zip"),
    ],
)
def test_outcome(properties: dict[str, object], outcome: Outcome) -> None:
    assert the_check(declared_resource(properties)).outcome is outcome


def test_failure_cites_the_line() -> None:
    verdict = the_check(declared_resource({"PackageType": "Image", "CodeSigningConfigArn": ARN}))
    assert [e.source for e in verdict.evidence] == ["template.yaml:11", "template.yaml:12"]
    assert verdict.remediation
    assert "template.yaml:12" in verdict.remediation.text


def test_signature() -> None:
    text = "InvalidParameterValueException: Code signing is not supported for functions created with container images."
    assert any(s.pattern.search(text) for s in all_modes()["code_signing_on_image"].signatures)
