"""Keys of KMS, and the words that speak of trouble with one."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.model import Evidence


@dataclass(frozen=True, kw_only=True)
class KeyTrouble(Fact):
    """Something says that a key of KMS cannot be used: the environment's error, AWS's reasons, the log, a pasted text."""

    evidence: tuple[Evidence, ...] = ()
    denied: bool = False
    """It is access to the key that is denied, not its state."""


@dataclass(frozen=True, kw_only=True)
class KeyRecord(Fact):
    """`kms:DescribeKey` of the key that encrypts the function's environment."""

    arn: str
    state: str | None
    """`Enabled`, `Disabled`, `PendingDeletion`, …; None: KMS answered that there is no such key."""

    @property
    def usable(self) -> bool:
        return self.state == "Enabled"
