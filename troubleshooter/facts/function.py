"""The function side: what AWS's record or a template's resource says of one function."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact

ROUNDED = dt.timedelta(seconds=10)
"""Two statements of one time may differ by as much; an update inside it shows in the revision."""


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One variable without its value, unless it is one of the launch variables of `data/launch_variables.json`."""

    name: str
    length: int
    """Characters of the value."""
    shape: str
    """`arn`, `url`, `path`, `integer`, `boolean`, `json`, `pem`, `text`, `expression` (a template's), `empty`."""
    digest: str
    """Salted hash, to say "the same value" and nothing else."""
    value: str | None = None
    """Kept for launch variables only."""


@dataclass(frozen=True, slots=True)
class ImageOverride:
    """The function's ImageConfig. None means that the member is absent; an empty tuple or text was sent empty."""

    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    workdir: str | None = None
    undecided: tuple[str, ...] = ()
    """Members (`entrypoint`, `command`, `workdir`) that a template states and that are only decided at deploy time.

    Such a member is None above, and nothing can be said of the launch as far as it depends on it.
    """

    @property
    def empty(self) -> bool:
        return (self.entrypoint, self.command, self.workdir, self.undecided) == (None, None, None, ())


@dataclass(frozen=True, kw_only=True)
class FunctionRecord(Fact):
    """Configuration of one function: `lambda:GetFunction`, `lambda:GetFunctionConfiguration`, or a template's resource."""

    name: str
    arn: str | None = None
    version: str | None = None
    package_type: str = "Zip"
    """`Zip` or `Image`."""
    architecture: str = "x86_64"
    """`x86_64` or `arm64`; x86_64 is the service's default when absent. Empty: a template leaves it to deploy time."""
    architecture_stated: bool = True
    """False where the default was taken because nothing was stated."""
    runtime: str | None = None
    handler: str | None = None
    state: str | None = None
    state_reason: str | None = None
    state_reason_code: str | None = None
    update_status: str | None = None
    update_reason: str | None = None
    update_reason_code: str | None = None
    last_modified: dt.datetime | None = None
    revision: str | None = None
    """Changes with every update of the function."""
    timeout_s: int | None = None
    memory_mb: int | None = None
    ephemeral_mb: int | None = None
    role: str | None = None
    log_group: str | None = None
    log_format: str = "Text"
    system_log_level: str | None = None
    override: ImageOverride = field(default_factory=ImageOverride)
    environment: tuple[EnvironmentVariable, ...] = ()
    environment_error: str | None = None
    """Error code of the environment's decryption."""
    layers: tuple[str, ...] = ()
    code_sha256: str | None = None
    """Zip: base64 of the package's SHA-256. Image: hex of the image's digest."""
    vpc_attached: bool = False
    vpc: str | None = None
    """Id of the VPC that it is attached to."""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    ipv6: bool = False
    """Its interfaces may have IPv6 addresses (Ipv6AllowedForDualStack)."""
    key: str | None = None
    """ARN of the KMS key of one's own that encrypts the environment; None where AWS's own does."""
    dead_letters: str | None = None
    """ARN of the queue or topic that takes events which failed every time."""

    @property
    def is_image(self) -> bool:
        return self.package_type == "Image"

    @property
    def updating(self) -> bool:
        """Whether AWS is still making the function or its last update."""
        return self.update_status == "InProgress" or self.state == "Pending"

    def changes(self, later: FunctionRecord) -> list[str]:
        """What a later reading of the same function says differently of its code, its time and its state, in words."""
        named: dict[str, tuple[object, object]] = {
            "CodeSha256": (self.code_sha256, later.code_sha256),
            "State": (self.state, later.state),
            "LastUpdateStatus": (self.update_status, later.update_status),
            "RevisionId": (self.revision, later.revision),
        }
        if self.last_modified and later.last_modified and abs(later.last_modified - self.last_modified) > ROUNDED:
            named["LastModified"] = (f"{self.last_modified:%H:%M:%S}", f"{later.last_modified:%H:%M:%S} UTC")
        return [f"{name} {a} → {b}" for name, (a, b) in named.items() if a != b and a is not None and b is not None]

    @property
    def region(self) -> str | None:
        """Region of the ARN."""
        return self.arn.split(":")[3] if self.arn and self.arn.count(":") >= 6 else None

    @property
    def account(self) -> str | None:
        """Account id of the ARN."""
        return self.arn.split(":")[4] if self.arn and self.arn.count(":") >= 6 else None

    def variable(self, name: str) -> EnvironmentVariable | None:
        return next((v for v in self.environment if v.name == name), None)


@dataclass(frozen=True, kw_only=True)
class FunctionCode(Fact):
    """Where a function's code lies. The zip's presigned address is not here: it is a credential and stays in its collector."""

    image_uri: str | None = None
    resolved_image_uri: str | None = None
    """`repository@sha256:…`"""
    repository_type: str | None = None

    @property
    def digest(self) -> str | None:
        """`sha256:…` of the image that AWS runs."""
        return self.resolved_image_uri.partition("@")[2] or None if self.resolved_image_uri else None


@dataclass(frozen=True, kw_only=True)
class Caller(Fact):
    """Who asks: `sts:GetCallerIdentity`."""

    account: str
    arn: str
    region: str


@dataclass(frozen=True, kw_only=True)
class RecordAtEnd(Fact):
    """The function's record once more, at the end of a walk: it shows whether the function changed meanwhile."""

    record: FunctionRecord
