"""Environments that Lambda keeps ready for an alias or version."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class Provision:
    """One configuration."""

    qualifier: str
    """Alias or version that it belongs to."""
    status: str
    """`READY`, `IN_PROGRESS`, `FAILED`."""
    reason: str = ""
    at: dt.datetime | None = None
    """When it was last changed, in UTC."""


@dataclass(frozen=True, kw_only=True)
class ProvisionedConcurrency(Fact):
    """`lambda:ListProvisionedConcurrencyConfigs`."""

    provisions: tuple[Provision, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ProvisionedFailure(Fact):
    """Lambda could not make an environment ready for the code that is asked about, because its init failed."""

    qualifier: str
    reason: str
