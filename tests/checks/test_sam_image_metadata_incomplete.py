from __future__ import annotations

import pytest

from tests.factories import URI, declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.build.sam_image_metadata_incomplete import sam_image_metadata_incomplete as the_check
from troubleshooter.model import Outcome

IMAGE: dict[str, object] = {"PackageType": "Image"}


@pytest.mark.parametrize(
    ("properties", "metadata", "outcome"),
    [
        pytest.param(IMAGE, {"Dockerfile": "Dockerfile"}, Outcome.FAIL, id="no context"),
        pytest.param(IMAGE, {"DockerContext": "."}, Outcome.FAIL, id="no Dockerfile"),
        pytest.param(IMAGE, {}, Outcome.FAIL, id="no Metadata"),
        pytest.param(IMAGE, {"Dockerfile": "Dockerfile", "DockerContext": ""}, Outcome.FAIL, id="empty context"),
        pytest.param(IMAGE, {"Dockerfile": "Dockerfile", "DockerContext": "."}, Outcome.PASS, id="complete"),
        pytest.param(
            IMAGE,
            {"Dockerfile": "D", "DockerContext": ".", "BuildArchitecture": "x"},
            Outcome.PASS,
            id="key without effect",
        ),
        pytest.param(
            {**IMAGE, "ImageUri": URI}, {"Dockerfile": "Dockerfile"}, Outcome.NOT_APPLICABLE, id="image is named"
        ),
        pytest.param({**IMAGE, "ImageUri": {"Ref": "Image"}}, {}, Outcome.NOT_APPLICABLE, id="image by parameter"),
        pytest.param({"Runtime": "python3.12"}, {}, Outcome.NOT_APPLICABLE, id="zip"),
        pytest.param({"PackageType": {"Ref": "P"}}, {}, Outcome.UNKNOWN, id="kind decided later"),
    ],
)
def test_outcome(properties: dict[str, object], metadata: dict[str, object], outcome: Outcome) -> None:
    assert the_check(declared_resource(properties, format="sam", metadata=metadata)).outcome is outcome


def test_plain_cloudformation_is_not_built_by_sam() -> None:
    assert the_check(declared_resource(IMAGE)).outcome is Outcome.NOT_APPLICABLE


def test_failure_says_what_is_missing_and_where_it_goes() -> None:
    places = {"PackageType": "template.yaml:7", "Metadata.Dockerfile": "template.yaml:10"}
    resource = declared_resource(IMAGE, format="sam", metadata={"Dockerfile": "Dockerfile"}, places=places)
    verdict = the_check(resource)
    assert "no DockerContext" in verdict.message
    shown = {e.label: e.value for e in verdict.evidence}
    assert shown["Api Metadata.DockerContext"] == "not set"
    assert shown["Api Metadata.Dockerfile"] == "Dockerfile"
    assert verdict.remediation
    assert "`DockerContext: .`" in verdict.remediation.text
    assert "template.yaml:10" in verdict.remediation.text
    assert verdict.remediation.commands == ("sam build Api",)


def test_signature() -> None:
    text = "Error: ImageUri not provided for Function: HelloFunction of PackageType: Image"
    assert any(s.pattern.search(text) for s in all_modes()["sam_image_metadata_incomplete"].signatures)
