"""Whether a text says that a service may not call the function, and which one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.callers import RefusedCaller
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin
from troubleshooter.text import one_line

_REFUSALS = (
    (
        "apigateway.amazonaws.com",
        re.compile(
            r"Invalid permissions on Lambda function|API Gateway does not have permission to (?:invoke|call)"
            r"|User: apigateway\.amazonaws\.com is not authorized to perform: lambda:InvokeFunction"
        ),
    ),
    (
        "s3.amazonaws.com",
        re.compile(
            r"Unable to validate the following destination configurations"
            r"|Not authorized to invoke function \[?arn:aws[\w-]*:lambda:|S3 does not have permission to invoke"
        ),
    ),
    (
        "events.amazonaws.com",
        re.compile(r"EventBridge does not have permission to (?:invoke|call)|User: events\.amazonaws\.com is not"),
    ),
    (
        "sns.amazonaws.com",
        re.compile(r"SNS does not have permission to (?:invoke|call)|User: sns\.amazonaws\.com is not"),
    ),
)


_OTHER_TARGETS = re.compile(r"arn:aws[\w-]*:s(?:qs|ns):|\bqueue|\btopic|\bSQS\b|\bSNS\b", re.IGNORECASE)


@provides()
def refused_caller(text: GivenText | Unavailable, timeline: Timeline | Unavailable) -> RefusedCaller | Unavailable:
    """The first such words."""
    for fact, said, origin in _texts(text, timeline):
        for service, pattern in _REFUSALS:
            match = pattern.search(said)
            if match and not (service.startswith("s3.") and _concerns_others(said, match)):
                quote = one_line(said[max(0, match.start() - 80) : match.end() + 160], 300)
                evidence = replace(fact.cite("text", quote, label="refused call"), origin=origin)
                return RefusedCaller(reading=fact.reading, service=service, evidence=evidence)
    return Unavailable(Reason.NOT_GIVEN, "no text says that a service may not call the function")


def _concerns_others(said: str, match: re.Match[str]) -> bool:
    """Whether the words around are about a queue or a topic, to which S3 refuses notifications in the same words."""
    around = said[max(0, match.start() - 400) : match.end() + 400]
    return _OTHER_TARGETS.search(around) is not None and "lambda" not in around.lower()


def _texts(text: GivenText | Unavailable, timeline: Timeline | Unavailable) -> Iterator[tuple[Fact, str, Origin]]:
    if isinstance(text, GivenText):
        yield text, text.text[:200_000], Origin.PASTED
    if isinstance(timeline, Timeline):
        origin = timeline.of_application
        for error in timeline.errors[-50:]:
            yield timeline, error.message, origin
