"""ECR's own record of the image that a function runs, and of the tag that it was deployed with."""

from __future__ import annotations

import datetime as dt
from typing import Any

from troubleshooter.collectors.aws import Answer, Aws
from troubleshooter.collectors.images import ImageAtHand, RegistryImage
from troubleshooter.facts import Cost, Reason, SourceError, Unavailable, provides
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.address import EcrAddress, ImageAddress, ImageLookup, ecr_address
from troubleshooter.facts.function import FunctionCode
from troubleshooter.facts.given import GivenOptions
from troubleshooter.model import Origin, Role, Subject

_NO_IMAGE = "ImageNotFoundException"
_NO_REPOSITORY = "RepositoryNotFoundException"


@provides(cost=Cost.CALL, asks=("ecr:DescribeImages",))
def describe_image(code: FunctionCode, subject: Subject, aws: Aws) -> RegistryRecord | Unavailable:
    """`ecr:DescribeImages` by tag and by digest, in one call as long as ECR holds both."""
    if subject.role is not Role.DEPLOYED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "AWS has no record of what is only proposed")
    given, resolved = ecr_address(code.image_uri or ""), ecr_address(code.resolved_image_uri or "")
    name = given or resolved
    if name is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function's code is no image in a private ECR repository")
    digest = resolved.digest if resolved else name.digest
    tag = None if name.digest else name.tag or ("latest" if given else None)
    wanted = [{"imageTag": tag}] if tag else []
    wanted += [{"imageDigest": digest}] if digest else []
    if not wanted:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the function's image is named by neither tag nor digest")
    answer = _ask(name, wanted, aws)
    found = stored_images(answer)
    if answer.absent and len(wanted) == 2:
        answer = _ask(name, wanted[1:], aws)
        found = stored_images(answer)
        if answer.absent:
            answer = _ask(name, wanted[:1], aws)
            found = stored_images(answer)
    return RegistryRecord(
        reading=answer.reading(Origin.REGISTRY),
        repository=name.repository,
        tag=tag,
        digest=digest,
        tagged=next((image for tags, image in found if tag in tags), None),
        running=next((image for _, image in found if image.digest == digest), None),
    )


@provides(cost=Cost.CALL, asks=("ecr:DescribeImages",))
def look_for_image(
    address: ImageAddress,
    options: GivenOptions,
    registry: RegistryImage | Unavailable,
    at_hand: ImageAtHand | Unavailable,
    aws: Aws,
) -> ImageLookup | Unavailable:
    """`ecr:DescribeImages` of an address that AWS has not taken yet, unless the image itself was read already."""
    name = ecr_address(address.uri)
    if name is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the address is not that of a private ECR repository")
    if isinstance(registry, RegistryImage):
        kind = registry.image.manifest.media_type
        return ImageLookup(
            reading=registry.reading, uri=address.uri, repository=name.repository, found=True, media_type=kind
        )
    if not options.account or options.offline:
        return Unavailable(Reason.NOT_GIVEN, "no function was given, so that no account is asked")
    if isinstance(at_hand, ImageAtHand):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the image is at hand, and still to be pushed")
    wanted = {"imageDigest": name.digest} if name.digest else {"imageTag": name.tag or "latest"}
    answer = _ask(name, [wanted], aws, absent=(_NO_IMAGE, _NO_REPOSITORY))
    found = stored_images(answer)
    return ImageLookup(
        reading=answer.reading(Origin.REGISTRY),
        uri=address.uri,
        repository=name.repository,
        found=bool(found),
        code=answer.absent or ("" if found else _NO_IMAGE),
        pushed_at=found[0][1].pushed_at if found else None,
        media_type=found[0][1].media_type if found else "",
    )


def _ask(name: EcrAddress, wanted: list[dict[str, str]], aws: Aws, absent: tuple[str, ...] = (_NO_IMAGE,)) -> Answer:
    return aws.call(
        "ecr",
        "DescribeImages",
        resource=name.arn,
        required=("imageDetails",),
        absent=absent,
        region=name.region,
        registryId=name.account,
        repositoryName=name.repository,
        imageIds=wanted,
        filter={"imageStatus": "ANY"},  # without it ECR keeps silent about archived images
    )


def stored_images(answer: Answer) -> list[tuple[tuple[str, ...], StoredImage]]:
    """Tags and image of each detail. Raises SourceError for an answer that makes no sense."""
    try:
        return [_image(detail) for detail in answer.data.get("imageDetails", [])]
    except (AttributeError, TypeError, KeyError) as error:
        detail = f"{answer.source} gave a record that makes no sense ({type(error).__name__})"
        raise SourceError(Unavailable(Reason.MALFORMED, detail)) from error


def _image(detail: dict[str, Any]) -> tuple[tuple[str, ...], StoredImage]:
    pushed = detail.get("imagePushedAt")
    image = StoredImage(
        digest=str(detail["imageDigest"]),
        pushed_at=pushed.astimezone(dt.UTC) if isinstance(pushed, dt.datetime) else None,
        status=detail.get("imageStatus"),
        size=detail.get("imageSizeInBytes"),
        media_type=str(detail.get("imageManifestMediaType") or "")[:256],
        tags=tuple(str(tag) for tag in detail.get("imageTags") or ()),
    )
    return image.tags, image
