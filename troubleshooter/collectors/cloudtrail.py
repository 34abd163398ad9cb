"""CloudTrail's record of who changed a function and its image: `cloudtrail:LookupEvents`.

It answers slowly and lets two questions a second through, so that it is asked only where something is failing, at most
three times, and within a deadline. What it does not answer in time is said to be missing.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.ecr import ecr_name
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.changes import Trail, TrailEvent, Trouble
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.model import Role, Subject

BEFORE, OLDEST = dt.timedelta(days=7), dt.timedelta(days=89)
SECONDS, PAGE = 5.0, 50
_VERSION = re.compile(r"20\d{6}(?:v\d+)?$")
_NAMES = re.compile(
    r"(?:Update|Create|Delete|Put|Add|Remove|Publish)(?:Function|Alias|Permission|Version|EventSourceMapping|ProvisionedConcurrency)\w*"
    r"|PutImage|BatchDeleteImage|PolicyExecutionEvent|(?:Set|Delete)RepositoryPolicy|(?:Put|Delete)LifecyclePolicy|PutImageTagMutability"
    r"|(?:Put|Delete|Attach|Detach)RolePolicy|UpdateAssumeRolePolicy|(?:Put|Delete)RolePermissionsBoundary|(?:Create|Delete)Role"
)
_SHOWN = (
    "imageUri",
    "imageTag",
    "imageDigest",
    "timeout",
    "memorySize",
    "handler",
    "runtime",
    "architectures",
    "role",
    "functionVersion",
    "name",
    "reservedConcurrentExecutions",
    "policyName",
    "policyArn",
    "s3Key",
    "statementId",
    "principal",
)
"""Request parameters that say what was asked for and hold no secret. Policies and environments are none of them."""


@provides(cost=Cost.CALL, asks=("cloudtrail:LookupEvents",))
def look_up_events(
    trouble: Trouble,
    given: GivenFunction,
    function: FunctionRecord,
    code: FunctionCode | Unavailable,
    subject: Subject,
    aws: Aws,
) -> Trail | Unavailable:
    """Events of the function; for an image, pushes to its repository, and deletions where AWS says that it is gone."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has no past")
    repository = ecr_name(code.image_uri or code.resolved_image_uri or "") if isinstance(code, FunctionCode) else None
    now = dt.datetime.now(dt.UTC)
    begun = min(t for t in (trouble.since, function.last_modified, now) if t is not None)
    window = {"StartTime": max(begun - BEFORE, now - OLDEST), "EndTime": now}
    asked = [("ResourceName", given.name)]
    if repository is not None:
        asked.append(("EventName", "PutImage"))
        if "ImageDeleted" in (function.state_reason_code, function.update_reason_code):
            asked.append(("EventName", "PolicyExecutionEvent"))
    reader = _Reader(aws, window, repository.repository if repository else None)
    for key, value in asked:
        reader.ask(key, value)
    if reader.first is None:
        raise SourceError(reader.gap or Unavailable(Reason.UNREACHABLE, "cloudtrail:LookupEvents was not answered"))
    events = sorted(reader.events.values(), key=lambda e: e.at, reverse=True)
    return Trail(reading=reader.first.reading(), events=tuple(events), complete=reader.complete)


class _Reader:
    """Asks until the deadline. `first` is the first answer, `gap` why one failed."""

    def __init__(self, aws: Aws, window: Mapping[str, Any], repository: str | None) -> None:
        self._aws, self._window, self._repository = aws, window, repository
        self._end = time.monotonic() + SECONDS
        self.first: Answer | None = None
        self.gap: Unavailable | None = None
        self.complete = True
        self.events: dict[str, TrailEvent] = {}

    def ask(self, key: str, value: str) -> None:
        if self.gap is not None or time.monotonic() > self._end:
            self.complete = False
            return
        try:
            answer = self._aws.call(
                "cloudtrail",
                "LookupEvents",
                required=("Events",),
                LookupAttributes=[{"AttributeKey": key, "AttributeValue": value}],
                MaxResults=PAGE,
                **self._window,
            )
        except SourceError as error:
            self.gap, self.complete = error.unavailable, False
            return
        self.first = self.first or answer
        self.complete = self.complete and not answer.data.get("NextToken")
        for number, event in enumerate(answer.data["Events"]):
            read = _event(event) if isinstance(event, Mapping) else None
            if read is not None and (key == "ResourceName" or self._ours(event, read)):
                self.events.setdefault(str(event.get("EventId") or f"{key} {number}"), read)

    def _ours(self, event: Mapping[str, Any], read: TrailEvent) -> bool:
        """Whether an event that was looked up by its name speaks of the image's repository."""
        told = _parameters(event).get("repositoryName") or read.resource.rpartition("repository/")[2]
        return self._repository is not None and told == self._repository


def _event(event: Mapping[str, Any]) -> TrailEvent | None:
    """One event; None for one that changed nothing, was refused, or makes no sense."""
    at, name = event.get("EventTime"), _VERSION.sub("", str(event.get("EventName") or ""))
    detail = _detail(event)
    if not isinstance(at, dt.datetime) or not _NAMES.fullmatch(name) or detail.get("errorCode"):
        return None
    identity = detail.get("userIdentity")
    who = identity.get("arn") if isinstance(identity, Mapping) else None
    resources = [r for r in event.get("Resources") or [] if isinstance(r, Mapping)]
    parameters = _parameters(event)
    where = (
        parameters.get("repositoryName")
        or parameters.get("roleName")
        or (resources[0].get("ResourceName") if resources else "")
    )
    return TrailEvent(
        at=at.astimezone(dt.UTC),
        name=name,
        by=str(who or event.get("Username") or "not told"),
        resource=str(where or ""),
        details=tuple(_shown(parameters)),
    )


def _detail(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(event.get("CloudTrailEvent") or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _parameters(event: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _detail(event).get("requestParameters")
    return found if isinstance(found, Mapping) else {}


def _shown(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _SHOWN:
        value = parameters.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield name, str(value)[:200]
        elif isinstance(value, list) and all(isinstance(v, str) for v in value):
            yield name, ", ".join(value)[:200]
