from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.checks.happened import called, exited_in_init, went_well
from tests.checks.happened import told as logged
from tests.checks.permitting import FUNCTION, message, ruled, told
from tests.factories import function_record
from tests.lab.aws_iam import allow
from troubleshooter.checks.deploy.scp_denies_action import scp_denies_action as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.permissions import Denials
from troubleshooter.model import Outcome, Rung, Unblock, Verdict

ALLOWS = allow("dynamodb:*")
SCP = (
    " with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"
)
CAPPED: dict[str, Any] = {"simulated": "explicitDeny", "organization": False}
DENIED = Unavailable(
    Reason.DENIED, "iam:ListRolePolicies was denied", Unblock("Allow it.", "iam:ListRolePolicies", "*")
)


def raised(text: str) -> list[str]:
    """An invocation that ends with the denial."""
    return called(f'[ERROR] ClientError: {text}\nTraceback (most recent call last):\n  File "/var/task/app.py", line 3')


def verdict(found: Denials, document: dict[str, Any] = ALLOWS, **changes: Any) -> Verdict:
    return the_check(FUNCTION, found, ruled(found, document, **{**CAPPED, **changes}))


@pytest.mark.parametrize(
    ("lines", "rung"),
    [
        pytest.param([raised(message(why=SCP))], Rung.INVOKE, id="and the message says so"),
        pytest.param([raised(message())], Rung.INVOKE, id="an older message"),
        pytest.param([exited_in_init("with error: exit status 1", message())], Rung.HANDLER, id="while loading"),
    ],
)
def test_the_organisation_does_not_allow_what_the_role_may(lines: list[list[str]], rung: Rung) -> None:
    found = verdict(told(logged(*lines)))
    assert found.outcome is Outcome.FAIL
    assert found.rung is rung
    assert any(e.origin.proves for e in found.evidence if e.fact)
    assert found.remediation
    (command,) = map(shlex.split, found.remediation.commands)
    assert command[:3] == ["aws", "iam", "simulate-principal-policy"]
    assert "--resource-arns" in command


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        pytest.param(verdict(told(logged(raised(message()))), organization=True), Outcome.PASS, id="it allows it"),
        pytest.param(
            verdict(told(logged(raised(message()))), organization=None), Outcome.NOT_APPLICABLE, id="no organisation"
        ),
        pytest.param(
            verdict(told(logged(raised(message(why=SCP)))), organization=None), Outcome.UNKNOWN, id="by its words alone"
        ),
        pytest.param(
            verdict(told(logged(raised(message()))), conditions=("aws:SourceVpc",)),
            Outcome.NOT_APPLICABLE,
            id="the simulation lacked a value",
        ),
        pytest.param(verdict(told(logged(called(f"could not: {message()}")))), Outcome.UNKNOWN, id="the code went on"),
        pytest.param(verdict(told(logged(went_well()))), Outcome.NOT_APPLICABLE, id="nothing was denied"),
        pytest.param(
            verdict(told(logged(raised(message(who=""))))), Outcome.NOT_APPLICABLE, id="to somebody without a name"
        ),
        pytest.param(
            verdict(told(logged(went_well()), message(who="ci/run-1", why=SCP))),
            Outcome.NOT_APPLICABLE,
            id="a pipeline, which no simulation was asked about",
        ),
    ],
)
def test_what_is_not_proven(found: Verdict, outcome: Outcome) -> None:
    assert found.outcome is outcome


def test_policies_that_could_not_be_read() -> None:
    found = the_check(function_record(role=FUNCTION.role), told(logged(raised(message(why=SCP)))), DENIED)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock is DENIED.unblock


def test_what_the_role_itself_may_not_is_not_said_to_be_allowed() -> None:
    found = verdict(told(logged(raised(message()))), allow("s3:GetObject"))
    assert found.outcome is Outcome.FAIL
    assert "the role's policies allow" not in found.message
    assert "the role's policies allow" in verdict(told(logged(raised(message())))).message
