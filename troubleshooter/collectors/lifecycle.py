"""A repository's lifecycle rules: `ecr:GetLifecyclePolicy`; and its images: `ecr:DescribeImages`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.ecr_records import stored_images
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.address import EcrAddress, ecr_address
from troubleshooter.facts.changes import Unchanged
from troubleshooter.facts.function import FunctionCode
from troubleshooter.facts.lifecycle import LifecycleRule, LifecycleRules, RepositoryImages
from troubleshooter.model import Origin

PAGES = 3
"""Of a thousand images each."""
FRESH = dt.timedelta(days=1)
"""The shortest time that a rule can name."""


@provides(cost=Cost.CALL, asks=("ecr:GetLifecyclePolicy",))
def lifecycle_rules(registry: RegistryRecord, code: FunctionCode, aws: Aws) -> LifecycleRules | Unavailable:
    """The rules, where the repository holds the image that runs and they may take it away: it lost its tag, or is older than
    the shortest time that a rule can name. What was just deployed is in no such danger, and most that fails was."""
    name = ecr_address(code.resolved_image_uri or code.image_uri or "")
    if name is None or registry.running is None or registry.running.status not in (None, "ACTIVE"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the repository holds no image that a rule could take away")
    pushed, now = registry.running.pushed_at, dt.datetime.fromisoformat(registry.reading.at)
    if registry.running.tags and pushed is not None and now - pushed < FRESH:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the image that runs was pushed within a day and has its tag")
    answer = aws.call(
        "ecr",
        "GetLifecyclePolicy",
        resource=name.arn,
        required=("lifecyclePolicyText",),
        absent=("LifecyclePolicyNotFoundException",),
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
    )
    if answer.absent:
        return LifecycleRules(reading=answer.reading(Origin.REGISTRY), repository=name.repository)
    at = answer.data.get("lastEvaluatedAt")
    return LifecycleRules(
        reading=answer.reading(Origin.REGISTRY),
        repository=name.repository,
        rules=_rules(answer),
        evaluated=at.astimezone(dt.UTC) if isinstance(at, dt.datetime) else None,
    )


@provides(cost=Cost.CALL, asks=("ecr:DescribeImages",))
def repository_images(
    code: FunctionCode, rules: LifecycleRules | Unavailable, unchanged: Unchanged | Unavailable, aws: Aws
) -> RepositoryImages | Unavailable:
    """Every image of the repository, where a rule counts them or someone misses a change in the newest."""
    name = ecr_address(code.resolved_image_uri or code.image_uri or "")
    counts = isinstance(rules, LifecycleRules) and any(r.count_type == "imageCountMoreThan" for r in rules.rules)
    if name is None or not (counts or isinstance(unchanged, Unchanged)):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no rule counts images, and nobody misses a change")
    images: list[StoredImage] = []
    more: dict[str, Any] = {}
    for _ in range(PAGES):
        answer = _page(name, aws, more)
        images += [image for _, image in stored_images(answer)]
        if not answer.data.get("nextToken"):
            return RepositoryImages(reading=answer.reading(Origin.REGISTRY), images=tuple(images))
        more = {"nextToken": answer.data["nextToken"]}
    return RepositoryImages(reading=answer.reading(Origin.REGISTRY), images=tuple(images), complete=False)


def _page(name: EcrAddress, aws: Aws, more: Mapping[str, Any]) -> Answer:
    return aws.call(
        "ecr",
        "DescribeImages",
        resource=name.arn,
        required=("imageDetails",),
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
        filter={"imageStatus": "ANY"},
        maxResults=1000,
        **more,
    )


def _rules(answer: Answer) -> tuple[LifecycleRule, ...]:
    """The policy's document taken apart. Raises SourceError for one that makes no sense."""
    try:
        found = json.loads(answer.data["lifecyclePolicyText"])["rules"]
        return tuple(_rule(each) for each in found)
    except (AttributeError, TypeError, KeyError, ValueError, RecursionError) as error:
        detail = f"{answer.source} gave rules that make no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error


def _rule(data: Mapping[str, Any]) -> LifecycleRule:
    selection, action = data["selection"], data["action"]
    return LifecycleRule(
        priority=int(data["rulePriority"]),
        description=str(data.get("description") or ""),
        tag_status=str(selection["tagStatus"]),
        prefixes=tuple(str(p) for p in selection.get("tagPrefixList") or ()),
        patterns=tuple(str(p) for p in selection.get("tagPatternList") or ()),
        count_type=str(selection["countType"]),
        count=int(selection["countNumber"]),
        unit=str(selection.get("countUnit") or "days"),
        action=str(action["type"]),
        storage=str(selection.get("storageClass") or "standard"),
    )
