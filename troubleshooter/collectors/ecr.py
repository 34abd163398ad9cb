"""Images in Amazon ECR, by its API: a manifest in one call, the configuration and layers by presigned addresses.

No registry login is made and nothing is pulled. The presigned addresses are credentials: they live in local variables
only, and are remembered in `Secrets` so that no message can carry one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from troubleshooter.collectors.aws import Aws
from troubleshooter.collectors.image_json import ACCEPTED, Manifest, is_digest, manifest
from troubleshooter.collectors.image_remote import IDENTITY, RemoteImage, open_remote
from troubleshooter.collectors.inflate import check_digest, malformed
from troubleshooter.collectors.web import Web
from troubleshooter.facts import Reading, Reason, SourceError, Unavailable
from troubleshooter.facts.address import EcrAddress
from troubleshooter.model import Origin
from troubleshooter.redact import Secrets

if TYPE_CHECKING:
    import httpx


def open_ecr(
    name: EcrAddress, reference: str, architecture: str | None, aws: Aws, web: Web, secrets: Secrets
) -> RemoteImage:
    """The image that `name` names, by its digest if it has one, else by its tag. Raises SourceError.

    `Reason.ABSENT` where ECR answers that there is no such image.
    """

    def get(digest: str | None) -> tuple[Reading, str, Manifest]:
        digest = digest or name.digest
        return _get(name, {"imageDigest": digest} if digest else {"imageTag": name.tag or "latest"}, aws)

    def fetch(digest: str, what: str) -> AbstractContextManager[httpx.Response]:
        return web.stream(_address(name, digest, aws, secrets), label=what, headers=IDENTITY)

    return open_remote(get, fetch, reference, architecture)


def _address(name: EcrAddress, digest: str, aws: Aws, secrets: Secrets) -> str:
    """A presigned address of a blob: a credential."""
    answer = aws.call(
        "ecr",
        "GetDownloadUrlForLayer",
        resource=name.arn,
        required=("downloadUrl",),
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
        layerDigest=digest,
    )
    address = str(answer.data["downloadUrl"])
    secrets.remember("layer address", address)
    return address


def _get(name: EcrAddress, wanted: dict[str, str], aws: Aws) -> tuple[Reading, str, Manifest]:
    """One manifest: where it was read, its digest, what it says. Raises SourceError."""
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
    reading = answer.reading(Origin.REGISTRY)
    return reading, digest, manifest(data, f"manifest {digest}", str(images[0].get("imageManifestMediaType") or ""))


def _failure(name: EcrAddress, shown: str, failure: dict[str, object]) -> Unavailable:
    """Why ECR gave no image."""
    code = str(failure.get("failureCode") or "no image")
    text = f"ECR answered {code} for {shown} in {name.repository} of account {name.account}"
    if code in ("ImageNotFound", "ImageTagDoesNotMatchDigest"):
        return Unavailable(Reason.ABSENT, text)
    if code in ("ImageInaccessible", "UpstreamAccessDenied"):
        return Unavailable(Reason.REFUSED, f"{text}: {str(failure.get('failureReason') or '')[:200]}")
    return Unavailable(Reason.REFUSED, text)
