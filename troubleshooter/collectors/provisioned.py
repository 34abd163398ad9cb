"""Provisioned concurrency of a function's aliases and versions: `lambda:ListProvisionedConcurrencyConfigs`.

Asked only where the log tells of no attempt: Lambda itself then says whether the code can be made ready.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.lambda_records import NOT_DEPLOYED, every
from troubleshooter.facts import Cost, Reason, Unavailable, provides
from troubleshooter.facts.account import Aliases
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.provisioned import Provision, ProvisionedConcurrency
from troubleshooter.model import Role, Subject


@provides(cost=Cost.CALL, asks=("lambda:ListProvisionedConcurrencyConfigs",))
def list_provisions(
    given: GivenFunction, subject: Subject, timeline: Timeline | Unavailable, aliases: Aliases | Unavailable, aws: Aws
) -> ProvisionedConcurrency | Unavailable:
    """What is kept ready; only an alias or a version can have it."""
    if subject.role is not Role.DEPLOYED:
        return NOT_DEPLOYED
    if isinstance(timeline, Timeline) and (timeline.invocations or timeline.inits or timeline.launch_errors):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the log tells of an attempt to run the function")
    named = isinstance(aliases, Aliases) and aliases.aliases
    if not named and given.qualifier in (None, "$LATEST"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function has no alias that could be kept ready")
    first, found, _ = every(
        given, aws, "ListProvisionedConcurrencyConfigs", "ProvisionedConcurrencyConfigs", _provision
    )
    return ProvisionedConcurrency(reading=first.reading(), provisions=tuple(found))


def _provision(data: dict[str, Any]) -> Provision:
    arn = str(data["FunctionArn"]).split(":")
    return Provision(
        qualifier=arn[7] if len(arn) > 7 else "",
        status=str(data["Status"]),
        reason=str(data.get("StatusReason") or "")[:500],
        at=_time(data.get("LastModified")),
    )


def _time(text: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC) if isinstance(text, str) else None
    except ValueError:
        return None
