"""Who is to call a function: event source mappings, and the policy that lets services in."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.account import PolicyStatement
from troubleshooter.facts.base import Fact
from troubleshooter.model import Evidence


@dataclass(frozen=True, slots=True)
class EventSource:
    """One mapping by which Lambda itself polls a source, with the execution role."""

    id: str
    source: str
    """ARN of the queue, stream or topic."""
    state: str
    """`Enabled`, `Disabled`, …"""
    result: str
    """What Lambda says of the last poll: `OK`, `No records processed`, `PROBLEM: …`; empty where it says nothing."""
    reason: str = ""
    """Why it is in its state."""

    @property
    def service(self) -> str:
        """`sqs`, `kinesis`, `dynamodb`, …"""
        return self.source.split(":")[2] if self.source.count(":") >= 5 else ""


@dataclass(frozen=True, kw_only=True)
class EventSources(Fact):
    """`lambda:ListEventSourceMappings` of a function that nobody calls."""

    sources: tuple[EventSource, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RefusedCaller(Fact):
    """A text says that a service may not call the function."""

    service: str
    """Its principal: `apigateway.amazonaws.com`."""
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class FunctionPolicy(Fact):
    """`lambda:GetPolicy` of the function, or of the qualifier that was asked about."""

    statements: tuple[PolicyStatement, ...] | None
    """None: AWS answered that there is no policy."""
