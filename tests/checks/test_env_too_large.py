from __future__ import annotations

import pytest

from tests.factories import declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.deploy.env_too_large import LIMIT, ROOM
from troubleshooter.checks.deploy.env_too_large import env_too_large as the_check
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Outcome


def resource(size: int | None, undecided: int = 0) -> DeclaredResource:
    variables = tuple(
        EnvironmentVariable(name, length, "text", "0") for name, length in {"A": 10, "LONG": 3000, "B": 5}.items()
    )
    return declared_resource(
        {"PackageType": "Image"},
        places={"Environment": "template.yaml:20", "Environment.Variables.LONG": "template.yaml:23"},
        environment=variables,
        environment_json_bytes=size,
        environment_undecided=undecided,
    )


@pytest.mark.parametrize(
    ("size", "undecided", "outcome"),
    [
        pytest.param(None, 0, Outcome.NOT_APPLICABLE, id="no environment"),
        pytest.param(2, 0, Outcome.PASS, id="empty"),
        pytest.param(LIMIT, 0, Outcome.PASS, id="just fits"),
        pytest.param(LIMIT + 1, 0, Outcome.FAIL, id="one byte too many"),
        pytest.param(LIMIT + 1, 3, Outcome.FAIL, id="too large whatever the rest becomes"),
        pytest.param(LIMIT, 1, Outcome.UNKNOWN, id="fits without what is decided later"),
        pytest.param(LIMIT - ROOM, 1, Outcome.PASS, id="room for what is decided later"),
        pytest.param(300, 3, Outcome.PASS, id="ordinary function with references"),
        pytest.param(300, 40, Outcome.UNKNOWN, id="many references"),
    ],
)
def test_outcome(size: int | None, undecided: int, outcome: Outcome) -> None:
    assert the_check(resource(size, undecided)).outcome is outcome


def test_failure_says_the_size_and_where_the_longest_values_stand() -> None:
    verdict = the_check(resource(5000))
    assert verdict.evidence[0].value == "5000 bytes"
    assert verdict.evidence[0].source == "template.yaml:20"
    assert (verdict.evidence[1].label, verdict.evidence[1].source) == ("length of LONG", "template.yaml:23")
    assert verdict.remediation
    assert "904 bytes" in verdict.remediation.text
    assert "LONG" in verdict.remediation.text


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("because the environment variables you have provided exceeded the 4KB limit. String measured: {...}", True),
        (
            "RequestEntityTooLargeException: Request must be smaller than 5120 bytes for the UpdateFunctionConfiguration operation",
            True,
        ),
        ("Request must be smaller than 70167211 bytes for the CreateFunction operation", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in all_modes()["env_too_large"].signatures) is matches
