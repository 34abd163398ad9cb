"""What IAM policies say of an action on a resource. Pure.

Conditions are not evaluated: a statement that has one may apply or not. The answer then is only given where it is the same
either way. Actions compare without regard to case, resources with it; `*` and `?` are wildcards in both. A policy
variable (`${…}`) in a resource may stand for anything.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from troubleshooter.facts.permissions import Decision, Statement

_YES, _MAYBE, _NO = 2, 1, 0
_SEGMENTS = 5
"""Colons of an ARN that separate its segments; what comes after the last may hold further ones."""


def decide(
    statements: Sequence[Statement], action: str, resource: str | None
) -> tuple[Decision, tuple[Statement, ...]]:
    """The decision of one set of policies, and the statements that make it. `resource` None: it is not known which."""
    matched = [(s, match(s, action, resource)) for s in statements]
    denies = [(s, m) for s, m in matched if s.effect == "Deny" and m]
    allows = [(s, m) for s, m in matched if s.effect == "Allow" and m]
    sure = tuple(s for s, m in denies if m == _YES)
    if sure:
        return Decision.DENIED, sure
    if not allows:
        return Decision.NOT_ALLOWED, ()
    certain = tuple(s for s, m in allows if m == _YES)
    if certain and not denies:
        return Decision.ALLOWED, certain
    return Decision.UNDECIDED, tuple(s for s, _ in (*denies, *allows))


def both(
    identity: tuple[Decision, tuple[Statement, ...]], boundary: tuple[Decision, tuple[Statement, ...]]
) -> tuple[Decision, tuple[Statement, ...], bool]:
    """Identity policies under a permissions boundary: both must allow. The last member: the boundary decides."""
    decision, by = identity
    if decision in (Decision.DENIED, Decision.NOT_ALLOWED):
        return decision, by, False
    if boundary[0] in (Decision.DENIED, Decision.NOT_ALLOWED):
        return boundary[0], boundary[1], True
    if Decision.UNDECIDED in (decision, boundary[0]):
        return Decision.UNDECIDED, (*by, *boundary[1]), False
    return decision, by, False


def match(statement: Statement, action: str, resource: str | None) -> int:
    """Whether a statement applies: 2 yes, 1 perhaps, 0 no."""
    if statement.not_actions:
        acts = not any(_glob(p.lower()).fullmatch(action.lower()) for p in statement.not_actions)
    else:
        acts = any(_glob(p.lower()).fullmatch(action.lower()) for p in statement.actions)
    if not acts:
        return _NO
    if statement.not_resources:
        covered = _YES - _any(statement.not_resources, resource)
    else:
        covered = _any(statement.resources, resource)
    return min(covered, _MAYBE) if statement.conditional else covered


def _any(patterns: Iterable[str], resource: str | None) -> int:
    return max((_resource(p, resource) for p in patterns), default=_NO)


def _resource(pattern: str, resource: str | None) -> int:
    if pattern == "*":
        return _YES
    if resource is None or "${" in pattern:
        return _MAYBE
    if resource == "*":  # an action without a resource of its own is covered by `*` alone
        return _NO
    loose = _glob(pattern).fullmatch(resource) is not None
    if not loose:
        return _NO
    # IAM promises wildcards within a segment, and beyond it only for the last one of a segment.
    apart, given = pattern.split(":", _SEGMENTS), resource.split(":", _SEGMENTS)
    strict = len(apart) == len(given) and all(_glob(p).fullmatch(g) for p, g in zip(apart, given, strict=True))
    return _YES if strict else _MAYBE


@functools.cache
def _glob(pattern: str) -> re.Pattern[str]:
    # Runs of stars are one star: they would make the matching slow for nothing.
    parts = re.split(r"(\*+|\?)", pattern)
    text = "".join(".*" if p.startswith("*") else "." if p == "?" else re.escape(p) for p in parts)
    return re.compile(text, re.DOTALL)
