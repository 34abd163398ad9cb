"""Asynchronous events run again after failures.

What it looks for
    The same request id several times, work done two or three times, or events that vanish after all attempts failed.

Why it breaks
    Asynchronous invocations that fail are tried twice more, after one and two minutes. Work done before the failure is
    repeated; after the last attempt the event is gone unless a destination or dead-letter queue is set.

How it is told apart
    Duplicates under different request ids come from the source, not from retries. What makes the attempts fail is the
    cause proper.

Fix
    Make the handler idempotent, set an on-failure destination, and choose the number of attempts.

References
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.asynchronous import EventInvoke, Repeats
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"RequestId: ([0-9a-f-]{36}) Version[\s\S]{0,5000}START RequestId: \1", 3),
    signature(
        r"(?:processed|executed|invoked|sent|runs?) (?:twice|two times|three times|multiple times)"
        r"|duplicate (?:event|message|invocation)s?"
        r"|(?:invok|trigger)\w* (?:\w+ ){0,3}(?:twice|(?:[2-9]|two|three|multiple|several) times)",
        2,
    ),
    signature(r"MaximumRetryAttempts|dead[- ]letter|OnFailure", 1),
)
ASK = "Does the same request id appear in several START lines?"

_AGAIN = re.compile(
    r"\btwice\b|\bthrice\b|(?:two|three|several|multiple|many) times|duplicat|\brepeat|again and again|more than once"
    r"|\bstuck\b|\blost\b|never (?:arrive|finish|processed)|disappear|retr(?:y|ies|ied)",
    re.IGNORECASE,
)
_FAILED = ("error", "timeout")


@check(title="Failed events are not done again, nor lost", severity=Severity.WARNING, rung=Rung.COMPLETION, narrow=True)
def async_retry_duplicates(
    repeats: Repeats,
    invoke: EventInvoke | Unavailable,
    function: FunctionRecord,
    timeline: Timeline,
    text: GivenText | Unavailable,
) -> Verdict:
    """Reads attempts at the same event out of the log. Retries are how Lambda works: it takes a complaint, or events that
    are given up now and go nowhere, to make them a fault."""
    events = [each for each in repeats.events if each[0].status in _FAILED]
    if not events:
        return not_applicable("no event was tried again because it had failed")
    attempts = events[-1]
    shown = tuple(t.report(timeline, each, f"attempt {number}") for number, each in enumerate(attempts, 1))
    told = text if isinstance(text, GivenText) and _AGAIN.search(text.text) else None
    if isinstance(invoke, EventInvoke):
        lost = [each for each in events if _given_up(each, invoke) and _settings_are_its(each, function)]
        kept = invoke.on_failure or function.dead_letters
        if lost and kept is None and (told is not None or _still_failing(timeline)):
            where = invoke.cite("on_failure", label="destination of failed events")
            shown = tuple(t.report(timeline, each, f"attempt {n}") for n, each in enumerate(lost[-1], 1))
            queue = function.cite("dead_letters", label="dead-letter queue")
            message = f"an event failed in all {len(lost[-1])} attempts and is gone: there is no destination or dead-letter queue"
            return failed(message, *shown, where, queue, *_said(told), remediation=_keep(function))
    if told is not None:
        message = f"an event was done {len(attempts)} times, because its first attempt failed"
        return failed(message, *shown, *_said(told), remediation=_fix(function))
    ask = Unblock("Tell whether work was done twice, or an event was lost.")
    return unknown(
        "an event was tried again after it had failed, as Lambda does; whether that harms is not told",
        *shown,
        unblock=ask,
    )


def _given_up(attempts: tuple[Invocation, ...], invoke: EventInvoke) -> bool:
    return len(attempts) > invoke.retries and all(each.status in _FAILED for each in attempts)


def _settings_are_its(attempts: tuple[Invocation, ...], function: FunctionRecord) -> bool:
    """Whether the settings that were read are those of what was called: an alias has its own."""
    called = {each.version for each in attempts}
    return called == {function.version or "$LATEST"}


def _still_failing(timeline: Timeline) -> bool:
    return timeline.invocations[-1].status in _FAILED


def _said(told: GivenText | None) -> tuple[Evidence, ...]:
    return () if told is None else beside(told.cite("text", one_line(told.text, 200), label="what was told"))


def _fix(function: FunctionRecord) -> Remediation:
    text = (
        "What makes the attempts fail comes first. Make the handler safe to run twice with the same event (keep the id of "
        "what was done), and set an on-failure destination. The command ends the retries until then: an event whose only "
        "attempt fails is lost where there is no destination."
    )
    command = aws_lambda(function, "put-function-event-invoke-config", "--maximum-retry-attempts", "0")
    return Remediation(
        text, (command,), "Each request id has one START line, and failed events arrive at the destination."
    )


def _keep(function: FunctionRecord) -> Remediation:
    """Where events are lost, fewer attempts would only lose more of them."""
    text = (
        "What makes the attempts fail comes first. Set an on-failure destination (a queue or topic that the execution role may "
        "send to), so that events are kept that fail, and make the handler safe to run twice with the same event. The command "
        "shows what is set."
    )
    command = aws_lambda(function, "list-function-event-invoke-configs")
    return Remediation(text, (command,), "Events that fail arrive at the destination.")
