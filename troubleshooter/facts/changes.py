"""What was changed around a function, and by whom. A change is a lead, never a cause."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.tree import FileTree


@dataclass(frozen=True, kw_only=True)
class Trouble(Fact):
    """Something is failing, or someone complains: then it is worth asking what was changed."""

    why: str
    since: dt.datetime | None = None
    """First failure since the last change, as far as log and metrics tell."""


@dataclass(frozen=True, kw_only=True)
class PublishedVersions(Fact):
    """`lambda:ListVersionsByFunction`: whole records, `$LATEST` among them."""

    records: tuple[FunctionRecord, ...] = ()
    complete: bool = True


@dataclass(frozen=True, kw_only=True)
class Unchanged(Fact):
    """Someone says that new code or a new image changed nothing."""


@dataclass(frozen=True, kw_only=True)
class EarlierCode(Fact):
    """The code that was there before what runs, as far as versions, the repository or the trail tell."""

    sha256: str
    """As the function's record has it: hexadecimal for an image, base64 for a zip package."""
    how: str
    """How it is known: `version 7`, `pushed 2026-01-02 03:04 UTC`."""
    version: str | None = None
    """The published version that holds it; None where none does."""


@dataclass(frozen=True, kw_only=True)
class EarlierTree(Fact):
    """The files of the code before: of all layers of an image, or of a zip package."""

    tree: FileTree = field(repr=False, compare=False)
    how: str


@dataclass(frozen=True, slots=True)
class TrailQuestion:
    """One look-up: CloudTrail takes one attribute at a time."""

    key: str
    """`ResourceName`, or `EventName`, which is answered for the whole account."""
    value: str
    about: str = ""
    """What an event must speak of: a repository's, role's or key's name; empty where the attribute says that already."""
    region: str | None = None
    """Where such events are recorded, if that is not the function's region."""
    else_by_name: tuple[str, ...] = ()
    """Names of events to ask for where one page does not hold all of the resource's."""


@dataclass(frozen=True, kw_only=True)
class TrailQuestions(Fact):
    """What CloudTrail is to be asked because of what is failing, the most telling first."""

    questions: tuple[TrailQuestion, ...] = ()


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """One call that changed something, as CloudTrail recorded it."""

    at: dt.datetime
    name: str
    """Name of the API operation without its version: `UpdateFunctionCode`."""
    by: str
    """ARN or name of the principal."""
    resource: str = ""
    details: tuple[tuple[str, str], ...] = ()
    """What was asked for, of those parameters that are no secrets."""


@dataclass(frozen=True, kw_only=True)
class Trail(Fact):
    """`cloudtrail:LookupEvents` of the function and of what its trouble is about, newest first."""

    events: tuple[TrailEvent, ...] = ()
    complete: bool = True
    """False where a deadline or a limit ended the reading."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was changed."""

    at: dt.datetime | None
    what: str
    source: str
    """Where that was read."""
    before: str | None = None
    after: str | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Changes(Fact):
    """What was changed, nearest to the first failure first."""

    changes: tuple[Change, ...] = ()
    first_failure: dt.datetime | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()
    """What would tell more."""


@dataclass(frozen=True, kw_only=True)
class PackageChanges(Fact):
    """Packages that were added, removed, or have another version than in the code before."""

    changes: tuple[Change, ...] = ()
