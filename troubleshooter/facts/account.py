"""What else the account says of a function: its image in the registry, versions and aliases, URLs and their policies."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One image that a repository holds."""

    digest: str
    """`sha256:…`"""
    pushed_at: dt.datetime | None = None
    """In UTC."""
    status: str | None = None
    """`ACTIVE`, `ARCHIVED` or `ACTIVATING`; None where ECR does not tell."""
    size: int | None = None
    """Bytes, compressed."""
    tags: tuple[str, ...] = ()
    media_type: str = ""
    """Of the manifest; empty where ECR does not tell."""


@dataclass(frozen=True, kw_only=True)
class RegistryRecord(Fact):
    """`ecr:DescribeImages` of the image that the function runs and of the tag that it was deployed with."""

    repository: str
    tag: str | None = None
    """Tag of the function's ImageUri; None where that names a digest."""
    digest: str | None = None
    """Digest that the function is pinned to."""
    tagged: StoredImage | None = None
    """What the tag points to now; None where there is no tag to ask for, or ECR has no such tag."""
    running: StoredImage | None = None
    """The image by the digest that runs; None where no digest is known, or the repository does not hold it."""

    @property
    def running_gone(self) -> bool:
        """ECR answered that it does not hold the digest that runs."""
        return self.digest is not None and self.running is None


@dataclass(frozen=True, slots=True)
class Version:
    """A published version, or `$LATEST`."""

    number: str
    code_sha256: str | None = None
    last_modified: dt.datetime | None = None
    """In UTC."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version, or for two."""

    name: str
    version: str
    weights: tuple[tuple[str, float], ...] = ()
    """Further versions with their share of the traffic, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Aliases(Fact):
    """`lambda:ListAliases`."""

    aliases: tuple[Alias, ...] = ()
    complete: bool = True
    """False where reading stopped at a budget of pages."""


@dataclass(frozen=True, kw_only=True)
class Versions(Fact):
    """`lambda:ListVersionsByFunction` and `lambda:ListAliases`."""

    versions: tuple[Version, ...] = ()
    """`$LATEST` among them."""
    aliases: tuple[Alias, ...] = ()
    complete: bool = True
    """False where reading stopped at a budget of pages."""

    def version(self, number: str) -> Version | None:
        return next((v for v in self.versions if v.number == number), None)


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """One function URL."""

    arn: str
    qualifier: str | None
    """Alias that the URL belongs to; None for the function itself."""
    auth_type: str
    """`NONE` or `AWS_IAM`."""
    invoke_mode: str = "BUFFERED"
    """`BUFFERED` or `RESPONSE_STREAM`."""
    created: dt.datetime | None = None
    """In UTC."""


@dataclass(frozen=True, kw_only=True)
class FunctionUrls(Fact):
    """`lambda:ListFunctionUrlConfigs`. A function without a URL has an empty tuple."""

    urls: tuple[FunctionUrl, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicyStatement:
    """One statement of a resource policy, as far as it matters to callers from anywhere."""

    effect: str
    principals: tuple[str, ...]
    """`*`, ARNs, account ids, services."""
    actions: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...] = ()
    """(operator, key, value), one for each value."""
    negated: bool = False
    """Has NotPrincipal, NotAction or NotResource, so that the above does not say it all."""


@dataclass(frozen=True, slots=True)
class UrlPolicy:
    """The resource policy beside one URL."""

    url: FunctionUrl
    statements: tuple[PolicyStatement, ...] | None
    """None: AWS answered that there is no policy."""


@dataclass(frozen=True, kw_only=True)
class UrlPolicies(Fact):
    """`lambda:GetPolicy` for every URL without authentication."""

    policies: tuple[UrlPolicy, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StreamingHandler(Fact):
    """Whether the handler that the launch names is wrapped in `awslambda.streamifyResponse`."""

    path: str
    line: int
    streams: bool
