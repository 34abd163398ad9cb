from __future__ import annotations

import datetime as dt
import shlex
from typing import Any

from tests.factories import REGISTRY, TEMPLATE, URI, function_record
from tests.launching import NO_FUNCTION
from troubleshooter.checks.deploy.ecr_image_absent import ecr_image_absent as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.address import ImageAddress, ImageLookup
from troubleshooter.model import Origin, Outcome

ADDRESS = ImageAddress(reading=TEMPLATE, uri=URI)
REFUSED = ImageAddress(reading=Reading("pasted text", Origin.PASTED), uri=URI, said="does not exist")


def lookup(**changes: Any) -> ImageLookup:
    defaults: dict[str, Any] = {"reading": REGISTRY, "uri": URI, "repository": "demo", "found": False}
    return ImageLookup(**{**defaults, **changes})


def test_no_such_tag() -> None:
    found = the_check(REFUSED, lookup(code="ImageNotFoundException"), function_record(architecture="arm64"))
    assert found.outcome is Outcome.FAIL
    assert URI in found.message
    assert found.remediation
    build, update = (shlex.split(c) for c in found.remediation.commands)
    assert build[build.index("--platform") + 1] == "linux/arm64"
    assert update[update.index("--image-uri") + 1] == URI


def test_no_such_repository() -> None:
    found = the_check(ADDRESS, lookup(code="RepositoryNotFoundException"), NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert "repository demo" in found.message
    assert found.remediation
    assert "Create the repository demo first." in found.remediation.text


def test_a_digest_cannot_be_pushed_to() -> None:
    address = ImageAddress(reading=TEMPLATE, uri=f"{URI.rpartition(':')[0]}@sha256:{'b' * 64}")
    found = the_check(address, lookup(code="ImageNotFoundException"), NO_FUNCTION)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert found.remediation.commands == ()


def test_it_is_there() -> None:
    assert the_check(ADDRESS, lookup(found=True), NO_FUNCTION).outcome is Outcome.PASS


def test_pushed_after_the_deployment_it_is_there_by_now() -> None:
    pushed = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    found = the_check(REFUSED, lookup(found=True, pushed_at=pushed), function_record())
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock
