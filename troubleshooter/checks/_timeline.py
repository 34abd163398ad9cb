"""How the newest attempts of a function ended, as the platform's own lines tell it. What the application wrote proves nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace

from troubleshooter.checks import not_applicable, passed, unknown
from troubleshooter.facts.logs import InitRecord, Invocation, Timeline
from troubleshooter.model import Evidence, Origin, Rung, Unblock, Verdict
from troubleshooter.text import one_line

RECENT = 20
"""Invocations that decide whether a function is healthy now."""
TOLERATED = 0.2
"""Share of them that may fail in one way while the newest go well: a passing trouble, no finding."""
FULL = 0.95
"""Share of the memory from which on it counts as used up."""


def failing(timeline: Timeline, matches: Callable[[Invocation], bool]) -> Invocation | Verdict:
    """The newest invocation that ended so, if the newest did or more than a fifth of the recent ones; else the verdict."""
    recent = sorted(timeline.invocations, key=_begun)[-RECENT:]
    if not recent:
        return not_applicable("the log shows no invocation since the last change")
    found = [i for i in recent if matches(i)]
    if found and (found[-1] is recent[-1] or len(found) / len(recent) > TOLERATED):
        return found[-1]
    if recent[-1].status == "unknown":
        text = "the log does not show how the newest invocation ended"
        return unknown(text, unblock=Unblock("Ask again once the log has its REPORT line."))
    newest = report(timeline, recent[-1], "newest invocation")
    if recent[-1].status == "success":
        return passed("the newest invocation went well", newest)
    return passed("the newest invocation ended in another way", newest)


def exited(pattern: str) -> Callable[[Invocation], bool]:
    """Whether the process ended during an invocation, or the init it waited for, and the platform's words match."""
    wanted = re.compile(rf"(?:Error: )?Runtime exited (?:{pattern})", re.IGNORECASE)

    def matches(invocation: Invocation) -> bool:
        told = wanted.match((invocation.error or "").strip()) is not None
        return invocation.status == "error" and invocation.error_type in ("Runtime.ExitError", None) and told

    return matches


def timed_out(invocation: Invocation) -> bool:
    """Whether the platform ended it because the function's time was up."""
    return invocation.status == "timeout" or invocation.error_type == "Sandbox.Timedout"


def init_of(timeline: Timeline, invocation: Invocation) -> InitRecord | None:
    """The last init that this invocation waited for; None where its environment had served before, or none is told."""
    return next(reversed(inits_of(timeline, invocation)), None)


def inits_of(timeline: Timeline, invocation: Invocation) -> list[InitRecord]:
    """The inits of its environment until its end, oldest first; none after an invocation that went well there."""
    same = [i for i in timeline.invocations if i.stream == invocation.stream and _begun(i) < _begun(invocation)]
    if any(i.status == "success" for i in same):
        return []
    end = invocation.end
    return [i for i in timeline.inits if i.stream == invocation.stream and (not i.at or not end or i.at <= end)]


def rung(timeline: Timeline, invocation: Invocation, otherwise: Rung) -> Rung:
    """Where a process ended: before its client was ready where its init failed too, else `otherwise`."""
    init = init_of(timeline, invocation)
    return Rung.RUNTIME if init is not None and init.status == "error" else otherwise


def started(timeline: Timeline, invocation: Invocation) -> bool:
    """Whether the function's code had been loaded: this environment's init was told, or another's ended, or others did
    their work. A REPORT tells an Init Duration only of an init that ended; after a timeout it is done again untold."""
    if init_of(timeline, invocation) is not None:
        return any(i.status == "success" for i in inits_of(timeline, invocation)[-1:])
    return any(i.init_ms or i.status == "success" for i in timeline.invocations)


def memory_full(invocation: Invocation) -> bool | None:
    """Whether the memory was used up; None where the report does not tell."""
    if not invocation.memory_mb or invocation.max_memory_mb is None:
        return None
    return invocation.max_memory_mb >= FULL * invocation.memory_mb


def wrote(timeline: Timeline, invocation: Invocation, pattern: str) -> bool:
    """Whether the application wrote something that matches, in this invocation or the init before. Good for doubt only."""
    lines = [line for init in inits_of(timeline, invocation) for line in init.lines]
    return any(re.search(pattern, line, re.IGNORECASE) for line in (*lines, *invocation.lines))


def report(timeline: Timeline, invocation: Invocation, label: str = "invocation") -> Evidence:
    """The invocation's end as evidence."""
    parts = [f"{invocation.request_id}: {invocation.status}"]
    parts += [invocation.error_type] if invocation.error_type else []
    parts += [f"{invocation.duration_ms:g} ms"] if invocation.duration_ms is not None else []
    if invocation.max_memory_mb is not None and invocation.memory_mb:
        parts.append(f"{invocation.max_memory_mb} of {invocation.memory_mb} MB used")
    return said(timeline, "invocations", ", ".join(parts), label)


def fault(timeline: Timeline, invocation: Invocation) -> Evidence:
    """The platform's words about an invocation's failure as evidence."""
    return said(timeline, "invocations", one_line(invocation.error or "no words", 200), "platform's error")


def init_report(timeline: Timeline, init: InitRecord) -> Evidence:
    """An init's end as evidence."""
    took = "" if init.duration_ms is None else f", {init.duration_ms:g} ms"
    kind = f", {init.error_type}" if init.error_type else ""
    return said(timeline, "inits", f"phase {init.phase}, status {init.status}{kind}{took}", "INIT_REPORT")


def said(timeline: Timeline, field: str, value: str, label: str) -> Evidence:
    """A platform line as evidence. Pasted text stays pasted text: it proves nothing."""
    cited = timeline.cite(field, value, label=label)
    return cited if cited.origin is Origin.PASTED else replace(cited, origin=Origin.PLATFORM_LOG)


_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def _begun(invocation: Invocation) -> dt.datetime:
    return invocation.start or invocation.end or _EPOCH
