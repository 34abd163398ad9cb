"""Whether anything is wrong with a function, and since when: only then its past is worth reading."""

from __future__ import annotations

import datetime as dt

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.changes import Trouble
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.model import Role, Subject

_HEALTHY = Unavailable(Reason.NOT_OF_THIS_KIND, "nothing shows that anything is failing")


@provides()
def trouble(
    subject: Subject,
    function: FunctionRecord,
    timeline: Timeline | Unavailable,
    metrics: Metrics | Unavailable,
    text: GivenText | Unavailable,
) -> Trouble | Unavailable:
    """From the record's state, the newest attempt in the log, the metrics, and whether someone complains."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has no past")
    since = _since(timeline, metrics)
    idle = function.state == "Inactive" and function.state_reason_code in (None, "Idle")
    if (function.state in ("Failed", "Inactive") and not idle) or function.update_status == "Failed":
        why = f"state {function.state}, last update {function.update_status}"
        return Trouble(reading=function.reading, why=why, since=since)
    if isinstance(timeline, Timeline) and _failing(timeline):
        return Trouble(reading=timeline.reading, why="the newest attempt in the log failed", since=since)
    if isinstance(metrics, Metrics) and (metrics.failing or metrics.blocked):
        return Trouble(reading=metrics.reading, why="CloudWatch counts failures", since=since)
    if isinstance(text, GivenText):
        return Trouble(reading=text.reading, why="someone complains", since=since)
    return _HEALTHY


def _failing(timeline: Timeline) -> bool:
    newest = timeline.invocations[-1] if timeline.invocations else None
    if newest is None:
        return bool(timeline.launch_errors) or any(i.status != "success" for i in timeline.inits)
    return newest.status in ("error", "timeout")


def _since(timeline: Timeline | Unavailable, metrics: Metrics | Unavailable) -> dt.datetime | None:
    times: list[dt.datetime] = []
    if isinstance(timeline, Timeline):
        times += [i.at for i in timeline.inits if i.status != "success" and i.at]
        times += [i.start for i in timeline.invocations if i.status in ("error", "timeout") and i.start]
        times += [e.at for e in timeline.launch_errors if e.at]
    if isinstance(metrics, Metrics) and metrics.failing_since is not None:
        times.append(metrics.failing_since)
    return min(times, default=None)
