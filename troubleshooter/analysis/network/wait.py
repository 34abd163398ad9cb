"""What a function in a VPC waited for: connections that its log names, and attempts whose time was up. Pure.

Only time-outs of connecting count: whoever is refused, reset or slow to answer was reached. Names are resolved inside a VPC
without any way out, so a failed look-up tells nothing either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import InitRecord, Invocation, Timeline
from troubleshooter.facts.network import NetworkWait, Wait
from troubleshooter.model import Evidence, Origin
from troubleshooter.text import one_line

RECENT, TOLERATED = 20, 0.2
"""Invocations that speak of the present, and the share of them that may have waited while the newest did not."""
MOST = 10

_HOST = r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?)"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[Cc]onnect timeout on endpoint URL: \W?(?:https?://){_HOST}(?::(?P<port>\d+))?",
        rf"Could not connect to the endpoint URL: \W?(?:https?://){_HOST}(?::(?P<port>\d+))?",
        rf"Connection to {_HOST} timed out\. \(connect timeout",
        rf"connect ETIMEDOUT {_HOST}:(?P<port>\d+)",
        rf"connect ENETUNREACH {_HOST}:(?P<port>\d+)",
        rf"Connect Timeout Error \(attempted address(?:es)?: {_HOST}:(?P<port>\d+)",
        rf"dial tcp {_HOST}:(?P<port>\d+): (?:i/o timeout|connect: connection timed out)",
        rf"Connect to (?:https?://)?{_HOST}:(?P<port>\d+) .{{0,200}}failed: [Cc]onnect(?:ion)? timed out",
        rf"Failed to connect to {_HOST}(?::| port )(?P<port>\d+)[^\n]{{0,80}}(?:timed out|[Tt]imeout)",
    )
)


@provides()
def network_wait(
    function: FunctionRecord, timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> NetworkWait | Unavailable:
    """Nothing for functions outside of a VPC, and where neither time-outs nor lost connections are told of."""
    if not function.vpc_attached or not function.subnets:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is not attached to a VPC")
    if isinstance(timeline, Unavailable) and isinstance(text, Unavailable):
        return timeline
    found = _in_log(timeline) if isinstance(timeline, Timeline) else None
    if isinstance(text, GivenText):
        said = tuple(_waits(text, (text.text[:200_000],), Origin.PASTED))
        if said:
            before = found or NetworkWait(reading=text.reading)
            return replace(before, waits=(*before.waits, *said)[:MOST])
    return found or Unavailable(Reason.NOT_GIVEN, "nothing tells of a connection that was waited for")


def _in_log(timeline: Timeline) -> NetworkWait | None:
    recent = sorted(timeline.invocations, key=_begun)[-RECENT:]
    inits = [i for i in timeline.inits if i.status == "timeout" or (i.status == "error" and _named(timeline, i))]
    streams = {i.stream for i in inits}

    def held_up(invocation: Invocation) -> bool:
        by_init = invocation.status != "success" and invocation.stream in streams
        return by_init or _timed_out(invocation) or any(True for _ in _of(timeline, invocation))

    waited = [i for i in recent if held_up(i)]
    if recent:
        current = waited and (waited[-1] is recent[-1] or len(waited) / len(recent) > TOLERATED)
        if not current:
            return None
    elif not inits:
        return None
    last = waited[-1] if waited else None
    during = [i for i in inits if last is None or i.stream == last.stream]
    lines = [w for i in during[-2:] for w in _waits(timeline, i.lines, timeline.of_application)]
    waits = [w for i in reversed(waited) for w in _of(timeline, i)]
    told = [_platform(timeline, f"INIT_REPORT phase {i.phase}, status {i.status}", "init") for i in during[-1:]]
    if last is not None and _timed_out(last):
        took = f" after {last.duration_ms:g} ms" if last.duration_ms is not None else ""
        told.append(_platform(timeline, f"{last.request_id}: timed out{took}", "invocation"))
    return NetworkWait(
        reading=timeline.reading,
        waits=tuple([*lines, *waits][:MOST]),
        timed_out=tuple(told),
        phase="init" if during else "invoke",
        raised=bool(during) and during[-1].status == "error",
        passed=bool(recent) and recent[-1].status == "success",
    )


def _timed_out(invocation: Invocation) -> bool:
    return invocation.status == "timeout" or invocation.error_type == "Sandbox.Timedout"


def _named(timeline: Timeline, init: InitRecord) -> bool:
    return any(True for _ in _waits(timeline, init.lines, Origin.APPLICATION_LOG))


def _of(timeline: Timeline, invocation: Invocation) -> Iterator[Wait]:
    yield from _waits(timeline, (invocation.error or "", *invocation.lines), timeline.of_application)


def _waits(fact: Fact, lines: Iterable[str], origin: Origin) -> Iterator[Wait]:
    for line in lines:
        for pattern in _PATTERNS:
            for match in pattern.finditer(line):
                port = match.groupdict().get("port")
                quote = one_line(match[0], 300)
                evidence = replace(fact.cite("waits", quote, label="connection that was not made"), origin=origin)
                yield Wait(match["host"].strip("[]"), int(port) if port else 443, evidence)


def _platform(timeline: Timeline, value: str, label: str) -> Evidence:
    cited = timeline.cite("events", value, label=label)
    return cited if cited.origin is Origin.PASTED else replace(cited, origin=Origin.PLATFORM_LOG)


def _begun(invocation: Invocation) -> float:
    at = invocation.start or invocation.end
    return at.timestamp() if at else 0.0
