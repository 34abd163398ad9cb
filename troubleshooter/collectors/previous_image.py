"""The image that was there before the one that runs: `ecr:BatchGetImage`, and `ecr:GetDownloadUrlForLayer` for its
configuration and layers. And the package of a version before: `lambda:GetFunction` of that version.

Asked only where something is failing or someone complains.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.aws_lambda import package_of
from troubleshooter.collectors.ecr import open_ecr
from troubleshooter.collectors.image_remote import RemoteImage
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.web import Web
from troubleshooter.collectors.zip_package import download, zip_tree
from troubleshooter.facts import Cost, Fact, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.address import ecr_address
from troubleshooter.facts.changes import EarlierCode, EarlierTree
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenFunction
from troubleshooter.facts.image import ImageConfig, PreviousImage
from troubleshooter.redact import Secrets

PATIENCE_S = 3.0
"""Nothing but leads depends on the image before, but where someone misses a change."""


@dataclass(frozen=True, kw_only=True)
class EarlierImage(Fact):
    """The image before, opened in its registry."""

    image: RemoteImage = field(repr=False, compare=False)
    digest: str
    how: str


@provides(cost=Cost.CALL, asks=("ecr:BatchGetImage",))
def earlier_image(
    earlier: EarlierCode, function: FunctionRecord, code: FunctionCode, aws: Aws, web: Web, secrets: Secrets
) -> EarlierImage | Unavailable:
    """Its manifest, in the repository of the image that runs."""
    name = ecr_address(code.resolved_image_uri or code.image_uri or "")
    if name is None or not function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package, not an image")
    digest = f"sha256:{earlier.sha256}"
    try:
        image = open_ecr(replace(name, tag=None, digest=digest), digest, None, aws, web, secrets)
    except SourceError as error:
        if error.unavailable.reason is Reason.ABSENT:
            return Unavailable(Reason.ABSENT, f"ECR no longer holds the image before, {digest}")
        raise
    return EarlierImage(reading=image.manifest.reading, image=image, digest=digest, how=earlier.how)


@provides(cost=Cost.CALL, asks=("ecr:GetDownloadUrlForLayer",), patience_s=PATIENCE_S)
def previous_image(earlier: EarlierImage, secrets: Secrets) -> PreviousImage:
    """Digests of its layers, and its configuration."""
    return PreviousImage(
        reading=earlier.reading,
        digest=earlier.digest,
        how=earlier.how,
        layers=tuple(blob.digest for blob in earlier.image.manifest.layers),
        config=_config(earlier.image, secrets),
    )


def _config(image: RemoteImage, secrets: Secrets) -> ImageConfig | Unavailable:
    try:
        return image.config(secrets)
    except SourceError as error:
        return error.unavailable


@provides(cost=Cost.BYTES, asks=("ecr:GetDownloadUrlForLayer",))
def tree_of_earlier_image(earlier: EarlierImage, cache: LayerCache) -> EarlierTree:
    """The layers of the image before; those that it shares with the one that runs are not downloaded again."""
    tree = earlier.image.tree(cache)
    return EarlierTree(reading=tree.reading, tree=tree.tree, how=earlier.how)


@provides(cost=Cost.BYTES, rank=1, asks=("lambda:GetFunction",))
def tree_of_earlier_package(
    earlier: EarlierCode, function: FunctionRecord, given: GivenFunction, aws: Aws, web: Web, secrets: Secrets
) -> EarlierTree | Unavailable:
    """The package of a version before."""
    if function.is_image or earlier.version is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no version holds the package before")
    reading, location = package_of(replace(given, qualifier=earlier.version), aws, secrets)
    return EarlierTree(reading=reading, tree=zip_tree(download(location, web)), how=earlier.how)
