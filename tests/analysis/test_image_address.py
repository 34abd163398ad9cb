from __future__ import annotations

from typing import Any

import pytest

from tests.factories import URI, declared_resource, function_code
from troubleshooter.analysis.image_address import image_address
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.address import ImageAddress
from troubleshooter.facts.given import GivenText
from troubleshooter.model import Origin, Role, Subject

NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "nothing was given")
PROPOSED = Subject(Role.PROPOSED)


def pasted(text: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=text)


def of_template(properties: dict[str, object], **changes: Any) -> ImageAddress | Unavailable:
    return image_address(PROPOSED, NOT_GIVEN, declared_resource(properties, **changes), NOT_GIVEN)


@pytest.mark.parametrize(
    ("text", "uri", "said"),
    [
        (
            f"InvalidParameterValueException: Source image {URI} does not exist. Provide a valid source image.",
            URI,
            "not exist",
        ),
        ("Source image my app:latest is not valid. Provide a valid source image.", "my app:latest", "not valid"),
        (f"The image manifest or layer media type for the source image {URI} is not supported.", URI, "not supported"),
    ],
)
def test_the_address_that_aws_quotes(text: str, uri: str, said: str) -> None:
    found = image_address(PROPOSED, NOT_GIVEN, NOT_GIVEN, pasted(f"Error: 1 failed\n{text}\n"))
    assert isinstance(found, ImageAddress)
    assert found.uri == uri
    assert found.said.endswith(said)


def test_any_other_text_names_none() -> None:
    found = image_address(PROPOSED, NOT_GIVEN, NOT_GIVEN, pasted(f"pulling {URI}: no basic auth credentials"))
    assert isinstance(found, Unavailable)
    assert not found.applies


def test_the_templates_own_address_and_its_line() -> None:
    place = {"Code.ImageUri": "template.yaml:12"}
    found = of_template({"Code": {"ImageUri": URI}}, places=place)
    assert isinstance(found, ImageAddress)
    assert (found.uri, found.replaced) == (URI, False)
    assert found.cite("uri").source == "template.yaml:12"


def test_tools_that_push_put_the_address_in() -> None:
    sam = of_template({"ImageUri": "app:latest"}, format="sam")
    built = of_template({"Code": {"ImageUri": "app:latest"}}, metadata={"Dockerfile": "Dockerfile"})
    for found in (sam, built):
        assert isinstance(found, ImageAddress)
        assert found.replaced


def test_an_address_that_is_made_at_deploy_time() -> None:
    for code in ({"ImageUri": {"Fn::Sub": "${Repo}:v1"}}, {"S3Key": "k"}):
        found = of_template({"Code": code})
        assert isinstance(found, Unavailable)
        assert not found.applies


def test_what_runs_was_taken() -> None:
    found = image_address(Subject(Role.DEPLOYED), function_code(), NOT_GIVEN, NOT_GIVEN)
    assert isinstance(found, Unavailable)
    assert not found.applies
    refused = image_address(Subject(Role.ATTEMPTED), function_code(), NOT_GIVEN, NOT_GIVEN)
    assert isinstance(refused, ImageAddress)
