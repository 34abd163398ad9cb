"""What has to be asked about the execution role: nothing, unless record, log, metrics or a pasted text speak of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.callers import EventSources
from troubleshooter.facts.function import Caller, FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import LogEvents, Timeline
from troubleshooter.facts.metrics import Metrics
from troubleshooter.facts.permissions import Denials, RoleQuestions
from troubleshooter.model import Unblock

MOST = 8
"""Actions that are asked about."""
ANY_STREAM = "any"
_SPEAKS_OF_THE_ROLE = re.compile(
    r"cannot be assumed|assume (?:the |your )?(?:function's? |execution )+role|KMS|NetworkInterface"
    r"|InsufficientRolePermissions|does(?: not|n't) have permission",
)

Question = tuple[str, str | None]


@provides()
def questions(
    function: FunctionRecord,
    denials: Denials | Unavailable,
    log: LogEvents | Unavailable,
    metrics: Metrics | Unavailable,
    timeline: Timeline | Unavailable,
    text: GivenText | Unavailable,
    sources: EventSources | Unavailable,
    caller: Caller | Unavailable,
) -> RoleQuestions | Unavailable:
    """Actions that were denied, and those that writing a log takes where nothing was logged although the function is called."""
    asked = [d.question for d in denials.own if d.role_decides] if isinstance(denials, Denials) else []
    silent = isinstance(metrics, Metrics) and metrics.calls > 0
    writing = list(writing_logs(function, log)) if silent and isinstance(log, LogEvents) else []
    speaks = function.environment_error or any(map(_SPEAKS_OF_THE_ROLE.search, _texts(function, timeline, text)))
    polls = list(polling(sources)) if isinstance(sources, EventSources) else []
    if not asked and not writing and not polls and not speaks:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nothing speaks of the execution role's permissions")
    owner = (function.role or "").split(":")[4:5]
    if isinstance(caller, Caller) and owner and owner != [caller.account]:
        # IAM finds roles by their name alone, in the account of who asks.
        said = f"the role lies in account {owner[0]}, and IAM was to be asked in account {caller.account}"
        return Unavailable(Reason.DENIED, said, Unblock(f"ask with credentials of account {owner[0]}"))
    every = tuple(dict.fromkeys([*asked[:MOST], *writing, *polls]))
    return RoleQuestions(reading=function.reading, questions=every, writing_logs=tuple(writing), polling=tuple(polls))


_POLLING = {
    "sqs": ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    "kinesis": ("kinesis:GetRecords", "kinesis:GetShardIterator"),
    "dynamodb": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"),
}
"""What Lambda does with the execution role to read a source."""


def polling(sources: EventSources) -> Iterator[Question]:
    """What the role needs to read the function's event sources."""
    for source in sources.sources[:MOST]:
        if source.state in ("Enabled", "Enabling", "Creating", "Updating"):
            for action in _POLLING.get(source.service, ()):
                yield action, source.source


def writing_logs(function: FunctionRecord, log: LogEvents) -> Iterator[Question]:
    """What the role needs to write to the group that the function logs to."""
    partition = (function.arn or "arn:aws").split(":")[1]
    group = f"arn:{partition}:logs:{function.region or '*'}:{function.account or '*'}:log-group:{log.group}"
    yield "logs:PutLogEvents", f"{group}:log-stream:{ANY_STREAM}"
    yield "logs:CreateLogStream", f"{group}:log-stream:{ANY_STREAM}"
    if not log.group_exists:
        yield "logs:CreateLogGroup", f"{group}:{ANY_STREAM}"


def _texts(function: FunctionRecord, timeline: Timeline | Unavailable, text: GivenText | Unavailable) -> Iterator[str]:
    yield from (r for r in (function.state_reason, function.update_reason, function.update_reason_code) if r)
    yield function.state_reason_code or ""
    if isinstance(text, GivenText):
        yield text.text[:100_000]
    if isinstance(timeline, Timeline):
        yield from (e.message for e in timeline.errors[-50:])
