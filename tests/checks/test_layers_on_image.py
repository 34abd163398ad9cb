from __future__ import annotations

import shlex

import pytest

from tests.factories import declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.layers_on_image import layers_on_image as the_check
from troubleshooter.model import Outcome

ARN = "arn:aws:lambda:eu-west-1:123456789012:layer:tools:65"
REF = {"Ref": "Shared"}
MAYBE = {"Fn::If": ("Traced", ARN, {"Ref": "AWS::NoValue"})}


@pytest.mark.parametrize(
    ("package_type", "layers", "outcome"),
    [
        pytest.param("Image", (ARN,), Outcome.FAIL, id="literal"),
        pytest.param("Image", (REF,), Outcome.FAIL, id="reference"),
        pytest.param("Image", (MAYBE, REF), Outcome.FAIL, id="one for sure"),
        pytest.param("Image", (MAYBE,), Outcome.UNKNOWN, id="only under a condition"),
        pytest.param("Image", {"Fn::If": ("A", (ARN,), ())}, Outcome.UNKNOWN, id="condition about the list"),
        pytest.param("Image", {"Ref": "Arns"}, Outcome.UNKNOWN, id="list from a parameter"),
        pytest.param("Image", (), Outcome.PASS, id="empty list"),
        pytest.param("Image", None, Outcome.PASS, id="none"),
        pytest.param("Zip", (ARN,), Outcome.NOT_APPLICABLE, id="zip"),
        pytest.param(None, (ARN,), Outcome.NOT_APPLICABLE, id="zip by default"),
        pytest.param({"Ref": "Kind"}, (ARN,), Outcome.UNKNOWN, id="kind decided later"),
        pytest.param({"Ref": "Kind"}, None, Outcome.PASS, id="kind decided later, no layers"),
    ],
)
def test_outcome(package_type: object, layers: object, outcome: Outcome) -> None:
    assert the_check(declared_resource({"PackageType": package_type, "Layers": layers})).outcome is outcome


def test_failure_names_the_layers_their_line_and_how_to_get_them() -> None:
    verdict = the_check(declared_resource({"PackageType": "Image", "Layers": (ARN, REF)}))
    assert [(e.value, e.source) for e in verdict.evidence] == [
        ("Image", "template.yaml:11"),
        (f"{ARN}, !Ref Shared", "template.yaml:12"),
    ]
    assert verdict.remediation
    assert "template.yaml:12" in verdict.remediation.text
    (command,) = (shlex.split(c) for c in verdict.remediation.commands)
    assert command[:3] == ["aws", "lambda", "get-layer-version-by-arn"]
    assert command[command.index("--arn") + 1] == ARN
    assert command[command.index("--region") + 1] == "eu-west-1"


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (
            "InvalidParameterValueException: Lambda layers are not supported for functions created with container images.",
            True,
        ),
        ("Layers consume more than the available size of 262144000 bytes", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in all_modes()["layers_on_image"].signatures) is matches
