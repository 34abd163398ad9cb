from __future__ import annotations

import pytest

from tests.factories import URI, declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.package_type_missing import package_type_missing as the_check
from troubleshooter.model import Outcome

SUB = {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/x"}


@pytest.mark.parametrize(
    ("properties", "format_", "outcome"),
    [
        pytest.param({"Code": {"ImageUri": URI}}, "cloudformation", Outcome.FAIL, id="no package type"),
        pytest.param({"Code": {"ImageUri": SUB}}, "cloudformation", Outcome.FAIL, id="image by expression"),
        pytest.param({"Code": {"ImageUri": URI}, "PackageType": "Zip"}, "cloudformation", Outcome.FAIL, id="Zip"),
        pytest.param({"Code": {"ImageUri": URI}, "PackageType": "Image"}, "cloudformation", Outcome.PASS, id="Image"),
        pytest.param(
            {"Code": {"ImageUri": URI}, "PackageType": {"Ref": "P"}}, "cloudformation", Outcome.UNKNOWN, id="later"
        ),
        pytest.param({"Code": {"S3Bucket": "b"}, "Runtime": "x"}, "cloudformation", Outcome.NOT_APPLICABLE, id="zip"),
        pytest.param({"Code": {"ZipFile": "x"}}, "cloudformation", Outcome.NOT_APPLICABLE, id="inline code"),
        pytest.param({"ImageUri": URI}, "sam", Outcome.FAIL, id="SAM's ImageUri"),
        pytest.param({"PackageType": "Image"}, "sam", Outcome.NOT_APPLICABLE, id="SAM builds the image"),
        pytest.param({"CodeUri": "."}, "sam", Outcome.NOT_APPLICABLE, id="SAM zip"),
    ],
)
def test_outcome(properties: dict[str, object], format_: str, outcome: Outcome) -> None:
    assert the_check(declared_resource(properties, format=format_)).outcome is outcome


def test_failure_cites_the_image_and_warns_of_the_message() -> None:
    verdict = the_check(declared_resource({"Code": {"ImageUri": URI}}))
    assert [(e.value, e.source) for e in verdict.evidence] == [
        (URI, "template.yaml:11"),
        ("not set, which means Zip", "template.yaml:9"),
    ]
    assert verdict.remediation
    assert "PackageType: Image" in verdict.remediation.text
    assert "Do not add Runtime or Handler" in verdict.remediation.text


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("Runtime and Handler are mandatory parameters for functions created with deployment packages.", True),
        ("handler and runtime must be set when PackageType is Zip", True),
        ("Please provide ImageUri when updating a function with packageType Image.", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in all_modes()["package_type_missing"].signatures) is matches
