"""CloudWatch's numbers of a function: `cloudwatch:GetMetricData`, one call for all of them.

Asked only where the log leaves something to ask: it shows no call that went well, or someone complains.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction, GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.model import Role, Subject

OLDEST = dt.timedelta(days=14)
FINE_S, COARSE_S = 300, 3600
FINE_FOR = dt.timedelta(days=2)
_ASKED = {
    "invocations": ("Invocations", "Sum"),
    "errors": ("Errors", "Sum"),
    "throttles": ("Throttles", "Sum"),
    "duration": ("Duration", "Maximum"),
    "concurrency": ("ConcurrentExecutions", "Maximum"),
    "event_age": ("AsyncEventAge", "Maximum"),
    "dropped": ("AsyncEventsDropped", "Sum"),
}
"""Field of the fact → name and statistic of the metric."""


@provides(cost=Cost.CALL, asks=("cloudwatch:GetMetricData", "lambda:GetFunctionConcurrency"))
def read_metrics(
    given: GivenFunction,
    subject: Subject,
    function: FunctionRecord,
    timeline: Timeline | Unavailable,
    text: GivenText | Unavailable,
    aws: Aws,
) -> Metrics | Unavailable:
    """Everything since the last change, at most of the last 14 days; the reserved concurrency where calls were refused."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed was never called")
    if isinstance(timeline, Timeline) and isinstance(text, Unavailable) and _fine(timeline):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the log shows that the newest invocation went well")
    now = dt.datetime.now(dt.UTC)
    began = max(function.last_modified or now - OLDEST, now - OLDEST)
    period = FINE_S if now - began <= FINE_FOR else COARSE_S
    since = dt.datetime.fromtimestamp(-(-began.timestamp() // period) * period, dt.UTC)
    answer = aws.call(
        "cloudwatch",
        "GetMetricData",
        required=("MetricDataResults",),
        StartTime=min(since, now),
        EndTime=now + dt.timedelta(seconds=1),
        ScanBy="TimestampAscending",
        MetricDataQueries=[_query(field, given, period) for field in _ASKED],
    )
    empty = Metrics(reading=answer.reading(), since=since, period_s=period)
    found = replace(empty, **_points(answer))  # type: ignore[arg-type]
    return replace(found, reserved=_reserved(given, aws)) if found.throttled > found.calls else found


def _fine(timeline: Timeline) -> bool:
    newest = timeline.invocations[-1:]
    return bool(newest) and newest[0].status == "success"


def _query(field: str, given: GivenFunction, period: int) -> dict[str, Any]:
    name, statistic = _ASKED[field]
    dimensions = [{"Name": "FunctionName", "Value": given.name}]
    if given.qualifier:
        dimensions.append({"Name": "Resource", "Value": f"{given.name}:{given.qualifier}"})
    metric = {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions}
    return {"Id": field, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}


def _points(answer: Answer) -> dict[str, tuple[Point, ...]]:
    """Points by field of the fact. Raises SourceError for an answer that makes no sense."""
    try:
        return {str(r["Id"]): _series(r) for r in answer.data["MetricDataResults"] if r["Id"] in _ASKED}
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        detail = f"{answer.source} gave numbers that make no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error


def _series(result: Mapping[str, Any]) -> tuple[Point, ...]:
    pairs = zip(result.get("Timestamps") or (), result.get("Values") or (), strict=True)
    return tuple(sorted((Point(at.astimezone(dt.UTC), float(value)) for at, value in pairs), key=lambda p: p.at))


def _reserved(given: GivenFunction, aws: Aws) -> int | None:
    try:
        answer = aws.call("lambda", "GetFunctionConcurrency", resource=given.call_name, FunctionName=given.call_name)
    except SourceError:
        return None
    value = answer.data.get("ReservedConcurrentExecutions")
    return value if isinstance(value, int) else None
