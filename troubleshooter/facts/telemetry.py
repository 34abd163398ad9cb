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


@dataclass(frozen=True, slots=True)
class CollectorPipeline:
    """One pipeline of an OpenTelemetry collector."""

    name: str
    """`traces`, `metrics/own`, …"""
    exporters: tuple[str, ...]
    line: int

    @property
    def signal(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class CollectorSettings(Fact):
    """The configuration of the collector in a function's image."""

    path: str
    pipelines: tuple[CollectorPipeline, ...]
    extensions: tuple[str, ...] = ()
    """Files in /opt/extensions."""
    elsewhere: tuple[str, ...] = ()
    """Variables by which the function may send its telemetry to somewhere else than the collector."""
