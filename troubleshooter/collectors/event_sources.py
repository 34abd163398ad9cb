"""Who is to call the function: event source mappings and the resource policy. Read only where the question arises."""

from __future__ import annotations

from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.lambda_records import NOT_DEPLOYED, every, policy_statements
from troubleshooter.facts import Cost, Reason, Unavailable, provides
from troubleshooter.facts.account import UrlPolicies
from troubleshooter.facts.callers import EventSource, EventSources, FunctionPolicy, RefusedCaller
from troubleshooter.facts.fronts import FrontQuestion
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import LogEvents
from troubleshooter.facts.metrics import Metrics
from troubleshooter.model import Role, Subject


@provides(cost=Cost.CALL, asks=("lambda:ListEventSourceMappings",))
def list_sources(
    given: GivenFunction, subject: Subject, log: LogEvents, metrics: Metrics, aws: Aws
) -> EventSources | Unavailable:
    """`lambda:ListEventSourceMappings`, where neither log nor metrics know of a call since the last change."""
    if subject.role is not Role.DEPLOYED:
        return NOT_DEPLOYED
    if log.events or metrics.calls:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is called")
    answer, sources, _ = every(given, aws, "ListEventSourceMappings", "EventSourceMappings", source_of)
    return EventSources(reading=answer.reading(), sources=tuple(sources))


def source_of(data: dict[str, Any]) -> EventSource:
    """One mapping as the API writes it."""
    return EventSource(
        id=str(data["UUID"]),
        source=str(data.get("EventSourceArn") or ""),
        state=str(data.get("State") or ""),
        result=str(data.get("LastProcessingResult") or ""),
        reason=str(data.get("StateTransitionReason") or ""),
    )


@provides(cost=Cost.CALL, asks=("lambda:GetPolicy",))
def get_policy(
    given: GivenFunction,
    subject: Subject,
    function: FunctionRecord,
    refused: RefusedCaller | Unavailable,
    fronts: FrontQuestion | Unavailable,
    urls: UrlPolicies | Unavailable,
    aws: Aws,
) -> FunctionPolicy | Unavailable:
    """`lambda:GetPolicy`, where a text says that a service may not call, or the API in front of the function is looked for.

    What was read for a URL is not read again.
    """
    if subject.role is not Role.DEPLOYED:
        return NOT_DEPLOYED
    if isinstance(refused, Unavailable) and isinstance(fronts, Unavailable):
        return refused
    known = [p for p in urls.policies if p.url.qualifier == given.qualifier] if isinstance(urls, UrlPolicies) else []
    if known and isinstance(urls, UrlPolicies):
        return FunctionPolicy(reading=urls.reading, statements=known[0].statements)
    asked = {"FunctionName": given.call_name}
    if given.qualifier is not None:
        asked["Qualifier"] = given.qualifier
    answer = aws.call(
        "lambda",
        "GetPolicy",
        resource=function.arn or given.name,
        required=("Policy",),
        absent=("ResourceNotFoundException",),
        **asked,
    )
    return FunctionPolicy(reading=answer.reading(), statements=None if answer.absent else policy_statements(answer))
