"""What the execution role's policies say of each action in question. Pure."""

from __future__ import annotations

from troubleshooter.analysis.iam.policy import both, decide
from troubleshooter.facts import provides
from troubleshooter.facts.permissions import Decision, ReadRulings, RolePolicies, RoleQuestions, Ruling


@provides()
def rulings(policies: RolePolicies, questions: RoleQuestions) -> ReadRulings:
    """One ruling a question. What could not be read may allow or deny anything."""
    return ReadRulings(
        reading=policies.reading, rulings=tuple(_ruling(policies, action, on) for action, on in questions.questions)
    )


def _ruling(policies: RolePolicies, action: str, resource: str | None) -> Ruling:
    decision, by = decide(policies.statements, action, resource)
    if policies.gaps and decision is not Decision.DENIED:
        return Ruling(action, resource, Decision.UNDECIDED, by)
    if policies.boundary is not None:
        decision, by, limited = both((decision, by), decide(policies.boundary, action, resource))
        return Ruling(action, resource, decision, by, limited)
    if not policies.boundary_known and decision is Decision.ALLOWED:
        decision = Decision.UNDECIDED
    return Ruling(action, resource, decision, by)
