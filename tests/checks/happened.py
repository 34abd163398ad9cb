"""Timelines as the log of a function tells them, read by the real analysis, for tests of checks on the platform's lines."""

from __future__ import annotations

import datetime as dt

from tests.factories import function_record
from troubleshooter.analysis.logs.timeline import timeline
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.logs import LogEvent, LogEvents, Timeline
from troubleshooter.model import Origin

FIRST = dt.datetime(2026, 1, 2, 3, 0, 0, tzinfo=dt.UTC)
NO_RECORD = Unavailable(Reason.DENIED, "lambda:GetFunction was denied")
NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "nothing was given")
NAMES = iter(range(1, 10**9))


def told(*parts: list[str], pasted: bool = False, one_environment: bool = False) -> Timeline:
    """The timeline of these invocations, a minute apart, each in an environment of its own or all in one."""
    events = []
    for minute, lines in enumerate(parts):
        stream = f"2026/01/02/[$LATEST]{0 if one_environment else minute:032x}"
        for second, line in enumerate(lines):
            at = FIRST + dt.timedelta(minutes=minute, seconds=second)
            events.append(LogEvent(at, stream, line))
    origin = Origin.PASTED if pasted else Origin.PLATFORM_LOG
    log = LogEvents(reading=Reading("logs:FilterLogEvents", origin), group="/aws/lambda/demo", events=tuple(events))
    return timeline(log, function_record(), NOT_GIVEN)


def went_well() -> list[str]:
    """An invocation that succeeded after a cold start."""
    return called(report="Duration: 35.2 ms\tBilled Duration: 36 ms", init_ms=412.3)


def called(
    *lines: str,
    report: str = "Duration: 35.2 ms",
    memory: int = 512,
    used: int | None = 88,
    init_ms: float | None = None,
) -> list[str]:
    """START to REPORT; `{id}` in the lines becomes the request id. `used` None: no REPORT was written."""
    request_id = f"00000000-0000-4000-8000-{next(NAMES):012d}"
    init = f"\tInit Duration: {init_ms} ms" if init_ms else ""
    head, _, status = report.partition("\tStatus")
    status = f"\tStatus{status}" if status else ""
    told_memory = f"\tMemory Size: {memory} MB\tMax Memory Used: {used} MB"
    return [
        f"START RequestId: {request_id} Version: $LATEST",
        *(line.replace("{id}", request_id) for line in lines),
        f"END RequestId: {request_id}",
        *([f"REPORT RequestId: {request_id}\t{head}{told_memory}{init}{status}"] if used is not None else []),
    ]


def exited(how: str, *lines: str, ms: float = 8201.4, memory: int = 512, used: int | None = 88) -> list[str]:
    """An invocation in which the process ended: `how` as `with error: signal: killed`."""
    fault = f"RequestId: {{id}} Error: Runtime exited {how}\nRuntime.ExitError"
    report = f"Duration: {ms} ms\tStatus: error\tError Type: Runtime.ExitError"
    return called(*lines, fault, report=report, memory=memory, used=used)


def exited_in_init(how: str, *lines: str, **report: int) -> list[str]:
    """A process that ends in its init and in the init's repetition, and the invocation that waited for it."""
    ended = "Status: error\tError Type: Runtime.ExitError"
    return [
        *lines,
        f"INIT_REPORT Init Duration: 1201.5 ms\tPhase: init\t{ended}",
        *lines,
        f"INIT_REPORT Init Duration: 1302.8 ms\tPhase: invoke\t{ended}",
        *exited(how, **report),
    ]


def ran_out_of_time(
    *lines: str, seconds: float = 30, used: int | None = 88, init_ms: float | None = 400.1
) -> list[str]:
    """An invocation at whose end the function's time was up."""
    said = f"2026-01-02T03:04:05.678Z {{id}} Task timed out after {seconds:.2f} seconds"
    return called(
        *lines, said, report=f"Duration: {seconds * 1000:.2f} ms\tStatus: timeout", used=used, init_ms=init_ms
    )


def init_ran_out_of_time(*lines: str, repeated: str = "Status: timeout") -> list[str]:
    """An init of ten seconds, its repetition, which ended as `repeated` says, and the invocation that waited for it."""
    return [
        *lines,
        "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout",
        *([f"INIT_REPORT Init Duration: 30012.30 ms\tPhase: invoke\t{repeated}"] if repeated else []),
        *ran_out_of_time(init_ms=None),
    ]
