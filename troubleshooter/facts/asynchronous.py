"""Asynchronous invocation: events that were tried again, and what becomes of those that fail every time."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.facts.logs import Invocation


@dataclass(frozen=True, kw_only=True)
class Repeats(Fact):
    """Events that the log shows several attempts of, each with its attempts, oldest first."""

    events: tuple[tuple[Invocation, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class EventInvoke(Fact):
    """`lambda:GetFunctionEventInvokeConfig`; the service's defaults where there is none."""

    retries: int = 2
    on_failure: str | None = None
    """ARN of the destination of events that failed every time."""
    configured: bool = False
