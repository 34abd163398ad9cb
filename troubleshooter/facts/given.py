"""What the engineer gave, as facts: the seeds of a store. A part that was not given is simply not there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, kw_only=True)
class GivenFunction(Fact):
    """The function asked about."""

    name: str
    """Name without ARN parts."""
    arn: str | None = None
    region: str | None = None
    account: str | None = None
    """Account of the ARN, if one was given."""
    qualifier: str | None = None

    @property
    def call_name(self) -> str:
        """What `FunctionName` of an API call takes: the ARN if given, else the name."""
        return self.arn or self.name


@dataclass(frozen=True, kw_only=True)
class GivenImage(Fact):
    """A local or remote image reference, its transport already told apart."""

    transport: str
    """`docker-daemon`, `docker-archive`, `oci-archive`, `oci`, `docker`, or empty for a bare name."""
    reference: str


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One of the files of a folder of templates."""

    name: str
    """Relative to the folder."""
    text: str = field(repr=False)
    stack: str = ""
    """The stack it is for, where the folder tells."""


@dataclass(frozen=True, kw_only=True)
class GivenTemplate(Fact):
    """A deployment template's text, or those of a folder."""

    path: Path
    text: str = field(default="", repr=False)
    files: tuple[TemplateFile, ...] = ()
    """A folder's templates; empty where one file was given."""


@dataclass(frozen=True, kw_only=True)
class GivenSource(Fact):
    """A folder with the function's source."""

    path: Path


@dataclass(frozen=True, kw_only=True)
class GivenLogs(Fact):
    """A file of log events in any of the formats that engineers have at hand."""

    path: Path
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class GivenText(Fact):
    """Pasted error text."""

    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class GivenOptions(Fact):
    """Switches that providers honour."""

    offline: bool = False
    """Nothing outside this machine may be asked."""
    account: bool = False
    """A function was named, so that its account is asked."""
