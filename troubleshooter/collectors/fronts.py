"""API Gateway in front of a function: REST APIs, and HTTP and WebSocket APIs.

The account's APIs are looked through within a budget, the likeliest first: an API may call with a role of its own, so that
the function's resource policy need not name it. Asked only where someone waits in front of the function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.callers import FunctionPolicy
from troubleshooter.facts.fronts import DEFAULT_MS, ApiFronts, FrontQuestion, Integration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Role, Subject

APIS = 12
"""APIs whose integrations are read, of each generation."""
_TARGET = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:(\d+):function:([\w-]+)(?::(\$?[\w-]+|\$\{[^}]*\}))?")
_SOURCE = re.compile(r"arn:aws[\w-]*:execute-api:[^:]*:[^:]*:([\w-]+)")
_ASKS = (
    "apigateway:GetRestApis",
    "apigateway:GetResources",
    "apigatewayv2:GetApis",
    "apigatewayv2:GetIntegrations",
)


@provides(cost=Cost.CALL, asks=_ASKS)
def read_fronts(
    question: FrontQuestion,
    function: FunctionRecord,
    subject: Subject,
    policy: FunctionPolicy | Unavailable,
    aws: Aws,
) -> ApiFronts | Unavailable:
    """The integrations of both generations with this function, because of `question`.

    One generation that may not be read does not hide the other.
    """
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has no callers")
    reader = _Reader(aws, function, _named(policy) if isinstance(policy, FunctionPolicy) else frozenset())
    found: list[Integration] = []
    gaps: list[Unavailable] = []
    for read in (reader.rest, reader.newer):
        try:
            found += read()
        except SourceError as error:
            gaps.append(error.unavailable)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            said = f"API Gateway gave an answer that makes no sense ({type(error).__name__})"
            gaps.append(Unavailable(Reason.MALFORMED, said))
    if gaps and not found:
        raise SourceError(gaps[0])
    assert reader.last is not None  # noqa: S101 - what raised nothing was answered
    return ApiFronts(
        reading=reader.last.reading(),
        integrations=tuple(found),
        complete=reader.complete and not gaps,
        unread=tuple(reader.unread),
    )


def _named(policy: FunctionPolicy) -> frozenset[str]:
    """Ids of the APIs that the function's policy lets in."""
    conditions = (value for s in policy.statements or () for _, _, value in s.conditions)
    return frozenset(found[1] for value in conditions if (found := _SOURCE.match(value)))


class _Reader:
    """Looks through the account's APIs. `last` is the last answer."""

    def __init__(self, aws: Aws, function: FunctionRecord, named: frozenset[str]) -> None:
        """`named`: ids of APIs that are read first."""
        self._aws, self._function, self._named = aws, function, named
        self._words = _words(function.name)
        self.last: Answer | None = None
        self.complete = True
        self.unread: list[str] = []

    def rest(self) -> list[Integration]:
        """Integrations of REST APIs."""
        found = []
        for api in self._some("apigateway", "GetRestApis", limit=500):
            resources = self._listed("apigateway", "GetResources", restApiId=api["id"], limit=500, embed=["methods"])
            found += [i for resource in resources for i in self._methods(api, resource)]
        return found

    def newer(self) -> list[Integration]:
        """Integrations of HTTP and WebSocket APIs."""
        found = []
        for api in self._some("apigatewayv2", "GetApis", MaxResults="500"):
            listed = self._listed("apigatewayv2", "GetIntegrations", ApiId=api["ApiId"], MaxResults="500")
            found += [i for each in listed if (i := self._integration(api, each)) is not None]
        return found

    def _some(self, service: str, operation: str, **asked: Any) -> list[Mapping[str, Any]]:
        every = self._listed(service, operation, **asked)
        likely = sorted(every, key=self._distance)
        self.unread += [str(api.get("name") or api.get("Name") or "")[:100] for api in likely[APIS:]]
        self.complete = self.complete and len(every) <= APIS
        return likely[:APIS]

    def _distance(self, api: Mapping[str, Any]) -> tuple[bool, int]:
        """First those that the function's policy lets in, then those whose name has most words of the function's."""
        words = _words(str(api.get("name") or api.get("Name") or ""))
        return (api.get("id") or api.get("ApiId")) not in self._named, -len(words & self._words)

    def _listed(self, service: str, operation: str, **asked: Any) -> list[Mapping[str, Any]]:
        """One page of what an operation lists; what does not fit is said to be missing."""
        answer = self._aws.call(service, operation, resource=_resource(self._aws, service), **asked)
        self.last = answer
        items = answer.data.get("items" if service == "apigateway" else "Items") or []
        if answer.data.get("position") or answer.data.get("NextToken"):
            self.complete = False
        return [each for each in items if isinstance(each, Mapping)]

    def _methods(self, api: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterator[Integration]:
        for verb, method in (resource.get("resourceMethods") or {}).items():
            how = (method or {}).get("methodIntegration") or {}
            target = self._ours(how.get("uri"))
            if target is None:
                continue
            parameters = how.get("requestParameters") or {}
            yield Integration(
                kind="REST",
                api=str(api["id"]),
                name=str(api.get("name") or api["id"]),
                place=f"{verb} {resource.get('path') or '/'}",
                timeout_ms=int(how.get("timeoutInMillis") or DEFAULT_MS["REST"]),
                proxy=how.get("type") == "AWS_PROXY",
                asynchronous="'Event'" in (parameters.get("integration.request.header.X-Amz-Invocation-Type") or ""),
                streams=how.get("responseTransferMode") == "STREAM",
                qualifier=target,
                resource=str(resource.get("id") or ""),
                method=str(verb),
                own_role=bool(how.get("credentials")),
            )

    def _integration(self, api: Mapping[str, Any], each: Mapping[str, Any]) -> Integration | None:
        target = self._ours(each.get("IntegrationUri"))
        if target is None:
            return None
        kind = str(api.get("ProtocolType") or "HTTP")
        return Integration(
            kind=kind,
            api=str(api["ApiId"]),
            name=str(api.get("Name") or api["ApiId"]),
            place=f"integration {each.get('IntegrationId') or ''}".strip(),
            timeout_ms=int(each.get("TimeoutInMillis") or DEFAULT_MS.get(kind, DEFAULT_MS["HTTP"])),
            proxy=each.get("IntegrationType") == "AWS_PROXY",
            qualifier=target,
            own_role=bool(each.get("CredentialsArn")),
        )

    def _ours(self, uri: object) -> str | None:
        """The qualifier that an integration's address calls, empty for none; None where it is another function."""
        found = _TARGET.search(uri) if isinstance(uri, str) else None
        if found is None or found[2] != self._function.name:
            return None
        if self._function.account and found[1] != self._function.account:
            return None
        return found[3] or ""


def _words(name: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[^a-z0-9]+", name.lower()) if word)


def _resource(aws: Aws, service: str) -> str:
    return f"arn:aws:apigateway:{aws.region or '*'}::/{'apis' if service == 'apigatewayv2' else 'restapis'}"
