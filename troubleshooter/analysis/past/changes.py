"""What was changed before it began to fail: two versions and their images held against each other, and what CloudTrail
recorded.

A change near the first failure is a lead. That it came before does not make it the cause, and nothing here says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from troubleshooter.analysis.past.image import image_differences
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import Change, Changes, PublishedVersions, Trail, TrailEvent, Trouble
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord
from troubleshooter.facts.image import ImageConfig, PreviousImage

MOST = 40
_SAME = dt.timedelta(minutes=2)
"""A recorded call and the record's own time of change that are so near are the same change."""
_MEMBERS = {
    "architecture": "architecture",
    "package_type": "package type",
    "runtime": "runtime",
    "handler": "handler",
    "timeout_s": "timeout in seconds",
    "memory_mb": "memory in MB",
    "ephemeral_mb": "temporary storage in MB",
    "role": "execution role",
    "layers": "layers",
    "vpc_attached": "attached to a VPC",
    "log_group": "log group",
    "log_format": "log format",
}
_OVERRIDE = {
    "entrypoint": "ImageConfig EntryPoint",
    "command": "ImageConfig Command",
    "workdir": "ImageConfig WorkingDirectory",
}
_WORDS = {
    "UpdateFunctionCode": "code updated",
    "UpdateFunctionConfiguration": "configuration updated",
    "PublishVersion": "version published",
    "CreateFunction": "function created",
    "UpdateAlias": "alias moved",
    "PutFunctionConcurrency": "reserved concurrency set",
    "DeleteFunctionConcurrency": "reserved concurrency removed",
    "AddPermission": "permission added",
    "RemovePermission": "permission removed",
    "PutImage": "image pushed",
    "BatchDeleteImage": "images deleted",
    "PolicyExecutionEvent": "images removed by a lifecycle rule",
    "SetRepositoryPolicy": "repository policy set",
    "DeleteRepositoryPolicy": "repository policy deleted",
    "PutLifecyclePolicy": "lifecycle rules set",
    "DeleteLifecyclePolicy": "lifecycle rules deleted",
    "PutImageTagMutability": "the repository's tags made mutable or immutable",
    "PutRolePolicy": "inline policy of the role set",
    "DeleteRolePolicy": "inline policy of the role deleted",
    "AttachRolePolicy": "policy attached to the role",
    "DetachRolePolicy": "policy detached from the role",
    "UpdateAssumeRolePolicy": "who may assume the role was changed",
    "PutRolePermissionsBoundary": "permissions boundary of the role set",
    "DeleteRolePermissionsBoundary": "permissions boundary of the role removed",
    "DisableKey": "key disabled",
    "EnableKey": "key enabled",
    "ScheduleKeyDeletion": "key scheduled for deletion",
    "CancelKeyDeletion": "deletion of the key cancelled",
    "PutKeyPolicy": "key policy set",
}


@provides()
def changes(
    trouble: Trouble,
    function: FunctionRecord,
    published: PublishedVersions | Unavailable,
    trail: Trail | Unavailable,
    registry: RegistryRecord | Unavailable,
    image: ImageConfig | Unavailable,
    previous: PreviousImage | Unavailable,
) -> Changes:
    """Every change that is known, nearest to the first failure first: those before it, then those after."""
    found: list[Change] = []
    if isinstance(published, PublishedVersions):
        found += _against_version(function, published)
    events = trail.events if isinstance(trail, Trail) else ()
    if isinstance(trail, Trail):
        found += [_recorded(event, trail) for event in events]
    at = function.last_modified
    if at is not None and not any(abs(e.at - at) < _SAME for e in events if e.name.startswith("UpdateFunction")):
        found.append(Change(at, "the function's code or configuration was changed", function.reading.source))
    if isinstance(registry, RegistryRecord) and not any(e.name == "PutImage" for e in events):
        found += _pushed(registry)
    if isinstance(image, ImageConfig) and isinstance(previous, PreviousImage):
        found += _against_image(function, image, previous)
    whole = all(_whole(f) for f in (published, trail))
    shown = ranked(found, trouble.since)
    return Changes(reading=trouble.reading, changes=shown[:MOST], first_failure=trouble.since, complete=whole)


def _whole(fact: PublishedVersions | Trail | Unavailable) -> bool:
    """Whether nothing is missing: what does not arise for this function misses nothing."""
    return not fact.applies if isinstance(fact, Unavailable) else fact.complete


def ranked(found: Iterable[Change], failure: dt.datetime | None) -> tuple[Change, ...]:
    """Changes by their nearness to the first failure; those of one moment stay in order."""
    return tuple(sorted(found, key=lambda c: _distance(c.at, failure)))


def _against_image(function: FunctionRecord, image: ImageConfig, previous: PreviousImage) -> Iterator[Change]:
    if isinstance(previous.config, ImageConfig):
        source = f"{previous.config.reading.source}: {previous.how} → the image that runs"
        for what, old, new in image_differences(previous.config, image):
            yield Change(function.last_modified, what, source, old, new)


def _distance(at: dt.datetime | None, failure: dt.datetime | None) -> tuple[int, float]:
    """Changes before the first failure by nearness, then those after it; the newest first where no failure is dated."""
    if at is None:
        return 2, 0.0
    if failure is None:
        return 0, -at.timestamp()
    return (0, (failure - at).total_seconds()) if at <= failure else (1, (at - failure).total_seconds())


def _against_version(function: FunctionRecord, published: PublishedVersions) -> Iterator[Change]:
    """What differs from the newest version that was published before and is not the same."""
    before = _before(function, published)
    if before is None:
        return
    source = f"{published.reading.source}: version {before.version} → {function.version or '$LATEST'}"
    for what, old, new in _differences(before, function):
        yield Change(function.last_modified, what, source, old, new)


def _before(function: FunctionRecord, published: PublishedVersions) -> FunctionRecord | None:
    asked = int(function.version) if function.version and function.version.isdigit() else None
    numbered = [r for r in published.records if r.version and r.version.isdigit()]
    older = [r for r in numbered if asked is None or int(r.version or 0) < asked]
    for record in sorted(older, key=lambda r: int(r.version or 0), reverse=True):
        if next(_differences(record, function), None) is not None:
            return record
    return None


def _differences(before: FunctionRecord, after: FunctionRecord) -> Iterator[tuple[str, str | None, str | None]]:
    if before.code_sha256 != after.code_sha256:
        yield "code (its SHA-256)", before.code_sha256, after.code_sha256
    for member, words in _MEMBERS.items():
        old, new = getattr(before, member), getattr(after, member)
        if old != new:
            yield words, _shown(old), _shown(new)
    for member, words in _OVERRIDE.items():
        old, new = getattr(before.override, member), getattr(after.override, member)
        if old != new:
            yield words, _shown(old), _shown(new)
    yield from _environment(before.environment, after.environment)


def _environment(
    before: tuple[EnvironmentVariable, ...], after: tuple[EnvironmentVariable, ...]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Names only; that a value is another is told by its salted hash."""
    old, new = {v.name: v.digest for v in before}, {v.name: v.digest for v in after}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"environment variable {name}", "set", None
        elif name not in old:
            yield f"environment variable {name}", None, "set"
        elif old[name] != new[name]:
            yield f"environment variable {name}", "one value", "another value"


def _shown(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value) or "empty"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _recorded(event: TrailEvent, trail: Trail) -> Change:
    what = _WORDS.get(event.name, event.name)
    told = ", ".join(f"{name} {value}" for name, value in event.details) or None
    where = f" ({event.resource})" if event.resource else ""
    return Change(event.at, f"{what}{where}", trail.reading.source, None, told, event.by)


def _pushed(registry: RegistryRecord) -> Iterator[Change]:
    image = registry.tagged
    if image is not None and image.pushed_at is not None:
        what = f"image pushed under the tag {registry.tag} of {registry.repository}"
        yield Change(image.pushed_at, what, registry.reading.source, None, image.digest)
