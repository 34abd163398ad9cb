"""The image that was there before: of the version published last, or pushed before the one that runs. `ecr:BatchGetImage`,
and `ecr:GetDownloadUrlForLayer` for its configuration.

Asked only where someone says that a new image changed nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ecr import EcrName, ecr_name, open_ecr
from troubleshooter.collectors.ecr_records import stored_images
from troubleshooter.collectors.image_remote import RemoteImage
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.account import RegistryRecord
from troubleshooter.facts.changes import PublishedVersions, Trouble
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import ImageConfig, PreviousImage
from troubleshooter.redact import Secrets

_UNCHANGED = re.compile(
    r"\b(?:old|previous|stale|outdated|yesterday'?s) (?:code|version|image|build|behaviou?r|text|answer|content|output|response|page)"
    r"|\bstill (?:run|show|serve|return|answer|see|use)\w*\b.{0,40}\b(?:old|previous|yesterday)"
    r"|\b(?:change|fix|edit|update|new (?:code|version|build|image|text))\w*\b.{0,60}\b(?:not|never|no|\w+n't) (?:\w+ )?(?:picked up"
    r"|reflected|visible|there|arriv\w*|show\w*|appear\w*|effect|updated|deployed)"
    r"|\bnot (?:picked up|reflected)|\b(?:docker|build|layer) cache",
    re.IGNORECASE,
)
"""Words that speak of code or an image; "still the same error" does not."""
_SINGLE = re.compile(r"manifest\.v2\+json|image\.manifest\.v1\+json")


@provides(cost=Cost.CALL, asks=("ecr:DescribeImages", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"))
def previous_image(
    trouble: Trouble,
    text: GivenText,
    function: FunctionRecord,
    code: FunctionCode,
    registry: RegistryRecord,
    published: PublishedVersions | Unavailable,
    aws: Aws,
    web: Web,
    secrets: Secrets,
) -> PreviousImage | Unavailable:
    """Digests of its layers, because of `trouble` and of what the text says."""
    name = ecr_name(code.resolved_image_uri or "")
    if name is None or registry.running is None or _UNCHANGED.search(text.text) is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "nobody says that a new image changed nothing")
    found = _of_a_version(function, published) or _pushed_before(name, registry, aws)
    if found is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no earlier image of the function is known")
    digest, how = found
    try:
        image = open_ecr(replace(name, tag=None, digest=digest), digest, None, aws, web, secrets)
    except SourceError as error:
        if error.unavailable.reason is Reason.ABSENT:
            return Unavailable(Reason.ABSENT, f"ECR no longer holds the image before, {digest}")
        raise
    return PreviousImage(
        reading=image.manifest.reading,
        digest=digest,
        how=how,
        layers=tuple(blob.digest for blob in image.manifest.layers),
        config=_config(image, secrets),
    )


def _config(image: RemoteImage, secrets: Secrets) -> ImageConfig | Unavailable:
    try:
        return image.config(secrets)
    except SourceError as error:
        return error.unavailable


def _of_a_version(function: FunctionRecord, published: PublishedVersions | Unavailable) -> tuple[str, str] | None:
    """The newest version with another image."""
    if isinstance(published, Unavailable):
        return None
    numbered = [r for r in published.records if r.version and r.version.isdigit() and r.is_image and r.code_sha256]
    other = [r for r in numbered if r.code_sha256 != function.code_sha256]
    newest = max(other, key=lambda r: int(r.version or 0), default=None)
    return (f"sha256:{newest.code_sha256}", f"version {newest.version}") if newest else None


def _pushed_before(name: EcrName, registry: RegistryRecord, aws: Aws) -> tuple[str, str] | None:
    """The image that was pushed last before the one that runs, of the first thousand."""
    running = registry.running
    if running is None or running.pushed_at is None:
        return None
    asked: dict[str, Any] = {"registryId": name.account, "repositoryName": name.repository, "maxResults": 1000}
    try:
        answer = aws.call(
            "ecr", "DescribeImages", resource=name.arn, required=("imageDetails",), region=name.region, **asked
        )
    except SourceError:
        return None
    pushed = running.pushed_at
    earlier = [
        image
        for _, image in stored_images(answer)
        if image.digest != running.digest
        and image.pushed_at is not None
        and image.pushed_at <= pushed
        and (not image.media_type or _SINGLE.search(image.media_type))
    ]
    newest = max(earlier, key=lambda i: (i.pushed_at or pushed, i.digest), default=None)
    return (newest.digest, f"pushed {newest.pushed_at:%Y-%m-%d %H:%M} UTC") if newest else None
