from __future__ import annotations

import pytest

from tests.factories import declared_resource, function_record
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.package_type_immutable import package_type_immutable as the_check
from troubleshooter.facts.template import DeployedCounterpart
from troubleshooter.model import Outcome, Rung, Verdict


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Please don't provide ImageUri when updating a function with packageType Zip.", 3),
        ("Please provide ImageUri when updating a function with packageType Image.", 3),
        (
            "UPDATE_FAILED | AWS::Lambda::Function | Api\nResource handler returned message: \"Please don't provide Handler or "
            'Runtime or Layer when the intended function PackageType is Image."',
            3,
        ),
        ("Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.", 2),
        ("Runtime and Handler are mandatory parameters for functions created with deployment packages.", 0),
    ],
)
def test_signatures(text: str, weight: int) -> None:
    mode = all_modes()["package_type_immutable"]
    assert max((s.weight for s in mode.signatures if s.pattern.search(text)), default=0) == weight
    assert mode.rung is Rung.DEPLOY


def verdict(properties: dict[str, object], **record: object) -> Verdict:
    function = function_record(**record)
    other = DeployedCounterpart(reading=function.reading, function=function)
    return the_check(declared_resource(properties), other)


def test_another_package_type_under_the_same_name() -> None:
    found = verdict({"FunctionName": "demo", "PackageType": "Image"}, package_type="Zip")
    assert found.outcome is Outcome.FAIL
    assert [e.value for e in found.evidence] == ["Image", "Zip", "demo"]
    assert found.evidence[0].source == "template.yaml:12"


def test_a_name_that_the_tool_makes_is_made_anew() -> None:
    assert verdict({"PackageType": "Image"}, package_type="Zip").outcome is Outcome.PASS


def test_equal_and_undecided_types() -> None:
    assert verdict({"FunctionName": "demo", "PackageType": "Image"}).outcome is Outcome.PASS
    found = verdict({"FunctionName": "demo", "PackageType": {"Ref": "P"}}, package_type="Zip")
    assert found.outcome is Outcome.UNKNOWN
