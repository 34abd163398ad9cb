"""The key that encrypts a function's environment. Read only where something speaks of trouble with a key."""

from __future__ import annotations

from troubleshooter.collectors.aws import Aws
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.keys import KeyRecord, KeyTrouble
from troubleshooter.model import Role, Subject


@provides(cost=Cost.CALL, asks=("kms:DescribeKey",))
def describe_key(function: FunctionRecord, trouble: KeyTrouble, subject: Subject, aws: Aws) -> KeyRecord | Unavailable:
    """`kms:DescribeKey`. That there is no such key is a value."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "what is only proposed encrypts nothing yet")
    if not function.key:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function's environment has no key of its own")
    region = function.key.split(":")[3] if function.key.count(":") >= 5 else None
    answer = aws.call(
        "kms",
        "DescribeKey",
        resource=function.key,
        required=("KeyMetadata",),
        absent=("NotFoundException",),
        region=region or None,
        KeyId=function.key,
    )
    if answer.absent:
        return KeyRecord(reading=answer.reading(), arn=function.key, state=None)
    state = answer.data["KeyMetadata"].get("KeyState") if isinstance(answer.data["KeyMetadata"], dict) else None
    if not isinstance(state, str):
        raise SourceError(Unavailable(Reason.MALFORMED, "kms:DescribeKey gave a key without a state"))
    return KeyRecord(reading=answer.reading(), arn=function.key, state=state)
