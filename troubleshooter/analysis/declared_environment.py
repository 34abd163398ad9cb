"""The environment that a template's function declares: names, what is known of the values, and the size Lambda measures.

Values are seen here once and described; none leaves this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from troubleshooter.analysis.document import Located
from troubleshooter.facts.environment import describe
from troubleshooter.facts.function import EnvironmentVariable
from troubleshooter.facts.template import DeclaredVariable
from troubleshooter.redact import Secrets

_SURE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})|-?(?:0|[1-9][0-9]{0,5})\.[0-9]{0,5}[1-9]|true|false")
"""Unquoted values of which CloudFormation makes the same text."""


@dataclass(slots=True)
class Declared:
    """What was found. The places of `variables` are bare line numbers here."""

    line: int = 0
    """Line of the property, 0 where there is none."""
    variables: list[DeclaredVariable] = field(default_factory=list)
    described: tuple[EnvironmentVariable, ...] = ()
    json_bytes: int | None = None
    undecided: int = 0
    complete: bool = True

    def hide(self) -> None:
        """Some names are not to be seen here."""
        self.undecided += 1
        self.complete = False


def declared_environment(environment: Located | None, secrets: Secrets) -> Declared:
    """Reads a function's `Environment` property."""
    found = Declared()
    if environment is None:
        return found
    found.line = environment.line
    known: dict[str, str] = {}
    described: list[EnvironmentVariable] = []
    for part, conditional in _branches(environment, False):
        inner = part.get("Variables")
        for variables, doubly in _branches(inner, conditional) if inner is not None else ():
            _read(found, variables, doubly, known, described, secrets)
        if part.function:
            found.hide()
    found.described = tuple(described)
    # Lambda measures the JSON text in bytes. Whether it escapes other letters is not known: unescaped is the least.
    found.json_bytes = len(json.dumps(known, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    return found


def _branches(value: Located, conditional: bool) -> Iterator[tuple[Located, bool]]:
    """The value itself, or what the branches of an `Fn::If` may make of it; branches without a value are left out."""
    if value.function == "Fn::If":
        for branch in value.mapping["Fn::If"].items[1:3]:
            yield from _branches(branch, True)
    elif not _is_no_value(value):
        yield value, conditional


def _is_no_value(value: Located) -> bool:
    return value.function == "Ref" and value.mapping["Ref"].text == "AWS::NoValue"


def _read(
    found: Declared,
    variables: Located,
    conditional: bool,
    known: dict[str, str],
    described: list[EnvironmentVariable],
    secrets: Secrets,
) -> None:
    if variables.value is None:
        return
    if variables.function or not isinstance(variables.value, Mapping):
        found.hide()
        return
    for name, value in variables.value.items():
        if name.startswith("Fn::"):
            found.hide()
            continue
        maybe = conditional or _may_vanish(value)
        found.variables.append(DeclaredVariable(name, str(value.line), maybe))
        text = None if value.function or not isinstance(value.value, str | int | float | bool) else _text(value.value)
        if text is None:
            described.append(EnvironmentVariable(name, 0, "expression", "", None))
        else:
            described.append(describe(name, text, secrets))
        exact = text is not None and text.isascii() and (isinstance(value.value, str) or _SURE.fullmatch(text))
        found.undecided += 0 if exact and not maybe else 1
        if not maybe:
            # Of an unquoted value like 1e3 only the name counts: CloudFormation may spell it in another way.
            known[name] = text if text is not None and (exact or isinstance(value.value, str)) else ""


def _may_vanish(value: Located) -> bool:
    """Whether a condition may leave the variable out."""
    if value.function != "Fn::If":
        return False
    return any(_is_no_value(branch) or _may_vanish(branch) for branch in value.mapping["Fn::If"].items[1:3])


def _text(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
