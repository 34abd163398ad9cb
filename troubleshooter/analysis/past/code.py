"""Which code was there before what runs: that of a version, of an image pushed before, or of an earlier recorded update. Pure.

A version surely ran, and so did what an update was answered with; an image that was pushed before need not have.
"""

from __future__ import annotations

import datetime as dt
import re

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import EarlierCode, PublishedVersions, Trail, Trouble, Unchanged
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.lifecycle import RepositoryImages

_SINGLE = re.compile(r"manifest\.v2\+json|image\.manifest\.v1\+json")
_NONE = Unavailable(Reason.NOT_OF_THIS_KIND, "no earlier code of the function is known")


@provides()
def of_a_version(
    trouble: Trouble, function: FunctionRecord, published: PublishedVersions | Unavailable
) -> EarlierCode | Unavailable:
    """That of the newest version before this one that has other code."""
    if isinstance(published, Unavailable):
        return _NONE
    asked = int(function.version) if function.version and function.version.isdigit() else None
    other = {
        int(r.version): r.code_sha256
        for r in published.records
        if r.version and r.version.isdigit() and r.is_image == function.is_image
        if r.code_sha256 and r.code_sha256 != function.code_sha256 and (asked is None or int(r.version) < asked)
    }
    if not other:
        return _NONE
    newest = max(other)
    return EarlierCode(reading=published.reading, sha256=other[newest], how=f"version {newest}", version=str(newest))


@provides(rank=1)
def pushed_before(
    unchanged: Unchanged, function: FunctionRecord, registry: RegistryRecord, images: RepositoryImages
) -> EarlierCode | Unavailable:
    """The image that was pushed last before the one that runs, where someone misses a change."""
    running = registry.running
    if running is None or running.pushed_at is None:
        return _NONE
    earlier = [
        (image.pushed_at, image.digest)
        for image in images.images
        if image.digest != running.digest
        and image.pushed_at is not None
        and image.pushed_at <= running.pushed_at
        and image.status in (None, "ACTIVE")
        and (not image.media_type or _SINGLE.search(image.media_type))
    ]
    if not earlier:
        return _NONE
    at, digest = max(earlier)
    return EarlierCode(reading=images.reading, sha256=digest.removeprefix("sha256:"), how=_pushed(at))


@provides(rank=2)
def recorded_before(
    function: FunctionRecord, trail: Trail, registry: RegistryRecord | Unavailable
) -> EarlierCode | Unavailable:
    """What an earlier update of the code was answered with; else what was pushed under the tag before."""
    for event in trail.events:
        told = dict(event.details).get("codeSha256")
        if told and told != function.code_sha256 and event.name in ("UpdateFunctionCode", "CreateFunction"):
            return EarlierCode(reading=trail.reading, sha256=told, how=f"code of {event.at:%Y-%m-%d %H:%M} UTC")
    if isinstance(registry, Unavailable) or registry.tag is None or not function.is_image:
        return _NONE
    before = registry.running.pushed_at if registry.running else function.last_modified
    for event in trail.events:
        asked = dict(event.details)
        digest = asked.get("imageDigest", "")
        if event.name != "PutImage" or asked.get("imageTag") != registry.tag or before is None or event.at >= before:
            continue
        if digest.startswith("sha256:") and digest != f"sha256:{function.code_sha256}":
            return EarlierCode(reading=trail.reading, sha256=digest.removeprefix("sha256:"), how=_pushed(event.at))
    return _NONE


def _pushed(at: dt.datetime) -> str:
    return f"pushed {at:%Y-%m-%d %H:%M} UTC"
