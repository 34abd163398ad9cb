"""The timeline: what the log says happened, split at the last change of code or configuration. Pure.

Events are followed per log stream, which is one execution environment; a file without stream names is one stream, in
which invocations are told apart by their request ids. Only what began after the last change speaks of the present.
In JSON format a system log level of WARN hides the start and the report of what went well: absence is no evidence.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from troubleshooter.analysis.logs import lines as l
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import ErrorText, InitRecord, Invocation, LaunchError, LogEvent, LogEvents, Timeline

LINES, ERRORS, QUOTED = 200, 2000, 40
TEXT = 4000
"""Characters kept of one line or error."""
CLOCKS = dt.timedelta(seconds=2)
"""How far the clock of the log may be behind that of the control plane."""
EARLY, EARLY_COARSE = dt.timedelta(milliseconds=250), dt.timedelta(milliseconds=1250)
"""How far a line's own time must lie before START to be late work; the second for times in whole seconds."""

_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?P<name>[^\[\]]*)\[(?P<version>[^\[\]]+)\]")
_START = re.compile(r'START RequestId: |"platform\.start"')
_LOOKS_LIKE_ERROR = re.compile(
    r"(?i:\b(?:\w*error|\w*exception|fatal|panic|cannot|unable to|failed|not found|denied|does not exist)\b)"
    r"|\bE[A-Z]{4,}\b"
)


@provides()
def timeline(log: LogEvents, record: FunctionRecord | Unavailable, given: GivenFunction | Unavailable) -> Timeline:
    """The timeline of the version asked about; of everything in the log where no function is known."""
    name = given.name if isinstance(given, GivenFunction) else None
    change = record.last_modified if isinstance(record, FunctionRecord) else None
    left_out: Counter[str] = Counter()
    kept = _ours(log.events, name, _version(record, given), left_out)
    streams: dict[str, _Stream] = {}
    for event in kept:
        streams.setdefault(event.stream, _Stream(event.stream)).feed(event)
    for stream in streams.values():
        stream.close()
    present = _Present(change)
    return Timeline(
        reading=log.reading,
        inits=tuple(sorted((i for s in streams.values() for i in s.inits if present.init(i)), key=_at)),
        launch_errors=tuple(sorted((e for s in streams.values() for e in s.launches if present(e.at)), key=_at)),
        invocations=tuple(
            sorted((i for s in streams.values() for i in s.invocations if present(i.start or i.end)), key=_begun)
        ),
        errors=tuple(sorted((e for s in streams.values() for e in s.errors if present(e.at)), key=_at))[-ERRORS:],
        history=sum(not present(e.at) for e in kept),
        events=sum(present(e.at) for e in kept),
        last_change=change,
        other_versions=tuple(sorted(left_out)),
    )


@dataclass(frozen=True, slots=True)
class _Present:
    """Whether something began after the last change."""

    change: dt.datetime | None

    def __call__(self, at: dt.datetime | None) -> bool:
        return self.change is None or at is None or at >= self.change - CLOCKS

    def init(self, init: InitRecord) -> bool:
        began = init.at - dt.timedelta(milliseconds=init.duration_ms or 0) if init.at else None
        return self(began)


def _version(record: FunctionRecord | Unavailable, given: GivenFunction | Unavailable) -> str | None:
    """The version whose events count; None where it cannot be told, then all do."""
    if not isinstance(given, GivenFunction):
        return None
    if given.qualifier is None:
        return "$LATEST"
    if given.qualifier == "$LATEST" or given.qualifier.isdigit():
        return given.qualifier
    return record.version if isinstance(record, FunctionRecord) else None


def _ours(events: Iterable[LogEvent], name: str | None, version: str | None, left_out: Counter[str]) -> list[LogEvent]:
    """The events of this function and version, in order. A group may be shared by functions; their streams bear names."""
    events = list(events)
    started: dict[str, str] = {}
    for event in events:
        if event.stream and event.stream not in started and _START.search(event.message[:300]):
            record = l.read(event.message)
            if isinstance(record, l.Start) and record.version:
                started[event.stream] = record.version
    theirs: dict[str, str | None] = {}
    for stream in {e.stream for e in events}:
        named = _STREAM.match(stream)
        of = named["version"] if named else started.get(stream)
        other_name = bool(named and name and named["name"] not in ("", name))
        if other_name:
            theirs[stream] = None
        elif version is not None and of is not None and of != version:
            theirs[stream] = of
            left_out[of] += 1
    return [e for e in events if e.stream not in theirs]


@dataclass(slots=True)
class _Open:
    """An invocation that is going on, or whose report is awaited."""

    request_id: str
    version: str
    start: dt.datetime | None
    end: dt.datetime | None = None
    ended: bool = False
    lines: deque[tuple[str, dt.datetime | None]] = field(default_factory=lambda: deque(maxlen=LINES))
    late: list[str] = field(default_factory=list)
    before: tuple[str, ...] = ()
    """What an init without a report of its own wrote before this invocation."""
    status: str | None = None
    error_type: str | None = None
    error: str | None = None
    said_type: str | None = None
    said: str | None = None
    done: l.Done | None = None

    def build(self, stream: str) -> Invocation:
        done = self.done
        kind = (done.error_type if done else None) or self.error_type
        if self.said_type and kind in (None, "Runtime.Unknown", "Function.Unknown"):
            kind = self.said_type
        failed = "error" if self.said_type or (kind and self.error_type) else None
        reported = done.status if done else None
        return Invocation(
            request_id=self.request_id,
            stream=stream,
            version=self.version,
            start=self.start,
            end=self.end,
            duration_ms=done.duration_ms if done else None,
            billed_ms=done.billed_ms if done else None,
            memory_mb=done.memory_mb if done else None,
            max_memory_mb=done.max_memory_mb if done else None,
            init_ms=done.init_ms if done else None,
            status=reported or self.status or failed or ("success" if done else "unknown"),
            error_type=kind,
            error=self.error or self.said,
            lines=tuple(text for text, _ in self.lines),
            line_times=tuple(at for _, at in self.lines),
            late_lines=tuple(self.late[:LINES]),
        )


@dataclass(slots=True)
class _Stream:
    """One execution environment while its events are followed."""

    name: str
    inits: list[InitRecord] = field(default_factory=list)
    launches: list[LaunchError] = field(default_factory=list)
    invocations: list[Invocation] = field(default_factory=list)
    errors: list[ErrorText] = field(default_factory=list)
    open: dict[str, _Open] = field(default_factory=dict)
    current: _Open | None = None
    between: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=LINES))
    """Lines outside invocations, and whether a runtime client's prefix shows them to be the function's own."""
    initializing: bool = True
    """The lines that come now are those of an init: at the beginning, and after a process that ended."""
    extension: bool = False
    """An external extension runs, which writes between invocations by design."""
    init_done: tuple[l.Init, dt.datetime | None] | None = None
    fault: tuple[_Open | None, l.Fault, dt.datetime | None] | None = None
    seen: set[str] = field(default_factory=set)

    def feed(self, event: LogEvent) -> None:
        record = l.read(event.message)
        if self.fault is not None and not isinstance(record, l.Noise):
            self._finish_fault(record.error_type if isinstance(record, l.TypeAlone) else None)
            if isinstance(record, l.TypeAlone):
                return
        match record:
            case l.Start():
                self._start(record, event.at)
            case l.End():
                self._end(record, event.at)
            case l.Done():
                self._done(record, event.at)
            case l.InitStart():
                self._restart()
            case l.Init():
                self._init(record, event.at)
            case l.Launch():
                self._launch(record, event.at)
            case l.Fault():
                self._fault(record, event.at)
            case l.Extension():
                self._extension(record, event.at)
            case l.Line():
                self._line(record, event)
            case l.TypeAlone():
                self._error(event.at, record.error_type, record.error_type, platform=True)

    def close(self) -> None:
        """Ends what is still open: an init whose report never came, invocations without an end."""
        self._finish_fault(None)
        self._settle_init()
        for unfinished in list(self.open.values()):
            self._settle(unfinished)

    def _start(self, record: l.Start, at: dt.datetime | None) -> None:
        self._settle_init()
        again = self.open.pop(record.request_id, None)
        if again is not None:
            self._build(again)
        if self.name:
            for unfinished in list(self.open.values()):
                self._settle(unfinished)
        begun = _Open(record.request_id, record.version, at)
        if not self.initializing:
            begun.late += [text for text, own in self.between if own or not self.extension]
        else:
            begun.before = tuple(text for text, _ in self.between)
        self.between.clear()
        self.initializing = False
        self.open[record.request_id] = self.current = begun
        self.seen.add(record.request_id)

    def _end(self, record: l.End, at: dt.datetime | None) -> None:
        ending = self.open.get(record.request_id)
        if ending is not None:
            ending.end, ending.ended = at, True
            if self.current is ending:
                self.current = next((o for o in reversed(self.open.values()) if not o.ended), None)

    def _done(self, record: l.Done, at: dt.datetime | None) -> None:
        self._settle_init()
        which = self.open.get(record.request_id)
        if which is None:
            which = self.open[record.request_id] = _Open(record.request_id, "", None, ended=True)
        if record.status in ("error", "timeout"):
            self._error(at, record.error_type, record.text, platform=True)
        if which.done is None or record.final:
            before = which.done
            which.done = record
            if before is not None and record.status is None:
                which.status, which.error_type = before.status, before.error_type or which.error_type
        which.end = which.end or at
        if record.final:
            self._settle(which)
        else:
            which.ended = True
            self.current = None if self.current is which else self.current

    def _settle(self, which: _Open) -> None:
        self.open.pop(which.request_id, None)
        self._build(which)

    def _build(self, which: _Open) -> None:
        if self.current is which:
            self.current = None
        built = which.build(self.name)
        self.invocations.append(built)
        if built.status == "timeout" or (built.status == "error" and _ended_process(built.error_type)):
            self._restart()
            said = (*which.before, *built.lines)[-QUOTED:]
            if said and built.status == "error":
                self._error(built.end or built.start, None, "\n".join(said), platform=False)

    def _restart(self) -> None:
        self.between.clear()
        self.initializing = True

    def _init(self, record: l.Init, at: dt.datetime | None) -> None:
        if not record.final:
            self._settle_init()
            self.init_done = (record, at)
            return
        told, self.init_done = self.init_done[0] if self.init_done else None, None
        status = record.status if record.status != "success" or told is None else told.status
        kind = record.error_type or (told.error_type if told else None)
        self._add_init(at, record, status, kind)

    def _settle_init(self) -> None:
        """An init whose report did not follow its end counts by its end alone."""
        told, self.init_done = self.init_done, None
        if told is not None:
            self._add_init(told[1], told[0], told[0].status, told[0].error_type)

    def _add_init(self, at: dt.datetime | None, record: l.Init, status: str, kind: str | None) -> None:
        lines = tuple(text for text, _ in self.between)
        self.inits.append(InitRecord(at, self.name, record.duration_ms, record.phase, status, kind, lines))
        if status != "success":
            self._error(at, kind, record.text, platform=True)
            if lines:
                self._error(at, None, "\n".join(lines[-QUOTED:]), platform=False)
        self._restart()

    def _launch(self, record: l.Launch, at: dt.datetime | None) -> None:
        self.launches.append(
            LaunchError(at, self.name, record.error, record.entrypoint, record.command, record.workdir)
        )
        self._restart()

    def _fault(self, record: l.Fault, at: dt.datetime | None) -> None:
        which = self.open.get(record.request_id)
        if record.error_type is None:
            self.fault = (which, record, at)
            return
        self._apply_fault(which, record, record.error_type, at)

    def _finish_fault(self, kind: str | None) -> None:
        if self.fault is not None:
            (which, record, at), self.fault = self.fault, None
            self._apply_fault(which, record, kind, at)

    def _apply_fault(self, which: _Open | None, record: l.Fault, kind: str | None, at: dt.datetime | None) -> None:
        self._error(at, kind, record.message, platform=True)
        if which is not None:
            which.error, which.status = record.message[:TEXT], record.status
            which.error_type = kind or which.error_type or "Runtime.Unknown"

    def _extension(self, record: l.Extension, at: dt.datetime | None) -> None:
        self.extension = True
        if record.error_type or record.state.endswith(("Error", "Crash", "Failed")):
            self._error(at, f"Extension.{record.state}", record.text, platform=True)

    def _line(self, line: l.Line, event: LogEvent) -> None:
        text = line.text[:TEXT]
        which = self.open.get(line.request_id or "") or self.current
        if which is None or which.ended:
            self.between.append((text, line.at is not None or line.request_id is not None))
        else:
            which.lines.append((text, event.at))
            if self._late(line, which):
                which.late.append(text)
            if line.client and line.error_type:
                which.said_type, which.said = line.error_type, (line.error or "")[:TEXT]
        if line.is_error or _LOOKS_LIKE_ERROR.search(text):
            platform = line.client and bool(l.PLATFORM_TYPE.fullmatch(line.error_type or ""))
            said = f"{line.error_type}: {line.error or ''}\n{text}" if line.client else text
            self._error(event.at, line.error_type, said if line.client else line.error or text, platform=platform)

    def _late(self, line: l.Line, which: _Open) -> bool:
        if line.request_id and line.request_id != which.request_id:
            return line.request_id in self.seen
        if line.at is None or which.start is None:
            return False
        return line.at < which.start - (EARLY if line.exact else EARLY_COARSE)

    def _error(self, at: dt.datetime | None, kind: str | None, message: str, *, platform: bool) -> None:
        self.errors.append(ErrorText(at, self.name, kind, message[:TEXT], platform))


def _ended_process(kind: str | None) -> bool:
    """Whether an error of this type ends the process, so that what comes next in the stream is a new init."""
    return bool(kind) and str(kind).startswith(("Runtime.", "Sandbox.", "Extension."))


_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def _at(what: InitRecord | LaunchError | ErrorText) -> dt.datetime:
    return what.at or _EPOCH


def _begun(invocation: Invocation) -> dt.datetime:
    return invocation.start or invocation.end or _EPOCH
