"""Images in Amazon ECR, by its API: a manifest in one call, the configuration and layers by presigned addresses.

No registry login is made and nothing is pulled. The presigned addresses are credentials: they live in local variables
only, and are remembered in `Secrets` so that no message can carry one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.image_files import layer_name, tree_of
from troubleshooter.collectors.image_json import (
    ACCEPTED,
    DEPTH,
    LARGEST,
    Manifest,
    choose,
    configuration,
    is_digest,
    manifest,
)
from troubleshooter.collectors.inflate import check_digest, malformed
from troubleshooter.collectors.keeping import Budget
from troubleshooter.collectors.layers import Layer, read_layer
from troubleshooter.collectors.packs import verified_stream
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.image import Blob, ImageConfig, ImageManifest, ImageTree
from troubleshooter.model import Origin, Unblock
from troubleshooter.redact import Secrets

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.:-]+/(?P<repository>[a-z0-9][a-z0-9._/-]*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
ATTEMPTS = 2
"""Times that one layer is started: a connection may break in the midst of a gigabyte."""
DEADLINE_S = 900
_IDENTITY = {"accept-encoding": "identity"}


@dataclass(frozen=True, slots=True)
class EcrName:
    """An image URI of ECR, taken apart."""

    account: str
    region: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        part = (
            "aws-cn" if self.region.startswith("cn-") else "aws-us-gov" if self.region.startswith("us-gov-") else "aws"
        )
        return f"arn:{part}:ecr:{self.region}:{self.account}:repository/{self.repository}"


def ecr_name(uri: str) -> EcrName | None:
    """The parts of an image URI; None where it names no private ECR repository."""
    found = _URI.fullmatch(uri)
    return EcrName(**found.groupdict()) if found else None


@dataclass(frozen=True)
class EcrImageHandle:
    """One image in ECR, its manifest read."""

    manifest: ImageManifest
    names: frozenset[str]
    name: EcrName
    aws: Aws
    web: Web
    secrets: Secrets

    def config(self, secrets: Secrets) -> ImageConfig:
        blob = self.manifest.config
        what = f"image config {blob.digest}"
        if blob.size > LARGEST:
            raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} has {blob.size} bytes"))
        data = self.web.get(self._address(blob.digest), label=what, cap=LARGEST, headers=_IDENTITY)
        if data.status != 200:
            raise SourceError(_refused(what, data.status))
        check_digest(data.body, blob.digest, what)
        return configuration(data.body, Reading(what, Origin.REGISTRY), what, secrets)

    def tree(self) -> ImageTree:
        readers = [self._reader(blob) for blob in self.manifest.layers]
        place = f"layers of {self.name.repository}@{self.manifest.manifest_digest}"
        return tree_of(readers, Reading(place, Origin.IMAGE))

    def _reader(self, blob: Blob) -> Callable[[int, Budget], Layer]:
        def read(index: int, budget: Budget) -> Layer:
            what = layer_name(index, len(self.manifest.layers), blob.digest)
            for attempt in range(ATTEMPTS):
                try:
                    with verified_stream(self._pieces(blob.digest, what), blob, what) as window:
                        return read_layer(window, index, what, budget)
                except SourceError as error:
                    if error.unavailable.reason is not Reason.UNREACHABLE or attempt + 1 == ATTEMPTS:
                        raise
            raise AssertionError("the last attempt returns or raises")

        return read

    def _pieces(self, digest: str, what: str) -> Iterator[bytes]:
        """The bytes of a blob as they arrive. Raises SourceError while read."""
        with self.web.stream(self._address(digest), label=what, headers=_IDENTITY) as response:
            if response.status_code != 200:
                raise SourceError(_refused(what, response.status_code))
            end = time.monotonic() + DEADLINE_S
            try:
                for piece in response.iter_raw(1 << 18):
                    yield piece
                    if time.monotonic() > end:
                        raise SourceError(Unavailable(Reason.TOO_BIG, f"{what} did not arrive in {DEADLINE_S} s"))
            except SourceError:
                raise
            except Exception as error:
                detail = f"{what} broke off while it was read ({type(error).__name__})"
                raise SourceError(
                    Unavailable(Reason.UNREACHABLE, detail, Unblock("check the network and try again"))
                ) from error

    def _address(self, digest: str) -> str:
        """A presigned address of a blob: a credential."""
        answer = self.aws.call(
            "ecr",
            "GetDownloadUrlForLayer",
            resource=self.name.arn,
            required=("downloadUrl",),
            region=self.name.region,
            registryId=self.name.account,
            repositoryName=self.name.repository,
            layerDigest=digest,
        )
        address = str(answer.data["downloadUrl"])
        self.secrets.remember("layer address", address)
        return address


def open_ecr(
    name: EcrName, reference: str, architecture: str | None, aws: Aws, web: Web, secrets: Secrets
) -> EcrImageHandle:
    """The image that `name` names, by its digest if it has one, else by its tag. Raises SourceError.

    `Reason.ABSENT` where ECR answers that there is no such image.
    """
    wanted = {"imageDigest": name.digest} if name.digest else {"imageTag": name.tag or "latest"}
    answer, digest, found = _get(name, wanted, aws)
    outer, first = found, digest
    names = [digest]
    for _ in range(DEPTH):
        if not found.is_index:
            break
        chosen = choose(found.platforms, architecture, reference)
        _, digest, found = _get(name, {"imageDigest": chosen.digest}, aws)
        names.append(digest)
    if found.config is None:
        raise malformed(reference, f"holds indexes nested more than {DEPTH} deep")
    fact = ImageManifest(
        reading=answer.reading(Origin.REGISTRY),
        reference=reference,
        digest=first,
        media_type=outer.media_type,
        is_index=outer.is_index,
        platforms=outer.platforms,
        manifest_digest=digest,
        config=found.config,
        layers=found.layers,
    )
    return EcrImageHandle(fact, frozenset(names), name, aws, web, secrets)


def _get(name: EcrName, wanted: dict[str, str], aws: Aws) -> tuple[Answer, str, Manifest]:
    """One manifest: the answer, its digest, what it says. Raises SourceError."""
    answer = aws.call(
        "ecr",
        "BatchGetImage",
        resource=name.arn,
        required=("images",),
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
        imageIds=[wanted],
        acceptedMediaTypes=list(ACCEPTED),
    )
    shown = next(iter(wanted.values()))
    images, failures = answer.data["images"], answer.data.get("failures") or []
    if not images:
        raise SourceError(_failure(name, shown, failures[0] if failures else {}))
    text, identity = images[0].get("imageManifest"), images[0].get("imageId") or {}
    if not isinstance(text, str):
        raise malformed(f"ecr:BatchGetImage's answer for {shown}", "has no manifest")
    data = text.encode("utf-8", "surrogatepass")
    digest = wanted.get("imageDigest") or str(identity.get("imageDigest") or "")
    if not is_digest(digest):
        raise malformed(f"ecr:BatchGetImage's answer for {shown}", "has no digest")
    check_digest(data, digest, f"manifest {digest}")
    return answer, digest, manifest(data, f"manifest {digest}", str(images[0].get("imageManifestMediaType") or ""))


def _failure(name: EcrName, shown: str, failure: dict[str, object]) -> Unavailable:
    """Why ECR gave no image."""
    code = str(failure.get("failureCode") or "no image")
    text = f"ECR answered {code} for {shown} in {name.repository} of account {name.account}"
    if code in ("ImageNotFound", "ImageTagDoesNotMatchDigest"):
        return Unavailable(Reason.ABSENT, text)
    if code in ("ImageInaccessible", "UpstreamAccessDenied"):
        return Unavailable(Reason.REFUSED, f"{text}: {str(failure.get('failureReason') or '')[:200]}")
    return Unavailable(Reason.REFUSED, text)


def _refused(what: str, status: int) -> Unavailable:
    unblock = Unblock("try again: the address that ECR gives is good for a few minutes only")
    return Unavailable(Reason.REFUSED, f"the download of {what} answered HTTP {status}", unblock)
