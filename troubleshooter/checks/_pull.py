"""Whether a repository's policy lets somebody pull, for the checks on a denied image."""

from __future__ import annotations

import fnmatch
from enum import Enum

from troubleshooter.checks import unknown
from troubleshooter.checks._readiness import Refusal
from troubleshooter.facts import Unavailable
from troubleshooter.facts.permissions import Statement
from troubleshooter.facts.repository import RepositoryPolicy
from troubleshooter.model import Evidence, Unblock, Verdict

ACTIONS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
SERVICE = "lambda.amazonaws.com"


class Lets(Enum):
    """What a policy says of a pull."""

    IN = "lets it in"
    OPEN = "has statements that may"
    """Under a condition, by a principal that is not understood, or beside one that denies."""
    OUT = "has no statement that lets it in"


def lets(policy: RepositoryPolicy, *principals: str) -> Lets:
    """Whether the policy lets one of the principals take both actions."""
    found = policy.statements or ()
    if any(s.effect == "Deny" for s in found):
        return Lets.OPEN
    each = [[s for s in found if _covers(s, action) and _names(s, principals)] for action in ACTIONS]
    if not all(each):
        return Lets.OUT
    plain = all(any(not s.conditional and set(principals) & set(s.principals) for s in some) for some in each)
    return Lets.IN if plain else Lets.OPEN


def _covers(statement: Statement, action: str) -> bool:
    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in patterns)

    if statement.not_actions:
        return not among(statement.not_actions)
    return among(statement.actions)


def _names(statement: Statement, principals: tuple[str, ...]) -> bool:
    return statement.negated_principals or any("*" in p or p in principals for p in statement.principals)


def doubt(
    refused: Refusal, policy: RepositoryPolicy | Unavailable, about: tuple[str, ...], *cited: Evidence
) -> Verdict | tuple[Evidence, ...]:
    """Evidence that the policy does not let in; else the verdict that AWS's reason code has another cause, or is open.

    `about`: the principals of which each has to be let in.
    """
    if isinstance(policy, Unavailable):
        text = (
            f"{refused}: by the repository's policy, its key, or an organisation's policy; the first could not be read"
        )
        return unknown(text, *refused.evidence, *cited, unblock=policy.unblock or _READ)
    asked = [(who, lets(policy, who)) for who in about]
    out = next((who for who, how in asked if how is Lets.OUT), None)
    said = "there is no policy" if policy.statements is None else f"{len(policy.statements)} statements"
    if out is not None:
        shown = said if policy.statements is None else f"{said}, none lets {out} pull"
        return (policy.cite("statements", shown, label=f"policy of the repository {policy.repository}"),)
    shown = "; ".join(f"{who}: {how.value}" for who, how in asked)
    cite = policy.cite("statements", shown, label=f"policy of the repository {policy.repository}")
    text = f"{refused}, while the policy of the repository {policy.repository} may let it in by now"
    return unknown(text, *refused.evidence, *cited, cite, unblock=_AGAIN)


_READ = Unblock("Allow reading the repository's policy.", "ecr:GetRepositoryPolicy")
_AGAIN = Unblock(
    "Update the function's code again: if it is still refused, look at the conditions of the policy, at the repository's "
    "key, and at the organisation's policies."
)
