"""Deployment templates: the functions they declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class DeclaredVariable:
    """One environment variable that a template or other source declares for a function, without its value."""

    name: str
    place: str
    """`template.yaml:12`"""


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """One function resource."""

    logical_id: str
    place: str
    kind: str
    """Resource type: `AWS::Lambda::Function`, `AWS::Serverless::Function`."""
    properties: Mapping[str, object]
    """Plain values; intrinsic functions stay as one-key mappings such as {"Ref": "X"}."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Property path (`Environment.Variables.AWS_REGION`) → `file:line`."""
    variables: tuple[DeclaredVariable, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Template(Fact):
    """A template's functions."""

    path: str
    format: str
    """`cloudformation`, `sam`."""
    functions: tuple[DeclaredFunction, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeclaredEnvironment(Fact):
    """Names of environment variables that would be sent to Lambda for this subject, with their places."""

    variables: tuple[DeclaredVariable, ...] = ()
