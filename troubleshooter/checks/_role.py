"""What the checks on the execution role's permissions share: evidence, fixes, and what would unblock them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.permissions import Decision, Denial, Level, Ruling, Rulings
from troubleshooter.model import Evidence, Remediation, Unblock

SHOWN = 4
"""Policies that evidence names."""


def forbids(ruling: Ruling) -> bool:
    """Whether the role may not: by its policies' documents, or by a simulation that lacked nothing."""
    if ruling.forbidden:
        return True
    return simulated_denial(ruling) and ruling.organization is not False


def simulated_denial(ruling: Ruling) -> bool:
    """Whether IAM's simulation, which lacked no value, denies it: it knows of more than the role's documents."""
    return ruling.simulated in ("implicitDeny", "explicitDeny") and not ruling.conditions


def went_on(denial: Denial) -> bool:
    """Whether the code met a denial and went on, so that it may be meant."""
    if denial.place != "invocation" or denial.raised:
        return False
    return denial.level is Level.QUIET or (denial.level is Level.PLAIN and denial.status == "success")


def cite(rulings: Rulings, ruling: Ruling) -> Evidence:
    """A ruling as evidence."""
    on = f" on {ruling.resource}" if ruling.resource else ""
    label = f"execution role: {ruling.action}{on}"
    return rulings.cite("rulings", words(rulings, ruling), label=label)


def words(rulings: Rulings, ruling: Ruling) -> str:
    """What the policies say, in words."""
    where = "the permissions boundary" if ruling.boundary else "the role's policies"
    if ruling.decision is Decision.DENIED and ruling.by:
        sid = f", statement {ruling.by[0].sid}" if ruling.by[0].sid else ""
        return f"denied by {ruling.by[0].policy}{sid}"
    if ruling.decision is Decision.NOT_ALLOWED:
        return f"allowed by no statement of {where} ({_names(rulings.policies)})"
    if ruling.simulated:
        return f"{ruling.decision.value}; IAM simulates {ruling.simulated}"
    return str(ruling.decision.value)


def _names(policies: Sequence[str]) -> str:
    short = [name.rpartition("/")[2] for name in policies]
    more = [f"{len(short) - SHOWN} more"] if len(short) > SHOWN else []
    return ", ".join([*short[:SHOWN], *more]) or "it has none"


def unblock(rulings: Rulings | Unavailable) -> Unblock | None:
    """What would let the role's policies be read."""
    gaps = (rulings,) if isinstance(rulings, Unavailable) else rulings.gaps
    return next((gap.unblock for gap in gaps if gap.unblock is not None), None)


def grant(function: FunctionRecord, asked: Sequence[tuple[str, str | None]], text: str, verify: str) -> Remediation:
    """The smallest statement to add to the role, and the simulation that shows whether it is enough."""
    role = function.role or ""
    name = role.rpartition("/")[2]
    known = [(action, resource) for action, resource in asked if resource is not None]
    commands = []
    if known and name:
        statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in known]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        named = f"allow-{known[0][0].replace(':', '-')}"
        add = [
            "aws",
            "iam",
            "put-role-policy",
            "--role-name",
            name,
            "--policy-name",
            named,
            "--policy-document",
            document,
        ]
        commands.append(shlex.join(add))
    if role.startswith("arn:"):
        ask = ["aws", "iam", "simulate-principal-policy", "--policy-source-arn", role]
        ask += ["--action-names", *dict.fromkeys(action for action, _ in asked)]
        on = [resource for _, resource in known if resource != "*"]
        commands.append(shlex.join([*ask, *(["--resource-arns", *dict.fromkeys(on)] if on else [])]))
    return Remediation(text, tuple(commands), verify)
