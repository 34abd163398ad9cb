"""Which image belongs to a subject, and the facts about it: manifest, configuration, tree.

What runs is read from ECR. An image at hand stands in for it only if it is shown to be the same; it is always the one
that is proposed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.ecr import open_ecr
from troubleshooter.collectors.engine import Engine
from troubleshooter.collectors.image_engine import open_engine
from troubleshooter.collectors.image_files import OpenImage, open_path
from troubleshooter.collectors.layer_cache import LayerCache
from troubleshooter.collectors.registry import names_registry, open_registry, registry_name
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Cost, Fact, Reading, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.address import ecr_address
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.given import GivenImage, GivenOptions
from troubleshooter.facts.image import ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Role, Subject, Unblock
from troubleshooter.redact import Secrets

OCI = {"x86_64": "amd64", "arm64": "arm64"}
MANIFEST = ("ecr:BatchGetImage",)
"""What opening an image in ECR calls."""
BLOB = ("ecr:GetDownloadUrlForLayer",)
"""What reading its configuration or a layer calls."""


@dataclass(frozen=True, kw_only=True)
class RegistryImage(Fact):
    """The image that AWS's record names, opened in its registry."""

    image: OpenImage = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class ImageAtHand(Fact):
    """The image that the engineer gave, opened."""

    image: OpenImage = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class MatchingImage(Fact):
    """The image at hand, where it is this subject's."""

    image: OpenImage = field(repr=False, compare=False)
    same_as: str = ""
    """What shows that it is the one that AWS runs; empty for a proposed one."""


@provides(cost=Cost.CALL, asks=MANIFEST)
def image_of_record(
    subject: Subject, function: FunctionRecord, code: FunctionCode, aws: Aws, web: Web, secrets: Secrets
) -> RegistryImage | Unavailable:
    """The image in ECR, by the digest that AWS's record names."""
    if subject.role is Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has no image of what is only proposed")
    if not function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package, not an image")
    uri = code.resolved_image_uri or code.image_uri or ""
    name = ecr_address(uri)
    if name is None:
        return Unavailable(
            Reason.UNSUPPORTED, f"the image {uri[:200] or '(none named)'} is not in a private ECR repository"
        )
    digest = code.digest or name.digest
    if digest is None and subject.role is Role.DEPLOYED:
        if not function.code_sha256:
            return Unavailable(Reason.MALFORMED, "AWS's record names no digest of the image that runs")
        digest = f"sha256:{function.code_sha256}"
    # A tag may have moved since; what runs is the digest.
    image = open_ecr(
        replace(name, digest=digest), code.image_uri or uri, OCI.get(function.architecture), aws, web, secrets
    )
    return RegistryImage(reading=image.manifest.reading, image=image)


@provides(cost=Cost.CALL, asks=MANIFEST)
def image_at_hand(
    given: GivenImage,
    function: FunctionRecord | Unavailable,
    options: GivenOptions,
    engine: Engine,
    aws: Aws,
    web: Web,
    secrets: Secrets,
) -> ImageAtHand | Unavailable:
    """The image that was given, wherever its reference says that it is."""
    architecture = OCI.get(function.architecture) if isinstance(function, FunctionRecord) else None
    transport, reference = given.transport, given.reference
    if transport in ("docker-archive", "oci-archive", "oci") or (not transport and _is_path(reference)):
        image: OpenImage = open_path(transport, reference, architecture)
        return ImageAtHand(reading=image.manifest.reading, image=image)
    remote: Unavailable | None = None
    if transport in ("", "docker-daemon"):
        try:
            image = open_engine(reference, architecture, engine)
            return ImageAtHand(reading=image.manifest.reading, image=image)
        except SourceError as error:
            # A name without a registry in it is not looked for elsewhere: it would be somebody else's image.
            if transport or not names_registry(reference):
                raise
            remote = error.unavailable
    if options.offline:
        unblock = Unblock("leave --offline out, or give the image as a file")
        return _joined(remote, Unavailable(Reason.REFUSED, f"{reference} was not asked for: --offline", unblock))
    try:
        image = _open_remote(reference, architecture, aws, web, secrets)
    except SourceError as error:
        return _joined(remote, error.unavailable)
    return ImageAtHand(reading=image.manifest.reading, image=image)


def _open_remote(reference: str, architecture: str | None, aws: Aws, web: Web, secrets: Secrets) -> OpenImage:
    """The image in its registry: ECR by its API, any other by the registry's own. Raises SourceError."""
    name = ecr_address(reference)
    if name is not None:
        return open_ecr(name, reference, architecture, aws, web, secrets)
    other = registry_name(reference)
    if other is None:
        raise SourceError(Unavailable(Reason.MALFORMED, f"{reference[:200]!r} is not an image reference"))
    return open_registry(other, reference, architecture, web, secrets)


def _joined(engine: Unavailable | None, registry: Unavailable) -> Unavailable:
    """Both reasons, where both places were asked."""
    return registry if engine is None else replace(registry, detail=f"{engine.detail}; {registry.detail}")


def _is_path(reference: str) -> bool:
    """Whether a name without a transport is a file: it looks like one and is there."""
    looks = reference.startswith(("/", "./", "../", "~")) or reference.endswith((".tar", ".tar.gz", ".tgz", ".tar.zst"))
    return looks and Path(reference).exists()


@provides()
def matching_image(
    subject: Subject,
    at_hand: ImageAtHand,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
    registry: RegistryImage | Unavailable,
) -> MatchingImage | Unavailable:
    """The image at hand if it is this subject's: any is what is proposed; what runs must be shown to be the same."""
    image = at_hand.image
    if subject.role is Role.PROPOSED:
        return MatchingImage(reading=at_hand.reading, image=image)
    if isinstance(function, Unavailable):
        return function
    if not function.is_image:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package, not an image")
    runs = {f"sha256:{function.code_sha256}"} if subject.role is Role.DEPLOYED and function.code_sha256 else set()
    if isinstance(code, FunctionCode) and code.digest:
        runs.add(code.digest)
    equal = sorted(runs & image.names)
    if equal:
        return MatchingImage(reading=at_hand.reading, image=image, same_as=f"equal digest {equal[0]}")
    if isinstance(registry, RegistryImage):
        config = registry.image.manifest.config.digest
        if config == image.manifest.config.digest:
            return MatchingImage(reading=at_hand.reading, image=image, same_as=f"equal image config {config}")
    return Unavailable(Reason.NOT_OF_THIS_KIND, "the local image is not the one that AWS runs")


@provides()
def manifest_of_registry(registry: RegistryImage) -> ImageManifest:
    """The manifest that the registry holds."""
    return registry.image.manifest


@provides(rank=5)
def manifest_of_matching(matching: MatchingImage) -> ImageManifest:
    """The manifest of the image at hand."""
    manifest = matching.image.manifest
    return replace(manifest, reading=_said(manifest.reading, matching))


@provides(cost=Cost.CALL, asks=BLOB)
def config_of_registry(registry: RegistryImage, secrets: Secrets) -> ImageConfig:
    """The configuration that the registry holds."""
    return registry.image.config(secrets)


@provides(cost=Cost.CALL, rank=5, asks=BLOB)
def config_of_matching(matching: MatchingImage, secrets: Secrets) -> ImageConfig:
    """The configuration of the image at hand."""
    config = matching.image.config(secrets)
    return replace(config, reading=_said(config.reading, matching))


@provides(cost=Cost.BYTES, asks=BLOB)
def tree_of_registry(registry: RegistryImage, cache: LayerCache) -> ImageTree:
    """The layers that the registry holds, streamed and merged; those read before are not downloaded."""
    return registry.image.tree(cache)


@provides(cost=Cost.BYTES, rank=-1, asks=BLOB)
def tree_of_matching(matching: MatchingImage, cache: LayerCache) -> ImageTree:
    """The layers of the image at hand: the same bytes as the registry's, and nearer."""
    tree = matching.image.tree(cache)
    return replace(tree, reading=_said(tree.reading, matching))


def _said(reading: Reading, matching: MatchingImage) -> Reading:
    """The reading, saying why a local image speaks for the one that runs."""
    return replace(reading, source=f"{reading.source} ({matching.same_as})") if matching.same_as else reading
