"""Addresses of images in ECR, and those by which an image is named to Lambda before Lambda has taken them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from troubleshooter.facts.base import Fact
from troubleshooter.grants import partition_of

_TAG, _DIGEST = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", r"sha256:[0-9a-f]{64}"
_PRIVATE = re.compile(
    r"(?P<host>(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.:-]+)"
    rf"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_TAKEN = re.compile(
    r"\d{12}\.dkr\.ecr\.[a-z]{2,4}(?:-[a-z]+)+-\d\.[a-z0-9.-]+/[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
    rf"(?::{_TAG})?(?:@{_DIGEST})?"
)
_IN_TEXT = re.compile(
    rf"\d{{12}}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9._/-]+(?::[\w.-]*\w|@{_DIGEST})"
)


@dataclass(frozen=True, slots=True)
class EcrAddress:
    """The address of an image in a private ECR repository, taken apart."""

    host: str
    account: str
    region: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.region)

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return f"arn:{self.partition}:ecr:{self.region}:{self.account}:repository/{self.repository}"

    @property
    def untagged(self) -> str:
        """Host and repository."""
        return f"{self.host}/{self.repository}"


def ecr_address(uri: str) -> EcrAddress | None:
    """The parts of an address; None where it names no private ECR repository."""
    found = _PRIVATE.fullmatch(uri)
    return EcrAddress(**found.groupdict()) if found else None


def taken_address(uri: str) -> EcrAddress | None:
    """The parts of an address of the form that Lambda takes; None for any other: ECR's FIPS endpoints are not taken."""
    return ecr_address(uri) if _TAKEN.fullmatch(uri) else None


def address_in(text: str) -> str:
    """The first address of an image in ECR, with tag or digest, that a text names; empty where there is none."""
    found = _IN_TEXT.search(text)
    return found[0] if found else ""


@dataclass(frozen=True, kw_only=True)
class ImageAddress(Fact):
    """The ImageUri of a template's resource, or of an update that AWS refused."""

    uri: str
    said: str = ""
    """What AWS said of it: `is not valid`, `does not exist`, `is not supported`; empty where nothing is known."""
    replaced: bool = False
    """A packaging tool may put another address in its place before AWS sees it."""


@dataclass(frozen=True, kw_only=True)
class ImageLookup(Fact):
    """ECR's answer to whether it holds the image of an address."""

    uri: str
    repository: str
    found: bool
    code: str = ""
    """ECR's code where it holds none: `ImageNotFoundException`, `RepositoryNotFoundException`."""
    pushed_at: dt.datetime | None = None
    """In UTC."""
    media_type: str = ""
    """Of the manifest that the address names; empty where ECR did not tell."""
