"""Log events, and the timeline that they tell."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.model import Origin

_ERROR_LEVEL = re.compile(
    r"^\[(?:ERROR|CRITICAL|FATAL)\]|[\t ](?:ERROR|FATAL)\t|\"(?:log_)?level\"\s*:\s*\"(?:error|critical|fatal)\"",
    re.IGNORECASE,
)
"""How the runtimes' loggers mark an error, in text and JSON."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event. Its text is outside text."""

    at: dt.datetime | None
    """When it was written, in UTC; None where the source tells no time."""
    stream: str
    message: str


@dataclass(frozen=True, kw_only=True)
class LogEvents(Fact):
    """Events of the function's log group or of a file, oldest first."""

    group: str
    group_exists: bool = True
    events: tuple[LogEvent, ...] = ()
    complete: bool = True
    """False where reading stopped at a budget."""
    since: dt.datetime | None = None
    """Start of the window that was read."""
    streams_exist: bool | None = None


@dataclass(frozen=True, slots=True)
class InitRecord:
    """One init of an execution environment, from INIT_REPORT or platform.initReport/initRuntimeDone."""

    at: dt.datetime | None
    stream: str
    duration_ms: float | None
    phase: str
    """`init` or `invoke`."""
    status: str
    """`success`, `error`, `timeout`."""
    error_type: str | None = None
    lines: tuple[str, ...] = ()
    """What the process wrote during this init, in order, at most the last 200 lines."""


@dataclass(frozen=True, slots=True)
class LaunchError:
    """The IMAGE line: the effective launch that failed, as the platform prints it."""

    at: dt.datetime | None
    stream: str
    error: str
    entrypoint: str
    command: str
    workdir: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation, START to REPORT."""

    request_id: str
    stream: str
    version: str
    start: dt.datetime | None
    end: dt.datetime | None
    duration_ms: float | None = None
    billed_ms: float | None = None
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    init_ms: float | None = None
    status: str = "success"
    """`success`, `error`, `timeout`; `unknown` where neither REPORT nor runtimeDone was seen."""
    error_type: str | None = None
    error: str | None = None
    """The fault record's or the runtime client's message."""
    lines: tuple[str, ...] = ()
    """Application lines between START and END, in order, at most 200."""
    line_times: tuple[dt.datetime | None, ...] = ()
    late_lines: tuple[str, ...] = ()
    """Application lines in this invocation whose own time lies before its START, or between the END before and its START."""

    @property
    def errors(self) -> tuple[str, ...]:
        """Lines that the application logged as errors. It may have returned and yet not have done its work."""
        return tuple(line for line in self.lines if _ERROR_LEVEL.search(line[:300]))


@dataclass(frozen=True, slots=True)
class ErrorText:
    """One error that the platform, the runtime client or the application wrote."""

    at: dt.datetime | None
    stream: str
    error_type: str | None
    message: str
    platform: bool
    """Written by Lambda or its runtime client, not by the application."""


@dataclass(frozen=True, kw_only=True)
class Timeline(Fact):
    """What happened, oldest first, split at the last change of the function's code or configuration."""

    inits: tuple[InitRecord, ...] = ()
    launch_errors: tuple[LaunchError, ...] = ()
    invocations: tuple[Invocation, ...] = ()
    errors: tuple[ErrorText, ...] = ()
    history: int = 0
    """Events from before the last change, left out of the above."""
    events: int = 0
    """Events that speak of the present."""
    last_change: dt.datetime | None = None
    other_versions: tuple[str, ...] = ()
    """Versions of the function whose events were left out, because another version is asked about."""

    @property
    def of_application(self) -> Origin:
        """Whence the application's own words in it come; neither origin proves anything."""
        return Origin.PASTED if self.reading.origin is Origin.PASTED else Origin.APPLICATION_LOG


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of time in which an execution environment worked."""

    at: dt.datetime | None
    """When it began, in UTC."""
    kind: str
    """`init` or `invocation`."""
    status: str
    """`success`, `error`, `timeout`; `unknown` where its end was not seen."""
    ms: float | None
    phase: str = ""
    """Of an init: `init`, or `invoke` where it was done again at the first invocation."""
    request_id: str = ""
    attempt: int = 1
    """Which time the same request was delivered."""
    init_ms: float | None = None
    """Of an invocation that was a cold start: how long its init took."""
    frozen_ms: float | None = None
    """How long the environment had been frozen before this invocation."""
    late_lines: int = 0
    """Lines of earlier work that were written here."""
    memory_mb: int | None = None
    max_memory_mb: int | None = None
    error_type: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One execution environment: its inits and invocations, oldest first."""

    stream: str
    version: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class ExecutionEnvironments(Fact):
    """What each execution environment did, by the time it began; the newest spans where there are many."""

    environments: tuple[Environment, ...] = ()
    left_out: int = 0
    """Older spans that are not among them."""
    cold_starts: int = 0
    retries: int = 0
    """Invocations of a request that had been delivered before."""
    late_lines: int = 0
    timeout_s: int | None = None
