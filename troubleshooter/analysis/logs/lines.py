"""One log event → what it is: a platform record, a runtime client's error, or a line of the application. Pure.

Understands Lambda's text format, whose fields are taken by key and never by position, and its JSON format. Copies in
which tabs became blanks are read too. Whatever is none of these is a line of the application.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIMIT = 20_000
"""Characters of one event that are looked at."""
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
PLATFORM_TYPE = re.compile(r"(?:Runtime|Sandbox|Extension|Function)\.[A-Za-z]+")
STARTS_EVENT = re.compile(
    r"(?:START|END|REPORT) RequestId: |INIT_REPORT |INIT_START |(?:IMAGE|SUPERNOVA)\s+(?:Launch error|Invalid task)"
    r"|EXTENSION\s+Name: |TELEMETRY\s+Name: |RequestId: \S+ |LAMBDA_WARNING: |\[(?:ERROR|WARNING|WARN|INFO|DEBUG)\]\s"
)
"""How a message begins that cannot be the continuation of another."""


@dataclass(frozen=True, slots=True)
class Start:
    request_id: str
    version: str


@dataclass(frozen=True, slots=True)
class End:
    request_id: str


@dataclass(frozen=True, slots=True)
class Done:
    """REPORT, platform.report or platform.runtimeDone. `final` is False for the last, which a report follows."""

    request_id: str
    duration_ms: float | None
    billed_ms: float | None
    memory_mb: int | None
    max_memory_mb: int | None
    init_ms: float | None
    status: str | None
    error_type: str | None
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class InitStart:
    phase: str


@dataclass(frozen=True, slots=True)
class Init:
    """INIT_REPORT, platform.initReport or platform.initRuntimeDone (`final` False)."""

    duration_ms: float | None
    phase: str
    status: str
    error_type: str | None
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Launch:
    """The IMAGE line (SUPERNOVA in its first weeks)."""

    error: str
    entrypoint: str
    command: str
    workdir: str


@dataclass(frozen=True, slots=True)
class Fault:
    """`RequestId: … Error: …`, its type on a second line or in the next event; or `Task timed out`."""

    request_id: str
    message: str
    error_type: str | None
    status: str


@dataclass(frozen=True, slots=True)
class TypeAlone:
    """An error type and nothing else: the second half of a fault that came as two events."""

    error_type: str


@dataclass(frozen=True, slots=True)
class Extension:
    name: str
    state: str
    error_type: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Platform lines that tell nothing here."""


@dataclass(frozen=True, slots=True)
class Line:
    """Output of the application or of its runtime client."""

    text: str
    at: dt.datetime | None = None
    """The time that the line itself carries."""
    exact: bool = True
    """False where that time has no fraction of a second."""
    request_id: str | None = None
    level: str = ""
    error_type: str | None = None
    error: str | None = None
    client: bool = False
    """The runtime client reports here that init or invocation failed."""

    @property
    def is_error(self) -> bool:
        return self.level in ("ERROR", "CRITICAL", "FATAL") or self.error_type is not None


Record = Start | End | Done | InitStart | Init | Launch | Fault | TypeAlone | Extension | Noise | Line

_FIELD = re.compile(
    r"(Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration|Memory Size|Max Memory Used"
    r"|Phase|Status|Error ?Type):\s*([^\s,]+)"
)
_START = re.compile(r"START RequestId: (\S+)(?:\s+Version: (\S+))?")
_END = re.compile(r"END RequestId: (\S+)")
_REPORT = re.compile(r"REPORT RequestId: (\S+)")
_LAUNCH_END = re.compile(r"\s(?:Entrypoint|Cmd|WorkingDir):")
_LAUNCH_PART = re.compile(r"(Entrypoint|Cmd|WorkingDir):\s?\[(.*?)\](?=\s+(?:Cmd|WorkingDir):|\s*$)", re.MULTILINE)
_FAULT = re.compile(r"RequestId: (\S+)\s+(?:Error: )?([\s\S]*)")
_TIMED_OUT = re.compile(rf"(?:{ISO}\s+)?({UUID})\s+(Task timed out after [\d.]+ seconds)")
_EXTENSION = re.compile(r"EXTENSION[\t ]{1,4}Name: ?([^\t\n]{0,200}?)[\t ]{1,4}State: ?(\S+)")
_NOISE = re.compile(r"TELEMETRY\s+Name: |LOGS\s+Name: |XRAY TraceId: |RESTORE_START |LAMBDA_WARNING: ")
_NODE = re.compile(
    rf"({ISO})[\t ]{{1,4}}({UUID}|undefined)?[\t ]{{1,4}}(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)[\t ]+([\s\S]*)"
)
_NODE_FAILED = re.compile(r"(?:Uncaught Exception|Invoke Error|Unhandled Promise Rejection|Init Error)\s+(\{[\s\S]*)")
_PYTHON = re.compile(rf"\[([A-Z]+)\][\t ]+({ISO})(?:[\t ]+({UUID}))?[\t ]+([\s\S]*)")
_CLIENT = re.compile(r"\[ERROR\] ([A-Za-z_][\w.]*)(?::\s([\s\S]*))?")
_EMULATOR = re.compile(r"(?:.{0,40}\s)?\[(?:ERROR|WARNING)\] \(rapid\) ([\s\S]*)")
_JSON_ERROR = re.compile(r'"errorType"\s*:\s*"([^"]*)"(?:\s*,\s*"errorMessage"\s*:\s*"((?:[^"\\]|\\.)*))?')


def time_of(text: object) -> dt.datetime | None:
    """An ISO 8601 time in UTC; one without a zone is taken for UTC. None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        parsed = dt.datetime.fromisoformat(text.strip().replace(",", "."))
        return parsed.replace(tzinfo=dt.UTC) if parsed.tzinfo is None else parsed.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def tidy(message: str) -> str:
    """One event's text with line feeds only: the Python client joins lines by carriage returns and indents by U+00A0."""
    return message[:LIMIT].replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").strip("\n")


def read(message: str) -> Record:
    """What an event is. Never raises."""
    text = tidy(message)
    if text.startswith("{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return _application(text)
        return _json(value, text) if isinstance(value, dict) else Line(text)
    return _text(text)


def _text(text: str) -> Record:
    if found := _START.match(text):
        return Start(found[1], found[2] or "")
    if found := _END.match(text):
        return End(found[1])
    if found := _REPORT.match(text):
        return _report(found[1], text)
    if text.startswith("INIT_REPORT "):
        fields = _fields(text)
        status = _status(fields.get("Status")) or "success"
        phase = fields.get("Phase", "init")
        return Init(_number(fields.get("Init Duration")), phase, status, fields.get("Error Type"), text, final=True)
    if text.startswith("INIT_START"):
        return InitStart("init")
    if text.startswith(("IMAGE", "SUPERNOVA")) and STARTS_EVENT.match(text):
        return _launch(text.partition("\n")[0])
    if found := _TIMED_OUT.match(text):
        return Fault(found[1], found[2], "Sandbox.Timedout", "timeout")
    if text.startswith("RequestId: "):
        return _fault(text)
    if found := _EXTENSION.match(text):
        return Extension(found[1], found[2], _fields(text).get("Error Type"), text)
    if PLATFORM_TYPE.fullmatch(text):
        return TypeAlone(text)
    if _NOISE.match(text):
        return Noise()
    return _application(text)


def _launch(line: str) -> Launch:
    said = line.partition(" ")[2] if line.startswith(("IMAGE ", "SUPERNOVA ")) else line.partition("\t")[2]
    said = said.strip().removeprefix("Launch error:")
    parts = dict(_LAUNCH_PART.findall(said))
    error = _LAUNCH_END.split(f" {said}", maxsplit=1)[0].strip()
    return Launch(error, parts.get("Entrypoint", ""), parts.get("Cmd", ""), parts.get("WorkingDir", ""))


def _fields(text: str) -> dict[str, str]:
    """Fields of a platform line by key; the first of equal keys counts."""
    fields: dict[str, str] = {}
    for key, value in _FIELD.findall(text):
        fields.setdefault("Error Type" if key == "ErrorType" else key, value)
    return fields


def _report(request_id: str, text: str) -> Done:
    fields = _fields(text)
    return Done(
        request_id=request_id,
        duration_ms=_number(fields.get("Duration")),
        billed_ms=_number(fields.get("Billed Duration")),
        memory_mb=_whole(fields.get("Memory Size")),
        max_memory_mb=_whole(fields.get("Max Memory Used")),
        init_ms=_number(fields.get("Init Duration")),
        status=_status(fields.get("Status")),
        error_type=fields.get("Error Type"),
        text=text.partition("\n")[0],
        final=True,
    )


def _fault(text: str) -> Record:
    found = _FAULT.match(text)
    if not found:
        return _application(text)
    message, fields = found[2].strip(), _fields(text)
    head, _, last = message.rpartition("\n")
    kind = fields.get("Error Type")
    if PLATFORM_TYPE.fullmatch(last.strip()) and head:
        message, kind = head.strip(), last.strip()
    timed_out = "Task timed out" in message or fields.get("Status") == "timeout"
    if timed_out:
        kind = kind or "Sandbox.Timedout"
    return Fault(found[1], message, kind, "timeout" if timed_out else "error")


def _application(text: str) -> Line:
    if found := _NODE.match(text):
        at, request_id, level, rest = found.groups()
        failed = _NODE_FAILED.match(rest)
        kind, error = _error_of(failed[1]) if failed else (None, None)
        known = None if request_id == "undefined" else request_id
        return Line(text, time_of(at), "." in at, known, level, kind, error or rest, client=failed is not None)
    if found := _PYTHON.match(text):
        level, at, request_id, rest = found.groups()
        return Line(text, time_of(at), "." in at, request_id, level, error=rest)
    if found := _CLIENT.match(text):
        kind, error = found[1], (found[2] or "").partition("\nTraceback (most recent call last)")[0]
        known = bool(PLATFORM_TYPE.fullmatch(kind)) or "\nTraceback (most recent call last)" in text
        if known or re.search(r"(?:Error|Exception|Interrupt|Exit|Iteration)$", kind):
            return Line(text, level="ERROR", error_type=kind, error=error, client=True)
    if found := _EMULATOR.match(text):
        kind_in = PLATFORM_TYPE.search(found[1])
        return Line(text, level="ERROR", error_type=kind_in[0] if kind_in else None, error=found[1])
    return Line(text)


def _error_of(text: str) -> tuple[str | None, str | None]:
    """`errorType` and `errorMessage` of the Node client's JSON, cut short or not."""
    try:
        value = json.loads(text)
        if isinstance(value, dict):
            kind, error = value.get("errorType"), value.get("errorMessage") or value.get("reason")
            return str(kind) if kind else None, str(error) if error else None
    except (ValueError, RecursionError):
        pass
    found = _JSON_ERROR.search(text)
    return (found[1], found[2]) if found else (None, None)


def _json(value: Mapping[str, Any], text: str) -> Record:
    kind, record = value.get("type"), value.get("record")
    if not isinstance(kind, str) or record is None:
        return _json_line(value, text)
    if kind in ("function", "extension"):
        if kind == "extension":
            return Noise()
        if isinstance(record, str):
            return _text(tidy(record))
        return _json_line(record, text) if isinstance(record, dict) else Line(text)
    if not kind.startswith("platform."):
        return _json_line(value, text)
    if isinstance(record, str):
        return _text(tidy(record))
    return _platform(kind.removeprefix("platform."), record, text) if isinstance(record, dict) else Noise()


def _platform(kind: str, record: Mapping[str, Any], text: str) -> Record:
    metrics = record.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    request_id, status = str(record.get("requestId") or ""), _status(record.get("status"))
    error_type = str(record["errorType"]) if record.get("errorType") else None
    if kind == "start":
        return Start(request_id, str(record.get("version") or ""))
    if kind in ("report", "runtimeDone"):
        return Done(
            request_id=request_id,
            duration_ms=_number(metrics.get("durationMs")),
            billed_ms=_number(metrics.get("billedDurationMs")),
            memory_mb=_whole(metrics.get("memorySizeMB")),
            max_memory_mb=_whole(metrics.get("maxMemoryUsedMB")),
            init_ms=_number(metrics.get("initDurationMs")),
            status=status,
            error_type=error_type,
            text=text,
            final=kind == "report",
        )
    if kind == "initStart":
        return InitStart(str(record.get("phase") or "init"))
    if kind in ("initReport", "initRuntimeDone"):
        phase, final = str(record.get("phase") or "init"), kind == "initReport"
        return Init(_number(metrics.get("durationMs")), phase, status or "success", error_type, text, final)
    if kind == "extension":
        return Extension(str(record.get("name") or ""), str(record.get("state") or ""), error_type, text)
    if kind == "fault":
        return _fault(f"RequestId: {request_id or '-'} Error: {record.get('message') or text}")
    return Noise()


def _json_line(value: Mapping[str, Any], text: str) -> Line:
    stamp = value.get("timestamp") or value.get("time")
    inner = value.get("message")
    source = inner if isinstance(inner, dict) and "errorType" in inner else value
    kind, error = source.get("errorType"), source.get("errorMessage")
    request_id = value.get("requestId") or value.get("AWSRequestId") or value.get("function_request_id")
    level = value.get("level") or value.get("log_level") or ""
    # The Python client writes `log_level` and names no logger; what a logger writes, the application wrote.
    client = bool(kind) and "logger" not in value and ("log_level" in value or source is inner)
    said = error if error else inner if isinstance(inner, str) else None
    return Line(
        text,
        time_of(stamp),
        isinstance(stamp, str) and "." in stamp,
        request_id if isinstance(request_id, str) and request_id else None,
        str(level).upper()[:10],
        str(kind)[:200] if kind else None,
        str(said)[:LIMIT] if said else None,
        client=client,
    )


def _status(value: object) -> str | None:
    """`success`, `error`, `timeout`; None where nothing is said."""
    if not isinstance(value, str) or not value:
        return None
    return value if value in ("success", "timeout") else "error"


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 1e12 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
