from __future__ import annotations

import pytest

from tests.factories import TEMPLATE
from troubleshooter.checks import Mode, all_modes
from troubleshooter.checks.deploy.env_reserved_api import env_reserved_api as the_check
from troubleshooter.facts.environment import reserved_names
from troubleshooter.facts.template import DeclaredEnvironment, DeclaredVariable
from troubleshooter.model import Origin, Outcome

REFUSAL = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided contains "
    "reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"
)


def environment(*names: str, conditional: tuple[str, ...] = (), complete: bool = True) -> DeclaredEnvironment:
    variables = [DeclaredVariable(n, f"template.yaml:{i}", n in conditional) for i, n in enumerate(names, 12)]
    return DeclaredEnvironment(reading=TEMPLATE, variables=tuple(variables), complete=complete)


def mode() -> Mode:
    return all_modes()["env_reserved_api"]


@pytest.mark.parametrize("name", sorted(reserved_names()))
def test_every_reserved_name_is_refused(name: str) -> None:
    verdict = the_check(environment("TABLE", name))
    assert verdict.outcome is Outcome.FAIL
    assert [(e.value, e.source, e.origin) for e in verdict.evidence] == [(name, "template.yaml:13", Origin.TEMPLATE)]
    assert verdict.remediation
    assert "template.yaml:13" in verdict.remediation.text
    assert verdict.remediation.verify


def test_there_are_as_many_as_lambda_documents() -> None:
    assert len(reserved_names()) == 18


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "NODE_PATH",
        "NODE_OPTIONS",
        "GEM_PATH",
        "TZ",
        "LANG",
        "AWS_LAMBDA_EXEC_WRAPPER",
        "AWS_XRAY_CONTEXT_MISSING",
        "AWS_XRAY_DAEMON_ADDRESS",
        "AWS_LAMBDA_LOG_LEVEL",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "AWS_REGIONS",
        "APP_REGION",
        "REGION",
        "aws_region",
        "LAMBDA_HANDLER_PATH",
        "HANDLER",
        "AWS_NODEJS_CONNECTION_REUSE_ENABLED",
    ],
)
def test_names_that_look_alike_are_innocent(name: str) -> None:
    assert the_check(environment(name)).outcome is Outcome.PASS


def test_an_environment_without_variables_is_fine() -> None:
    assert the_check(environment()).outcome is Outcome.PASS


def test_under_a_condition_it_cannot_be_told() -> None:
    verdict = the_check(environment("AWS_REGION", conditional=("AWS_REGION",)))
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock
    assert the_check(environment("AWS_REGION", "TZ", conditional=("TZ",))).outcome is Outcome.FAIL


def test_names_that_are_only_made_at_deploy_time_cannot_be_told() -> None:
    assert the_check(environment("TABLE", complete=False)).outcome is Outcome.UNKNOWN
    assert the_check(environment("AWS_REGION", complete=False)).outcome is Outcome.FAIL


def test_advice_fits_the_name() -> None:
    def advice(name: str) -> str:
        verdict = the_check(environment(name))
        assert verdict.remediation
        return verdict.remediation.text

    assert "APP_REGION" in advice("AWS_DEFAULT_REGION")
    assert "execution role" in advice("AWS_SECRET_ACCESS_KEY")
    assert "APP_HANDLER" in advice("_HANDLER")


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (REFUSAL, True),
        ("E3663 'AWS_REGION' is a reserved variable name, one of ['_HANDLER']", True),
        ("ValidationError: AWS_REGION environment variable is reserved by the lambda runtime", False),
        ("KeyError: 'AWS_REGION'", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in mode().signatures) is matches
