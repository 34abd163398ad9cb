"""Where does it stop? From record, timeline and pasted text to ladder, symptom and suspects. Pure.

Runs before any check. Each rung's state names its evidence; what no evidence shows stays unknown, also below a failed rung.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from troubleshooter import counted, suspects
from troubleshooter.checks import all_modes
from troubleshooter.facts import Fact, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import InitRecord, Invocation, Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.facts.provisioned import ProvisionedFailure
from troubleshooter.model import Evidence, Origin, Role, Rung, RungReport, RungState, Symptom
from troubleshooter.text import one_line

RECENT = 20
"""Invocations that decide whether a function is healthy now."""
TOLERATED = 0.2
"""Share of them that may fail at the platform's level while the newest succeed."""

_RUNG_OF_TYPE = {
    "Runtime.InvalidEntrypoint": Rung.SPAWN,
    "Runtime.InvalidWorkingDir": Rung.SPAWN,
    "Runtime.InvalidTaskConfig": Rung.SPAWN,
    "Runtime.ImportModuleError": Rung.HANDLER,
    "Runtime.HandlerNotFound": Rung.HANDLER,
    "Runtime.MalformedHandlerName": Rung.HANDLER,
    "Runtime.UserCodeSyntaxError": Rung.HANDLER,
    "Runtime.BuiltInModuleConflict": Rung.HANDLER,
    "Runtime.MalformedStreamingHandler": Rung.HANDLER,
    "Runtime.NodeJsExit": Rung.INVOKE,
    "Function.ResponseSizeTooLarge": Rung.RESPONSE,
    "Sandbox.Timedout": Rung.INVOKE,
}
"""Error types that say by themselves how far the launch got (see the failure modes' pages)."""
_IMPLIES_BELOW = frozenset({Rung.SPAWN, Rung.RUNTIME, Rung.HANDLER, Rung.INIT, Rung.INVOKE, Rung.RESPONSE})


@dataclass(frozen=True, slots=True)
class Triage:
    """What is known before any check runs."""

    ladder: tuple[RungReport, ...]
    symptom: Symptom


@dataclass(slots=True)
class _Ladder:
    """The ladder while it is put together."""

    states: dict[Rung, RungReport] = field(default_factory=dict)

    def mark(self, rung: Rung, state: RungState, *evidence: Evidence) -> None:
        """States are only ever set once: the first and newest evidence stands."""
        self.states.setdefault(rung, RungReport(rung, state, evidence))

    def passed_below(self, rung: Rung, *evidence: Evidence) -> None:
        for each in Rung:
            if each.height < rung.height:
                self.mark(each, RungState.PASSED, *evidence)

    def reports(self) -> tuple[RungReport, ...]:
        return tuple(self.states.get(rung, RungReport(rung, RungState.UNKNOWN)) for rung in Rung)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest thing that happened, reduced to where it stopped. `rung` None: it went well."""

    rung: Rung | None
    summary: str
    evidence: tuple[Evidence, ...]
    at: dt.datetime | None
    below_passed: bool
    """Whether stopping there shows that everything below was passed."""
    complained: bool = False
    """It went well for the platform, but the application logged an error: whether it did its work is open."""
    denied: bool = False
    """That error says that a permission is missing, so hardly all is well."""


def triage(
    role: Role,
    record: FunctionRecord | Unavailable,
    timeline: Timeline | Unavailable,
    text: GivenText | Unavailable,
    metrics: Metrics | Unavailable | None = None,
    provisioned: ProvisionedFailure | Unavailable | None = None,
) -> Triage:
    """Ladder and symptom of the newest attempt that the evidence shows.

    `metrics` tell how often it fails and since when, and stand in for a log that tells of no attempt, as `provisioned` does;
    None: not asked for.
    """
    numbers = metrics if isinstance(metrics, Metrics) else None
    ladder = _Ladder()
    texts = tuple(_texts(record, timeline, text))
    pasted = _pasted(text, deployed=role is Role.DEPLOYED)
    state = _state(record) if isinstance(record, FunctionRecord) and role is Role.DEPLOYED else None
    attempt = newest(timeline) if isinstance(timeline, Timeline) else None
    attempt = attempt or _failed_ahead(provisioned)
    if pasted is not None and state is not None and _same_cause(record, text):
        pasted = None  # the text tells of the state that the record itself is in, not of a newer attempt

    stopped = next((each for each in (pasted, state, attempt) if each is not None and each.rung is not None), None)
    if stopped is not None and stopped.rung is not None:
        newer = stopped is pasted and role is Role.DEPLOYED
        ladder.mark(stopped.rung, RungState.FAILED, *stopped.evidence)
        if not newer:  # the record speaks of the version before the one that was refused
            _record_shows(ladder, record, role)
        if stopped.below_passed:
            ladder.passed_below(stopped.rung, *stopped.evidence)
        evidence = (*stopped.evidence, *counted.how_often(numbers))
        since = _since(timeline, stopped, numbers)
        of = Role.ATTEMPTED if newer else role
        return Triage(ladder.reports(), Symptom(stopped.rung, of, stopped.summary, evidence, since=since, texts=texts))

    _record_shows(ladder, record, role)
    if attempt is not None:
        if not attempt.complained:
            ladder.mark(Rung.INVOKE, RungState.PASSED, *attempt.evidence)
        ladder.passed_below(Rung.INVOKE, *attempt.evidence)
    said = isinstance(text, GivenText)
    if attempt is None and numbers is not None and (numbers.calls or numbers.throttled):
        return _by_numbers(ladder, numbers, timeline, role, texts, said=said)
    healthy = attempt is not None and not said and not attempt.denied
    summary = counted.quiet(attempt.summary if attempt else None, said=said, timeline=timeline, record=record)
    evidence = attempt.evidence if attempt is not None else ()
    return Triage(
        ladder.reports(),
        Symptom(None, role, summary, (*evidence, *counted.how_often(numbers)), texts=texts, healthy=healthy),
    )


def _by_numbers(
    ladder: _Ladder,
    metrics: Metrics,
    timeline: Timeline | Unavailable,
    role: Role,
    texts: tuple[str, ...],
    *,
    said: bool,
) -> Triage:
    """What the metrics alone tell: that it fails, that nothing is let through, or that all goes well. Never why."""
    evidence = counted.how_often(metrics)
    if not (said or metrics.failing or metrics.blocked):
        ladder.mark(Rung.INVOKE, RungState.PASSED, *evidence)
        ladder.passed_below(Rung.INVOKE, *evidence)
    return Triage(ladder.reports(), replace(counted.symptom(metrics, timeline, role, said=said), texts=texts))


def refused(text: str) -> bool:
    """Whether a pasted text tells of a build or deployment that failed: then it is newer than what runs."""
    first = next(iter(suspects.rank([text])), None)
    mode = all_modes().get(first.cause) if first else None
    return mode is not None and mode.rung is not None and mode.rung.height <= Rung.DEPLOY.height


def failing_rung(result: Triage) -> Rung | None:
    """The lowest rung with evidence of failure."""
    return next((r.rung for r in result.ladder if r.state is RungState.FAILED), None)


def with_failure(ladder: Sequence[RungReport], rung: Rung, evidence: tuple[Evidence, ...]) -> tuple[RungReport, ...]:
    """The ladder after a proof: a rung that nothing showed passed is failed by it."""
    return tuple(
        replace(r, state=RungState.FAILED, evidence=evidence) if r.rung is rung and r.state is RungState.UNKNOWN else r
        for r in ladder
    )


def newest(timeline: Timeline) -> Attempt | None:
    """Where the newest attempt in the log stopped; None where the log shows none."""
    recent = sorted(timeline.invocations, key=_begun)[-RECENT:]
    last = recent[-1] if recent else None
    init = max(timeline.inits, key=_time, default=None)
    if init is not None and init.status in ("error", "timeout") and (last is None or _later(init, last)):
        return _failed_init(timeline, init)
    if last is None:
        return _launch_failure(timeline)
    broken = [i for i in recent if _stopped(timeline, i) is not None]
    if broken and (broken[-1] is last or len(broken) / len(recent) > TOLERATED):
        return _stopped(timeline, broken[-1])
    if last.status == "unknown":
        return None
    cited = _cite(timeline, f"REPORT {last.request_id}: {last.status}, {_ms(last.duration_ms)}", "newest invocation")
    if last.status == "success":
        summary = "the newest invocation succeeded"
        return Attempt(None, summary, (cited,), last.end, below_passed=True, **_complaints(last))
    return Attempt(Rung.INVOKE, _user_error(last), (cited,), last.end, below_passed=True)


def _complaints(invocation: Invocation) -> dict[str, bool]:
    errors = invocation.errors
    return {"complained": bool(errors), "denied": any("not authorized to perform" in line for line in errors)}


def _stopped(timeline: Timeline, invocation: Invocation) -> Attempt | None:
    """Where one invocation stopped at the platform's level; None where it went well, or only the user's code raised."""
    kind, text = invocation.error_type or "", invocation.error or ""
    init = _init_of(timeline, invocation)
    if invocation.status == "error" and init is not None and init.status == "error":
        return _failed_init(timeline, init)
    if invocation.status == "timeout" or kind == "Sandbox.Timedout" or "Task timed out" in text:
        if init is not None and init.status == "timeout":
            return _failed_init(timeline, init)
        cited = _cite(timeline, f"{invocation.request_id}: timed out", "invocation")
        started = any(i.init_ms or i.status == "success" for i in timeline.invocations)
        return Attempt(Rung.INVOKE, "the invocation timed out", (cited,), invocation.end, below_passed=started)
    if not kind.startswith(("Runtime.", "Function.", "Extension.", "Sandbox.")):
        return None
    if init is not None and init.status == "timeout":
        return _failed_init(timeline, init)
    rung = _RUNG_OF_TYPE.get(kind, Rung.INVOKE)
    cited = _cite(timeline, f"{kind}: {one_line(text, 200)}" if text else kind, "invocation error type")
    below = rung is not Rung.SPAWN or kind != "Runtime.ExitError"
    return Attempt(rung, f"the newest invocation ended with {kind}", (cited,), invocation.end, below_passed=below)


def _failed_init(timeline: Timeline, init: InitRecord) -> Attempt:
    kind = init.error_type or ""
    if init.status == "timeout" and not kind:
        rung = Rung.INIT
    elif kind == "Runtime.ExitError":
        rung = Rung.RUNTIME
    elif kind.startswith("Extension."):
        rung = Rung.SPAWN
    else:
        rung = _RUNG_OF_TYPE.get(kind, Rung.HANDLER)
    value = f"INIT_REPORT status {init.status}, {kind or 'no error type'}, {_ms(init.duration_ms)}"
    summary = f"init ended with {kind or init.status} after {_ms(init.duration_ms)}"
    # An init that ran out of time says nothing of whether the runtime client ever spoke.
    below = rung is not Rung.INIT
    evidence = (_cite(timeline, value, "newest init"), *_launch_lines(timeline))
    return Attempt(rung, summary, evidence, init.at, below_passed=below)


def _failed_ahead(failure: ProvisionedFailure | Unavailable | None) -> Attempt | None:
    """An environment that was to be ready before the first call and whose init failed; at which rung is not told."""
    if not isinstance(failure, ProvisionedFailure):
        return None
    summary = (
        f"init failed where provisioned concurrency of {failure.qualifier} was to be made ready ({failure.reason})"
    )
    cited = failure.cite("reason", label=f"provisioned concurrency of {failure.qualifier}")
    return Attempt(Rung.INIT, summary, (cited,), None, below_passed=False)


def _launch_failure(timeline: Timeline) -> Attempt | None:
    if not timeline.launch_errors:
        return None
    newest_error = timeline.launch_errors[-1]
    return Attempt(
        Rung.SPAWN,
        f"the process was not started: {one_line(newest_error.error, 120)}",
        tuple(_launch_lines(timeline)),
        newest_error.at,
        below_passed=True,
    )


def _launch_lines(timeline: Timeline) -> list[Evidence]:
    if not timeline.launch_errors:
        return []
    e = timeline.launch_errors[-1]
    value = f"{e.error}; Entrypoint: [{e.entrypoint}] Cmd: [{e.command}] WorkingDir: [{e.workdir}]"
    return [_cite(timeline, value, "platform's launch error")]


def _state(record: FunctionRecord) -> Attempt | None:
    """What AWS's own record says of readiness."""
    evidence = (record.cite("state"), record.cite("update_status"))
    if record.state == "Failed" or (record.state == "Inactive" and record.state_reason_code not in (None, "Idle")):
        cited = (*evidence, record.cite("state_reason_code"), record.cite("state_reason"))
        return Attempt(
            Rung.READY, f"the function's state is {record.state}", cited, record.last_modified, below_passed=True
        )
    if record.update_status in ("Failed", "InProgress"):
        cited = (*evidence, record.cite("update_reason_code"), record.cite("update_reason"))
        return Attempt(
            Rung.READY, f"the last update is {record.update_status}", cited, record.last_modified, below_passed=True
        )
    return None


def _record_shows(ladder: _Ladder, record: FunctionRecord | Unavailable, role: Role) -> None:
    if not isinstance(record, FunctionRecord) or role is not Role.DEPLOYED:
        return
    ladder.mark(Rung.BUILD, RungState.PASSED, record.cite("package_type"))
    ladder.mark(Rung.DEPLOY, RungState.PASSED, record.cite("arn"))
    if record.state == "Active" and record.update_status == "Successful":
        ladder.mark(Rung.READY, RungState.PASSED, record.cite("state"), record.cite("update_status"))


def _pasted(text: GivenText | Unavailable, *, deployed: bool) -> Attempt | None:
    """What pasted text says: its strongest suspect's rung. A text about building or deploying is newer than what runs."""
    if not isinstance(text, GivenText):
        return None
    only = suspects.rank([text.text])
    mode = all_modes().get(only[0].cause) if only else None
    if mode is None or mode.rung is None:
        return None
    if deployed and mode.rung.height > Rung.DEPLOY.height:
        return None
    cited = text.cite("text", one_line(text.text, 300), label="pasted text")
    return Attempt(mode.rung, f"the pasted text points at the {mode.rung} rung", (cited,), None, below_passed=False)


def _texts(
    record: FunctionRecord | Unavailable, timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> list[str]:
    """What signatures are matched against: pasted text, AWS's reasons, and the errors of the present."""
    texts = [text.text] if isinstance(text, GivenText) else []
    if isinstance(record, FunctionRecord):
        texts += [r for r in (record.state_reason, record.update_reason, record.state_reason_code) if r]
    if isinstance(timeline, Timeline):
        texts += [f"{e.error_type or ''}: {e.message}" for e in timeline.errors]
        texts += [f"IMAGE\tLaunch error: {e.error}\tEntrypoint: [{e.entrypoint}]" for e in timeline.launch_errors]
        texts += [_init_line(i) for i in timeline.inits if i.status != "success"]
        texts += [i.error for i in timeline.invocations if i.error]
    return texts


def _init_line(init: InitRecord) -> str:
    """An init that failed as the text format tells it, whichever format the log has."""
    took = f"INIT_REPORT Init Duration: {init.duration_ms} ms\t" if init.duration_ms is not None else ""
    kind = f"\tError Type: {init.error_type}" if init.error_type else ""
    return f"{took}Phase: {init.phase}\tStatus: {init.status}{kind}"


def _same_cause(record: FunctionRecord | Unavailable, text: GivenText | Unavailable) -> bool:
    """Whether the record's own reasons and the pasted text suggest the same failure mode first."""
    if not isinstance(record, FunctionRecord) or not isinstance(text, GivenText):
        return False
    reasons = suspects.rank([r for r in (record.state_reason, record.update_reason, record.state_reason_code) if r])
    said = suspects.rank([text.text])
    return bool(reasons and said) and reasons[0].cause == said[0].cause


def _since(timeline: Timeline | Unavailable, stopped: Attempt, metrics: Metrics | None) -> str | None:
    """The first failure that log or metrics show since the last change; the log may have been read in part only."""
    if not isinstance(timeline, Timeline) or stopped.at is None:
        return None
    failures = [i.at for i in timeline.inits if i.status != "success" and i.at]
    failures += [i.start for i in timeline.invocations if i.status not in ("success", "unknown") and i.start]
    if metrics is not None and metrics.failing_since is not None:
        failures.append(metrics.failing_since)
    return counted.stamp(min(failures, default=stopped.at))


def _init_of(timeline: Timeline, invocation: Invocation) -> InitRecord | None:
    """The init that this invocation waited for: the last one of its stream that began before it ended."""
    mine = [i for i in timeline.inits if i.stream == invocation.stream]
    if invocation.end is not None:
        mine = [i for i in mine if i.at is None or i.at <= invocation.end]
    earlier = [i for i in timeline.invocations if i.stream == invocation.stream and _begun(i) < _begun(invocation)]
    if earlier and any(i.status == "success" for i in earlier):
        return None
    return mine[-1] if mine else None


def _user_error(invocation: Invocation) -> str:
    kind = invocation.error_type or "an error"
    return f"the newest invocation failed in the function's own code with {kind}"


def _cite(timeline: Fact, value: str, label: str) -> Evidence:
    origin = timeline.reading.origin if timeline.reading.origin is Origin.PASTED else Origin.PLATFORM_LOG
    return replace(timeline.cite("events", value, label=label), origin=origin)


def _ms(value: float | None) -> str:
    return "unknown duration" if value is None else f"{value:g} ms"


_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def _time(init: InitRecord) -> dt.datetime:
    return init.at or _EPOCH


def _begun(invocation: Invocation) -> dt.datetime:
    return invocation.start or invocation.end or _EPOCH


def _later(init: InitRecord, invocation: Invocation) -> bool:
    return _time(init) > (invocation.end or invocation.start or _EPOCH)
