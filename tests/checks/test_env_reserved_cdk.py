from __future__ import annotations

import pytest

from tests.factories import SOURCE, TEMPLATE, declared_resource
from troubleshooter.checks import all_modes
from troubleshooter.checks.build.env_reserved_cdk import env_reserved_cdk as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.template import DeclaredVariable, SourceEnvironment, Template
from troubleshooter.model import Origin, Outcome

NO_TEMPLATE = Unavailable(Reason.NOT_GIVEN, "no template was given")


def source(*names: str, unread: tuple[str, ...] = ()) -> SourceEnvironment:
    variables = tuple(DeclaredVariable(name, f"cdk/stack.py:{i}") for i, name in enumerate(names, 20))
    return SourceEnvironment(reading=SOURCE, variables=variables, functions=1, unread=unread)


@pytest.mark.parametrize(
    ("fact", "outcome"),
    [
        pytest.param(source("TABLE"), Outcome.PASS, id="own names"),
        pytest.param(source(), Outcome.PASS, id="no environment"),
        pytest.param(source("TABLE", "AWS_REGION"), Outcome.FAIL, id="reserved"),
        pytest.param(source("AWS_LAMBDA_EXEC_WRAPPER", "TZ"), Outcome.PASS, id="settable"),
        pytest.param(source("TABLE", unread=("cdk/stack.py:9",)), Outcome.UNKNOWN, id="not all literal"),
        pytest.param(source("AWS_REGION", unread=("cdk/stack.py:9",)), Outcome.FAIL, id="reserved among others"),
    ],
)
def test_outcome(fact: SourceEnvironment, outcome: Outcome) -> None:
    assert the_check(fact, NO_TEMPLATE).outcome is outcome


@pytest.mark.parametrize(
    ("construct", "name", "outcome"),
    [
        pytest.param("Stack/Api/Resource", "TABLE", Outcome.PASS, id="synthesised"),
        pytest.param("", "TABLE", Outcome.UNKNOWN, id="written by hand"),
        pytest.param("Stack/Api/Resource", "AWS_REGION", Outcome.FAIL, id="synthesised before the name came in"),
    ],
)
def test_a_template_of_the_cdk_shows_that_it_did_not_complain(construct: str, name: str, outcome: Outcome) -> None:
    function = declared_resource({}, construct=construct).function
    template = Template(
        reading=TEMPLATE, path="cdk.out/Stack.template.json", format="cloudformation", functions=(function,)
    )
    assert the_check(source(name, unread=("cdk/stack.py:9",)), template).outcome is outcome


def test_failure_names_the_line_and_what_to_do() -> None:
    verdict = the_check(source("TABLE", "AWS_REGION"), NO_TEMPLATE)
    assert [(e.value, e.source, e.origin) for e in verdict.evidence] == [
        ("AWS_REGION", "cdk/stack.py:21", Origin.SOURCE)
    ]
    assert verdict.remediation
    assert "APP_REGION" in verdict.remediation.text
    assert "cdk/stack.py:21" in verdict.remediation.text


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        (
            "ValidationError: AWS_REGION environment variable is reserved by the lambda runtime and can not be set manually.",
            True,
        ),
        ("Reserved keys used in this request: AWS_REGION", False),
    ],
)
def test_signatures(text: str, matches: bool) -> None:
    assert any(s.pattern.search(text) for s in all_modes()["env_reserved_cdk"].signatures) is matches
