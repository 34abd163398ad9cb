"""What CloudTrail is worth asking: it answers slowly, one attribute at a time, two questions a second. Pure.

Always of the function itself, whose events hold its code, configuration, aliases and policy. Of repository, execution role
and key only what the trouble is about. What is frequent by its nature (a key's and a role's use) is asked by the name of the
event, what is not by that of the resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.changes import TrailQuestion, TrailQuestions, Trouble
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenFunction, GivenText
from troubleshooter.facts.keys import KeyTrouble
from troubleshooter.facts.permissions import RoleQuestions

_ACCESS = re.compile(r"ImageAccessDenied|ECR permissions|access the (?:ECR|specified) image")
_IMMUTABLE = re.compile(r"ImageTagAlreadyExists|tag is immutable|repository is immutable", re.IGNORECASE)
_REPOSITORY = re.compile(r"\d{12}\.dkr[.-]ecr[^/]*/([^:@]+)")
_IAM = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""IAM's events are recorded in one region of the partition."""


@provides()
def trail_questions(
    trouble: Trouble,
    given: GivenFunction,
    function: FunctionRecord,
    code: FunctionCode | Unavailable,
    role: RoleQuestions | Unavailable,
    key: KeyTrouble | Unavailable,
    text: GivenText | Unavailable,
) -> TrailQuestions:
    """The function first, then what the trouble is about, then pushes to its image's repository."""
    asked = [TrailQuestion("ResourceName", given.name)]
    uri = (code.image_uri or code.resolved_image_uri or "") if isinstance(code, FunctionCode) else ""
    repository = _REPOSITORY.match(uri)
    if isinstance(role, RoleQuestions) and function.role:
        asked.append(_role(function.role))
    if isinstance(key, KeyTrouble) and function.key:
        name = function.key.rpartition("/")[2]
        asked += [
            TrailQuestion("EventName", each, name) for each in ("DisableKey", "ScheduleKeyDeletion", "PutKeyPolicy")
        ]
    if repository is not None:
        said = text.text[:100_000] if isinstance(text, GivenText) else ""
        asked += [TrailQuestion("EventName", each, repository[1]) for each in _repository(function, said)]
    return TrailQuestions(reading=trouble.reading, questions=tuple(asked))


def _role(arn: str) -> TrailQuestion:
    partition = arn.split(":")[1] if arn.count(":") >= 5 else "aws"
    name = arn.rpartition("/")[2]
    by_name = ("PutRolePolicy", "DetachRolePolicy", "DeleteRolePolicy")
    return TrailQuestion("ResourceName", name, name, _IAM.get(partition, "us-east-1"), by_name)


def _repository(function: FunctionRecord, text: str) -> Iterator[str]:
    """Names of events."""
    codes = (function.state_reason_code, function.update_reason_code)
    said = " ".join(r for r in (*codes, function.state_reason, function.update_reason, text) if r)
    if "ImageDeleted" in codes:
        yield from ("PolicyExecutionEvent", "BatchDeleteImage", "PutLifecyclePolicy")
    if _ACCESS.search(said):
        yield from ("SetRepositoryPolicy", "DeleteRepositoryPolicy")
    if _IMMUTABLE.search(text):
        yield "PutImageTagMutability"
    yield "PutImage"
