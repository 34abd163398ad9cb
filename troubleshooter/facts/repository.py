"""What an ECR repository lets Lambda do: its policy, and the key that encrypts it."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.facts.permissions import Statement


@dataclass(frozen=True, kw_only=True)
class RepositoryPolicy(Fact):
    """`ecr:GetRepositoryPolicy`."""

    repository: str
    statements: tuple[Statement, ...] | None
    """None: ECR answered that there is no policy."""


@dataclass(frozen=True, kw_only=True)
class RepositoryKey(Fact):
    """`kms:DescribeKey` of the key that `ecr:DescribeRepositories` names."""

    repository: str
    arn: str
    state: str | None
    """`Enabled`, `Disabled`, `PendingDeletion`, …; None: KMS answered that there is no such key."""

    @property
    def usable(self) -> bool:
        return self.state == "Enabled"
