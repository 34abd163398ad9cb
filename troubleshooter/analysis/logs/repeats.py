"""Attempts at the same event: one request id in several invocations, far enough apart to be Lambda's own retries."""

from __future__ import annotations

import datetime as dt

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.asynchronous import Repeats
from troubleshooter.facts.logs import Invocation, Timeline

APART = dt.timedelta(seconds=30)
"""The first retry comes after a minute. What is nearer is one attempt whose environment was started anew."""


@provides()
def repeats(timeline: Timeline) -> Repeats | Unavailable:
    """Groups the invocations of the present by request id."""
    by_id: dict[str, list[Invocation]] = {}
    for invocation in timeline.invocations:
        by_id.setdefault(invocation.request_id, []).append(invocation)
    found = [tuple(_attempts(each)) for each in by_id.values()]
    events = tuple(each for each in found if len(each) > 1)
    if not events:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the log shows no event that was tried twice")
    return Repeats(reading=timeline.reading, events=events)


def _attempts(invocations: list[Invocation]) -> list[Invocation]:
    kept: list[Invocation] = []
    for each in sorted((i for i in invocations if i.start is not None), key=_start):
        if kept and each.start and kept[-1].start and each.start - kept[-1].start < APART:
            kept[-1] = each
        else:
            kept.append(each)
    return kept


_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def _start(invocation: Invocation) -> dt.datetime:
    return invocation.start or _EPOCH
