"""What becomes of asynchronous events that fail: `lambda:GetFunctionEventInvokeConfig`, asked where one was tried twice."""

from __future__ import annotations

from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import Cost, provides
from troubleshooter.facts.asynchronous import EventInvoke, Repeats
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction


@provides(cost=Cost.CALL, asks=("lambda:GetFunctionEventInvokeConfig",))
def event_invoke(repeats: Repeats, given: GivenFunction, function: FunctionRecord, aws: Aws) -> EventInvoke:
    """Number of retries and the destination, because of `repeats`; that nothing is configured is a value."""
    asked: dict[str, Any] = {"FunctionName": given.call_name}
    if given.qualifier is not None:
        asked["Qualifier"] = given.qualifier
    answer = aws.call(
        "lambda",
        "GetFunctionEventInvokeConfig",
        resource=function.arn or given.name,
        absent=("ResourceNotFoundException",),
        **asked,
    )
    if answer.absent:
        return EventInvoke(reading=answer.reading())
    retries = answer.data.get("MaximumRetryAttempts")
    destinations = answer.data.get("DestinationConfig") or {}
    target = (destinations.get("OnFailure") or {}).get("Destination")
    return EventInvoke(
        reading=answer.reading(),
        retries=retries if isinstance(retries, int) else 2,
        on_failure=str(target) if target else None,
        configured=True,
    )
