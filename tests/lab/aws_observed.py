"""What stands around a function of the stand-in account: CloudWatch's metrics, API Gateway, CloudTrail. Answered over real HTTP."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.lab.aws_wire import Request

if TYPE_CHECKING:
    from tests.lab.aws import Account

BIN_S = 300


def metrics(account: Account, *, newest: dt.datetime | None = None, **series: Sequence[float | None]) -> None:
    """Values of metrics by name, one for each five minutes, oldest first; the last bin holds `newest` (now)."""
    last = (newest or dt.datetime.now(dt.UTC)).timestamp() // BIN_S * BIN_S

    def answer(_: Account, request: Request) -> Mapping[str, Any]:
        asked = request.parameters
        results = [_result(query, series, last, asked) for query in asked["MetricDataQueries"]]
        return {"MetricDataResults": results, "Messages": []}

    account.answer("cloudwatch", "GetMetricData", answer)


def _result(
    query: Mapping[str, Any], series: Mapping[str, Sequence[float | None]], last: float, asked: Mapping[str, Any]
) -> dict[str, Any]:
    stat = query["MetricStat"]
    period, reduce = stat["Period"], sum if stat["Stat"] == "Sum" else max
    bins: dict[float, list[float]] = {}
    for age, value in enumerate(reversed(series.get(stat["Metric"]["MetricName"], ()))):
        at = last - BIN_S * age
        if value is not None and asked["StartTime"] <= at < asked["EndTime"]:
            bins.setdefault(at // period * period, []).append(value)
    pairs = sorted(bins.items(), reverse=asked.get("ScanBy") != "TimestampAscending")
    return {
        "Id": query["Id"],
        "Label": stat["Metric"]["MetricName"],
        "StatusCode": "Complete",
        "Timestamps": [dt.datetime.fromtimestamp(at, dt.UTC) for at, _ in pairs],
        "Values": [float(reduce(values)) for _, values in pairs],
    }


def trail(account: Account, *events: tuple[str, float, str, Mapping[str, Any]]) -> None:
    """CloudTrail: (name, hours ago, resource's name, the event's own document), looked up by name or resource."""
    now = dt.datetime.now(dt.UTC)
    recorded: list[dict[str, Any]] = [
        {
            "EventId": f"event-{number}",
            "EventName": name,
            "EventTime": now - dt.timedelta(hours=hours),
            "Username": "someone",
            "Resources": [{"ResourceName": resource}],
            "CloudTrailEvent": json.dumps(document),
        }
        for number, (name, hours, resource, document) in enumerate(events)
    ]

    def answer(_: Account, request: Request) -> Mapping[str, Any]:
        (asked,) = request.parameters["LookupAttributes"]
        start, end = request.parameters["StartTime"], request.parameters["EndTime"]
        found = [
            e
            for e in recorded
            if start <= e["EventTime"].timestamp() <= end
            and asked["AttributeValue"]
            == (e["EventName"] if asked["AttributeKey"] == "EventName" else e["Resources"][0]["ResourceName"])
        ]
        return {"Events": sorted(found, key=lambda e: e["EventTime"], reverse=True)}

    account.answer("cloudtrail", "LookupEvents", answer)


def apis(
    account: Account,
    *,
    rest: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]] | None = None,
    http: Mapping[str, tuple[str, str, Sequence[Mapping[str, Any]]]] | None = None,
) -> None:
    """API Gateway: REST APIs as id → (name, resources), the others as id → (name, protocol, integrations)."""
    older, newer = rest or {}, http or {}
    account.answer("apigateway", "GetRestApis", {"items": [{"id": i, "name": n} for i, (n, _) in older.items()]})
    account.answer("apigateway", "GetResources", lambda _, r: {"items": older[r.parameters["restApiId"]][1]})
    listed = [{"ApiId": i, "Name": n, "ProtocolType": p} for i, (n, p, _) in newer.items()]
    account.answer("apigatewayv2", "GetApis", {"Items": listed})
    account.answer("apigatewayv2", "GetIntegrations", lambda _, r: {"Items": newer[r.parameters["ApiId"]][2]})
