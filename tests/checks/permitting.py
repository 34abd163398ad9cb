"""Denials and what a role's policies say of them, for tests of checks on permissions."""

from __future__ import annotations

from typing import Any

from tests.checks.happened import NOT_GIVEN
from tests.factories import AT, function_record
from troubleshooter.analysis.iam.denials import denials
from troubleshooter.analysis.iam.policy import decide
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.permissions import Denials, RoleRecord, Ruling, Rulings, Statement
from troubleshooter.facts.policy_document import statements
from troubleshooter.model import Origin

IAM = Reading("iam:GetRolePolicy", Origin.RECORD, AT)
ROLE = "arn:aws:iam::123456789012:role/service-role/demo-role"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
FUNCTION = function_record(role=ROLE)


def message(
    action: str = "dynamodb:PutItem", on: str | None = TABLE, why: str = "", who: str = "demo-role/demo"
) -> str:
    """AWS's words about a denied call."""
    user = f"User: arn:aws:sts::123456789012:assumed-role/{who} " if who else ""
    resource = f" on resource: {on}" if on else ""
    return f"An error occurred (AccessDeniedException): {user}is not authorized to perform: {action}{resource}{why}"


def told(timeline: Timeline | Unavailable, text: str | None = None, **record: Any) -> Denials:
    """The denials of a log, or of a pasted text."""
    pasted = GivenText(reading=Reading("pasted text", Origin.PASTED), text=text) if text else NOT_GIVEN
    found = denials(function_record(**{"role": ROLE, **record}), timeline, pasted)
    assert isinstance(found, Denials)
    return found


def policy(*documents: dict[str, Any]) -> tuple[Statement, ...]:
    """Statements as policies write them."""
    return statements("app", {"Statement": list(documents)})


def ruled(found: Denials, *documents: dict[str, Any], **changes: Any) -> Rulings:
    """What a role with these statements may do of what was denied."""
    rulings = []
    for denial in found.own:
        decision, by = decide(policy(*documents), *denial.question)
        rulings.append(Ruling(*denial.question, decision, by, **changes))
    return Rulings(reading=IAM, rulings=tuple(rulings), policies=("app",))


def role_record(**changes: Any) -> RoleRecord:
    """A role as Lambda needs it."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    defaults: dict[str, Any] = {"reading": IAM, "arn": ROLE, "actual_arn": ROLE, "trust": policy(trust)}
    return RoleRecord(**{**defaults, **changes})
