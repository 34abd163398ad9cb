"""What calls a function by an alias that is left behind: URLs, event source mappings, what the alias's policy lets in, and the
integrations of API Gateway as far as they were read. Asked for such aliases alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.event_sources import source_of
from troubleshooter.collectors.lambda_records import every, policy_statements
from troubleshooter.facts import Cost, SourceError, Unavailable, provides
from troubleshooter.facts.account import FunctionUrls, PolicyStatement, UrlPolicies
from troubleshooter.facts.callers import BoundTriggers, LeftBehind, Trigger
from troubleshooter.facts.fronts import ApiFronts
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Evidence, Origin

ALIASES = 2
"""Aliases whose mappings and policies are read."""


@provides(cost=Cost.CALL, asks=("lambda:ListEventSourceMappings", "lambda:GetPolicy"))
def bound_triggers(
    behind: LeftBehind,
    given: GivenFunction,
    urls: FunctionUrls | Unavailable,
    policies: UrlPolicies | Unavailable,
    fronts: ApiFronts | Unavailable,
    aws: Aws,
) -> BoundTriggers:
    """A policy that was read for a URL is not read again."""
    names = [alias.name for alias in behind.aliases]
    found = [*_urls(urls, names), *_fronts(fronts, names)]
    gaps: list[str] = []
    for name in names[:ALIASES]:
        for read in (_mappings, _let_in):
            try:
                found += read(given, name, policies, aws)
            except SourceError as error:
                gaps.append(error.unavailable.detail)
    gaps += [f"{len(names) - ALIASES} more aliases were not looked at"] if len(names) > ALIASES else []
    return BoundTriggers(reading=behind.reading, triggers=tuple(found), gaps=tuple(dict.fromkeys(gaps)))


def _urls(urls: FunctionUrls | Unavailable, names: list[str]) -> Iterator[Trigger]:
    for url in urls.urls if isinstance(urls, FunctionUrls) else ():
        if url.qualifier in names and isinstance(urls, FunctionUrls):
            cited = urls.cite("urls", url.arn, label="function URL of the alias")
            yield Trigger("function URL", url.arn, url.qualifier or "", cited)


def _fronts(fronts: ApiFronts | Unavailable, names: list[str]) -> Iterator[Trigger]:
    for each in fronts.integrations if isinstance(fronts, ApiFronts) else ():
        if each.qualifier in names and isinstance(fronts, ApiFronts):
            name = f"{each.name} ({each.api}), {each.place}"
            cited = fronts.cite("integrations", name, label="API that calls the alias")
            yield Trigger(f"{each.kind} API", name, each.qualifier or "", cited)


def _mappings(given: GivenFunction, name: str, _: UrlPolicies | Unavailable, aws: Aws) -> list[Trigger]:
    """Mappings of the alias that are switched on."""
    arn = f"{given.arn}:{name}" if given.arn else None
    asked = replace(given, name=f"{given.name}:{name}", arn=arn)
    answer, sources, _whole = every(asked, aws, "ListEventSourceMappings", "EventSourceMappings", source_of)
    on = [s for s in sources if s.state not in ("Disabled", "Disabling", "Deleting")]
    return [
        Trigger("event source mapping", s.source, name, _evidence("event source of the alias", s.source, answer))
        for s in on
    ]


def _let_in(given: GivenFunction, name: str, policies: UrlPolicies | Unavailable, aws: Aws) -> list[Trigger]:
    """Services and ARNs that the alias's own policy lets in: rules, buckets, topics, APIs."""
    known = [p for p in policies.policies if p.url.qualifier == name] if isinstance(policies, UrlPolicies) else []
    if known and isinstance(policies, UrlPolicies):
        cited = policies.cite("policies", name, label="policy of the alias")
        return [Trigger(*each, name, replace(cited, value=each[1])) for each in _callers(known[0].statements or ())]
    answer = aws.call(
        "lambda",
        "GetPolicy",
        resource=f"{given.arn or given.name}:{name}",
        required=("Policy",),
        absent=("ResourceNotFoundException",),
        FunctionName=given.call_name,
        Qualifier=name,
    )
    statements = () if answer.absent else policy_statements(answer)
    return [
        Trigger(*each, name, _evidence("caller that the alias's policy lets in", each[1], answer))
        for each in _callers(statements)
    ]


def _callers(statements: tuple[PolicyStatement, ...]) -> Iterator[tuple[str, str]]:
    """Service and source of each statement that lets a service in."""
    for statement in statements:
        services = [p for p in statement.principals if p.endswith(".amazonaws.com")]
        if statement.effect != "Allow" or statement.negated or not services:
            continue
        sources = [value for _, key, value in statement.conditions if key.lower() == "aws:sourcearn"]
        for source in sources or services:
            yield services[0].partition(".")[0], source


def _evidence(label: str, value: str, answer: Answer) -> Evidence:
    return Evidence(label, value, answer.source, answer.at, Origin.RECORD, answer.request_id)
