from __future__ import annotations

import pytest

from tests.factories import declared_resource, image_config
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.snapstart_on_image import LABEL
from troubleshooter.checks.deploy.snapstart_on_image import snapstart_on_image as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.model import Outcome

NO_IMAGE = Unavailable(Reason.NOT_GIVEN, "no image was given")
ON = {"SnapStart": {"ApplyOn": "PublishedVersions"}}
OFF = {"SnapStart": {"ApplyOn": "None"}}


@pytest.mark.parametrize(
    ("properties", "labels", "outcome"),
    [
        pytest.param({"PackageType": "Image"}, {}, Outcome.NOT_APPLICABLE, id="not asked for"),
        pytest.param({"PackageType": "Image", **OFF}, {}, Outcome.NOT_APPLICABLE, id="off"),
        pytest.param({"Runtime": "java21", **ON}, {}, Outcome.NOT_APPLICABLE, id="zip"),
        pytest.param({"PackageType": "Image", **ON}, {LABEL: "Allow"}, Outcome.PASS, id="label"),
        pytest.param(
            {"PackageType": "Image", **ON}, {}, Outcome.UNKNOWN, id="no label: the base may take part by itself"
        ),
        pytest.param({"PackageType": "Image", **ON}, {LABEL: "Deny"}, Outcome.UNKNOWN, id="another value"),
    ],
)
def test_outcome(properties: dict[str, object], labels: dict[str, str], outcome: Outcome) -> None:
    verdict = the_check(declared_resource(properties), image_config(labels=labels))
    assert verdict.outcome is outcome


def test_without_the_image_it_cannot_be_told() -> None:
    verdict = the_check(declared_resource({"PackageType": "Image", **ON}), NO_IMAGE)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock
    assert LABEL in verdict.unblock.text


def test_signature() -> None:
    text = "ValidationError: SnapStart currently not supported by runtime FROM_IMAGE"
    assert any(s.pattern.search(text) for s in all_modes()["snapstart_on_image"].signatures)
