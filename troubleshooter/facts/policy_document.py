"""IAM policy documents, as statements."""

from __future__ import annotations

import json
from collections.abc import Mapping

from troubleshooter.facts.permissions import Statement


def statements(policy: str, document: object) -> tuple[Statement, ...]:
    """The statements of a document that came as JSON text or parsed. Raises ValueError for one that makes no sense."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except RecursionError as error:
        raise ValueError(f"policy {policy} is nested too deeply") from error
    if not isinstance(parsed, Mapping):
        raise ValueError(f"policy {policy} is no object")
    listed = parsed.get("Statement")
    found = listed if isinstance(listed, list) else [] if listed is None else [listed]
    return tuple(_statement(policy, each) for each in found)


def _statement(policy: str, data: object) -> Statement:
    if not isinstance(data, Mapping) or data.get("Effect") not in ("Allow", "Deny"):
        raise ValueError(f"policy {policy} has a statement that makes no sense")
    who = data.get("Principal")
    principals = [p for value in who.values() for p in words(value)] if isinstance(who, Mapping) else words(who)
    negated = "NotPrincipal" in data
    return Statement(
        policy=policy,
        effect=str(data["Effect"]),
        actions=tuple(words(data.get("Action"))),
        not_actions=tuple(words(data.get("NotAction"))),
        resources=tuple(words(data.get("Resource"))),
        not_resources=tuple(words(data.get("NotResource"))),
        conditional=bool(data.get("Condition")),
        sid=str(data.get("Sid") or ""),
        principals=tuple(principals),
        negated_principals=negated,
    )


def words(value: object) -> list[str]:
    """One or many, as policies write them."""
    if value is None:
        return []
    return [str(v) for v in (value if isinstance(value, list) else [value])]
