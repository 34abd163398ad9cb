"""CloudTrail's record of who changed a function and its image: `cloudtrail:LookupEvents`.

It answers slowly and lets two questions a second through, so that it is asked only where something is failing, a few
times, and within a deadline. What it does not answer in time is said to be missing.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.changes import Trail, TrailEvent, TrailQuestion, TrailQuestions, Trouble
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Role, Subject

BEFORE, OLDEST = dt.timedelta(days=7), dt.timedelta(days=89)
SECONDS, PAGE = 3.0, 50
PATIENCE_S = 3.0
"""Nothing but leads depends on it: whoever needs it goes on without."""
_VERSION = re.compile(r"20\d{6}(?:v\d+)?$")
_NAMES = re.compile(
    r"(?:Update|Create|Delete|Put|Add|Remove|Publish)(?:Function|Alias|Permission|Version|EventSourceMapping|ProvisionedConcurrency)\w*"
    r"|PutImage|BatchDeleteImage|PolicyExecutionEvent|(?:Set|Delete)RepositoryPolicy|(?:Put|Delete)LifecyclePolicy|PutImageTagMutability"
    r"|(?:Put|Delete|Attach|Detach)RolePolicy|UpdateAssumeRolePolicy|(?:Put|Delete)RolePermissionsBoundary|(?:Create|Delete)Role"
    r"|(?:Disable|Enable)Key|(?:Schedule|Cancel)KeyDeletion|PutKeyPolicy"
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


@provides(cost=Cost.CALL, asks=("cloudtrail:LookupEvents",), patience_s=PATIENCE_S)
def look_up_events(
    questions: TrailQuestions, trouble: Trouble, function: FunctionRecord, subject: Subject, aws: Aws
) -> Trail | Unavailable:
    """What `questions` ask for, within the deadline."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed has no past")
    now = dt.datetime.now(dt.UTC)
    begun = min(t for t in (trouble.since, function.last_modified, now) if t is not None)
    reader = _Reader(aws, {"StartTime": max(begun - BEFORE, now - OLDEST), "EndTime": now})
    for each in questions.questions:
        reader.ask(each)
    if reader.first is None:
        raise SourceError(reader.gap or Unavailable(Reason.UNREACHABLE, "cloudtrail:LookupEvents was not answered"))
    events = sorted(reader.events.values(), key=lambda e: e.at, reverse=True)
    return Trail(reading=reader.first.reading(), events=tuple(events), complete=reader.complete)


class _Reader:
    """Asks until the deadline. `first` is the first answer, `gap` why one failed."""

    def __init__(self, aws: Aws, window: Mapping[str, Any]) -> None:
        self._aws, self._window = aws, window
        self._end = time.monotonic() + SECONDS
        self.first: Answer | None = None
        self._gaps: dict[str | None, Unavailable] = {}
        """By region: what is refused in one may be answered in another."""
        self.complete = True
        self.events: dict[str, TrailEvent] = {}

    @property
    def gap(self) -> Unavailable | None:
        return next(iter(self._gaps.values()), None)

    def ask(self, question: TrailQuestion) -> None:
        """One question, and those by name where its page does not hold everything."""
        answer = self._answer(question)
        if answer is None:
            return
        for number, event in enumerate(answer.data["Events"]):
            read = _event(event) if isinstance(event, Mapping) else None
            if read is not None and _speaks_of(question.about, read):
                self.events.setdefault(str(event.get("EventId") or f"{question.value} {number}"), read)
        if answer.data.get("NextToken"):
            self.complete = False
            for name in question.else_by_name:
                self.ask(TrailQuestion("EventName", name, question.about, question.region))

    def _answer(self, question: TrailQuestion) -> Answer | None:
        if question.region in self._gaps or time.monotonic() > self._end:
            self.complete = False
            return None
        try:
            answer = self._aws.call(
                "cloudtrail",
                "LookupEvents",
                required=("Events",),
                region=question.region,
                LookupAttributes=[{"AttributeKey": question.key, "AttributeValue": question.value}],
                MaxResults=PAGE,
                **self._window,
            )
        except SourceError as error:
            self._gaps[question.region], self.complete = error.unavailable, False
            return None
        self.first = self.first or answer
        return answer


def _speaks_of(name: str, read: TrailEvent) -> bool:
    """Whether an event speaks of a repository, role or key; of the function where no name is asked for."""
    return not name or name in (read.resource, _last(read.resource))


def _last(resource: str) -> str:
    """`repository/team/app` → `team/app`; `role/path/name` and `key/id` → what stands behind the last slash."""
    before, found, rest = resource.partition("repository/")
    return rest if found else before.rpartition("/")[2]


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
        or parameters.get("keyId")
        or (resources[0].get("ResourceName") if resources else "")
    )
    return TrailEvent(
        at=at.astimezone(dt.UTC),
        name=name,
        by=str(who or event.get("Username") or "not told"),
        resource=str(where or ""),
        details=(*_shown(parameters), *_answered(detail)),
    )


def _answered(detail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which code or image came of it, as the service answered."""
    answer = detail.get("responseElements")
    if not isinstance(answer, Mapping):
        return
    if isinstance(answer.get("codeSha256"), str):
        yield "codeSha256", answer["codeSha256"][:100]
    image = answer.get("image")
    named = image.get("imageId") if isinstance(image, Mapping) else None
    if isinstance(named, Mapping) and isinstance(named.get("imageDigest"), str):
        yield "imageDigest", named["imageDigest"][:100]


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
