"""What the runtime client wrote about a failure: it corroborates what the files prove, and proves nothing itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.checks import beside
from troubleshooter.facts import Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Evidence, Origin
from troubleshooter.text import one_line

_REPORT = re.compile(r'REPORT |INIT_REPORT |\{"time":"[^"]*","type":"platform\.')
"""The platform's account of an end, which names the type of error and none of its words."""


def said(timeline: Timeline | Unavailable, pattern: str) -> tuple[Evidence, ...]:
    """The newest error of the present that matches, as evidence; empty where none does."""
    if isinstance(timeline, Unavailable):
        return ()
    wanted = re.compile(pattern)
    for text, platform in _errors(timeline):
        if wanted.search(text):
            cited = timeline.cite("errors", one_line(text, 200), label="error in the log")
            pasted = cited.origin is Origin.PASTED
            return beside(cited if pasted or not platform else replace(cited, origin=Origin.PLATFORM_LOG))
    return ()


def _errors(timeline: Timeline) -> Iterator[tuple[str, bool]]:
    """Messages, newest first, with whether the platform or its client wrote them."""
    told = [(e.message, e.platform) for e in reversed(timeline.errors)]
    yield from (each for each in told if not _REPORT.match(each[0]))
    yield from (each for each in told if _REPORT.match(each[0]))
    for invocation in reversed(timeline.invocations):
        if invocation.error:
            yield invocation.error, (invocation.error_type or "").startswith("Runtime.")
