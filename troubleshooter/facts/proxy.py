"""What a handler returns, as far as its source says it in so many words."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class Answer:
    """One `return` of the handler that writes its answer as a literal."""

    path: str
    line: int
    text: str
    """The source line, stripped."""
    status: bool
    """It has a `statusCode`."""
    body: str
    """`none`, `string`, `object`, `list`, `number`, or `unknown` where it is only made at run time."""


@dataclass(frozen=True, kw_only=True)
class ProxyAnswers(Fact):
    """The literal answers of a Python handler."""

    answers: tuple[Answer, ...] = ()
    wrapped: bool = False
    """The handler is decorated or made by a call: something may turn its answer into another."""
