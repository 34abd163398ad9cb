from __future__ import annotations

import pytest

from tests.factories import declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.handler_config_ignored import handler_config_ignored as the_check
from troubleshooter.model import Outcome

IF = {"Fn::If": ("Zip", "app.handler", {"Ref": "AWS::NoValue"})}


@pytest.mark.parametrize(
    ("properties", "outcome"),
    [
        pytest.param({"PackageType": "Image"}, Outcome.PASS, id="neither"),
        pytest.param({"PackageType": "Image", "Handler": "app.handler"}, Outcome.FAIL, id="handler"),
        pytest.param({"PackageType": "Image", "Runtime": "python3.12"}, Outcome.FAIL, id="runtime, as from Globals"),
        pytest.param({"PackageType": "Image", "Runtime": {"Ref": "R"}}, Outcome.FAIL, id="whatever its value becomes"),
        pytest.param({"PackageType": "Image", "Handler": IF}, Outcome.UNKNOWN, id="under a condition"),
        pytest.param({"PackageType": {"Ref": "P"}, "Handler": "a.b"}, Outcome.UNKNOWN, id="kind decided later"),
        pytest.param({"PackageType": "Zip", "Handler": "a.b", "Runtime": "x"}, Outcome.NOT_APPLICABLE, id="zip"),
        pytest.param({"Handler": "a.b", "Runtime": "x"}, Outcome.NOT_APPLICABLE, id="zip by default"),
    ],
)
def test_outcome(properties: dict[str, object], outcome: Outcome) -> None:
    assert the_check(declared_resource(properties)).outcome is outcome


def test_failure_says_where_the_handler_belongs() -> None:
    verdict = the_check(declared_resource({"PackageType": "Image", "Handler": "app.handler", "Runtime": "python3.12"}))
    assert [(e.value, e.source) for e in verdict.evidence] == [
        ("Image", "template.yaml:11"),
        ("app.handler", "template.yaml:12"),
        ("python3.12", "template.yaml:13"),
    ]
    assert verdict.remediation
    assert "template.yaml:12" in verdict.remediation.text
    assert "Command: [app.handler]" in verdict.remediation.text


def test_signature() -> None:
    text = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
    assert any(s.pattern.search(text) for s in all_modes()["handler_config_ignored"].signatures)
