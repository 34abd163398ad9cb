"""Who is to call a function: event source mappings, and the policy that lets services in."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.account import Alias, PolicyStatement
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


@dataclass(frozen=True, kw_only=True)
class LeftBehind(Fact):
    """Aliases that send all their calls to a version with other code than the newest published one has, where every alias
    does. A release by stages, traffic that is being moved, and versions with one code are none."""

    newest: str
    """Number of the newest published version."""
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Trigger:
    """Something that calls the function by an alias or a version."""

    kind: str
    """`function URL`, `event source mapping`, `REST API`, …"""
    name: str
    """What calls: an ARN, an address, an API with its route."""
    qualifier: str
    evidence: Evidence


@dataclass(frozen=True, kw_only=True)
class BoundTriggers(Fact):
    """What is bound to the aliases that are left behind, as far as it was read."""

    triggers: tuple[Trigger, ...] = ()
    gaps: tuple[str, ...] = ()
    """Why some were not read."""
