"""How the function's own code sends its telemetry."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the function's own code."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, kw_only=True)
class Telemetry(Fact):
    """Exporters of OpenTelemetry in the function's own code."""

    batches: tuple[SourceLine, ...] = ()
    """Processors and readers that send on a timer."""
    flushes: tuple[SourceLine, ...] = ()
    """Anything that may send what is waiting: a flush, a shutdown, an instrumentation for Lambda that flushes by itself."""
