"""Policies of repositories, for the tests of the checks on a denied image."""

from __future__ import annotations

from typing import Any

from tests.factories import AT
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.policy_document import statements
from troubleshooter.facts.repository import RepositoryPolicy
from troubleshooter.model import Origin, Unblock

ECR = Reading("ecr:GetRepositoryPolicy", Origin.RECORD, AT)
UNREAD = Unavailable(Reason.DENIED, "it was denied", Unblock("allow it", "ecr:GetRepositoryPolicy", "*"))


def pulled(*documents: dict[str, Any]) -> RepositoryPolicy:
    """A policy of these statements; without any there is none."""
    found = statements("repository demo", {"Statement": list(documents)}) if documents else None
    return RepositoryPolicy(reading=ECR, repository="demo", statements=found)
