from __future__ import annotations

import pytest

from tests.factories import REGISTRY, TEMPLATE, URI
from tests.launching import NO_FUNCTION
from troubleshooter.checks.deploy.manifest_docker_v1 import manifest_docker_v1 as the_check
from troubleshooter.facts.address import ImageAddress, ImageLookup
from troubleshooter.model import Outcome

ADDRESS = ImageAddress(reading=TEMPLATE, uri=URI)


def lookup(media_type: str, *, found: bool = True) -> ImageLookup:
    return ImageLookup(reading=REGISTRY, uri=URI, repository="demo", found=found, media_type=media_type)


@pytest.mark.parametrize("kind", ["manifest.v1+json", "manifest.v1+prettyjws"])
def test_the_first_schema(kind: str) -> None:
    found = the_check(ADDRESS, lookup(f"application/vnd.docker.distribution.{kind}"), NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "skopeo" in found.remediation.text


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    ],
)
def test_schema_two_and_oci(kind: str) -> None:
    found = the_check(ADDRESS, lookup(kind), NO_FUNCTION)
    assert found.outcome is Outcome.PASS


def test_nothing_there_and_nothing_told() -> None:
    for nothing in (lookup("", found=False), lookup("")):
        assert the_check(ADDRESS, nothing, NO_FUNCTION).outcome is Outcome.NOT_APPLICABLE
