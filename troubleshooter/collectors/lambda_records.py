"""What Lambda says around a function: its URLs and the policies beside them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, TypeVar

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.account import (
    FunctionUrl,
    FunctionUrls,
    PolicyStatement,
    UrlPolicies,
    UrlPolicy,
)
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Role, Subject

T = TypeVar("T")
PAGES = 4
"""Pages that are read of any list."""
URLS = 5
"""URLs whose policies are read."""
NOT_DEPLOYED = Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has no record of what is only proposed")


@provides(cost=Cost.CALL, asks=("lambda:ListFunctionUrlConfigs",))
def list_urls(given: GivenFunction, subject: Subject, aws: Aws) -> FunctionUrls | Unavailable:
    """`lambda:ListFunctionUrlConfigs`: the URLs of the function and of its aliases."""
    if subject.role is not Role.DEPLOYED:
        return NOT_DEPLOYED
    answer, urls, _ = every(given, aws, "ListFunctionUrlConfigs", "FunctionUrlConfigs", _url)
    return FunctionUrls(reading=answer.reading(), urls=tuple(urls))


@provides(cost=Cost.CALL, asks=("lambda:GetPolicy",))
def get_policies(urls: FunctionUrls, given: GivenFunction, function: FunctionRecord, aws: Aws) -> UrlPolicies:
    """`lambda:GetPolicy` for each URL that asks for no authentication; no policy at all is a value."""
    policies, reading = [], urls.reading
    for url in [u for u in urls.urls if u.auth_type == "NONE"][:URLS]:
        asked = {"FunctionName": given.call_name}
        if url.qualifier is not None:
            asked["Qualifier"] = url.qualifier
        answer = aws.call(
            "lambda",
            "GetPolicy",
            resource=function.arn or given.name,
            required=("Policy",),
            absent=("ResourceNotFoundException",),
            **asked,
        )
        reading = answer.reading()
        statements = None if answer.absent else policy_statements(answer)
        policies.append(UrlPolicy(url, statements))
    return UrlPolicies(reading=reading, policies=tuple(policies))


def every(
    given: GivenFunction, aws: Aws, operation: str, key: str, read: Callable[[dict[str, Any]], T]
) -> tuple[Answer, list[T], bool]:
    """The first answer, the entries of at most `PAGES` pages, and whether those were all."""
    found: list[T] = []
    more: dict[str, Any] = {}
    first: Answer | None = None
    for _ in range(PAGES):
        answer = aws.call(
            "lambda",
            operation,
            resource=given.arn or f"arn:aws:lambda:{aws.region or '*'}:{given.account or '*'}:function:{given.name}",
            required=(key,),
            FunctionName=given.call_name,
            **more,
        )
        first = first or answer
        found += _parsed(answer, lambda data: [read(entry) for entry in data[key]])
        if not answer.data.get("NextMarker"):
            return first, found, True
        more = {"Marker": answer.data["NextMarker"]}
    assert first is not None  # noqa: S101
    return first, found, False


def _parsed(answer: Answer, read: Callable[[dict[str, Any]], T]) -> T:
    try:
        return read(answer.data)
    except (AttributeError, TypeError, KeyError, ValueError, RecursionError) as error:
        detail = f"{answer.source} gave an answer that makes no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error


def policy_statements(answer: Answer) -> tuple[PolicyStatement, ...]:
    """The statements of a `lambda:GetPolicy`."""
    return _parsed(answer, _statements)


def _url(data: dict[str, Any]) -> FunctionUrl:
    arn = str(data["FunctionArn"])
    parts = arn.split(":")
    return FunctionUrl(
        arn=arn,
        qualifier=parts[7] if len(parts) > 7 else None,
        auth_type=str(data["AuthType"]),
        invoke_mode=data.get("InvokeMode") or "BUFFERED",
        created=_time(data.get("CreationTime")),
    )


def _time(text: object) -> dt.datetime | None:
    """`2026-01-02T03:04:05.678+0000` as the API writes it."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if isinstance(text, str) else None
    except ValueError:
        return None


def _statements(data: dict[str, Any]) -> tuple[PolicyStatement, ...]:
    found = json.loads(data["Policy"]).get("Statement") or []
    return tuple(_statement(each) for each in (found if isinstance(found, list) else [found]))


def _statement(data: dict[str, Any]) -> PolicyStatement:
    who = data.get("Principal")
    principals = [p for value in who.values() for p in _list(value)] if isinstance(who, dict) else _list(who)
    conditions = [
        (str(operator), str(key), value)
        for operator, tests in (data.get("Condition") or {}).items()
        for key, values in tests.items()
        for value in _list(values)
    ]
    return PolicyStatement(
        effect=str(data["Effect"]),
        principals=tuple(principals),
        actions=tuple(_list(data.get("Action"))),
        conditions=tuple(conditions),
        negated=bool({"NotPrincipal", "NotAction", "NotResource"} & set(data)),
    )


def _list(value: object) -> list[str]:
    """One or many, as policies write them; booleans as JSON spells them."""
    if value is None:
        return []
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in (value if isinstance(value, list) else [value])]
