"""What every fact has: where and when it was read; and what stands in its place when it could not be."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from troubleshooter.model import Evidence, Origin, Unblock


def now() -> str:
    """The current time, ISO 8601 in UTC with milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Cost(IntEnum):
    """What it takes to make a fact, cheapest first. Facts up to `CALL` may be made without being asked for."""

    THINK = 0
    CALL = 1
    BYTES = 2
    RUN = 3


class Reason(StrEnum):
    """Why a fact is missing. The last two mean that the question does not arise; the others that it could not be answered."""

    DENIED = "denied"
    ABSENT = "absent"
    """AWS says that the thing itself does not exist, where its existence is what everything else needs."""
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    MALFORMED = "malformed"
    TOO_BIG = "too big"
    REFUSED = "refused"
    UNSUPPORTED = "unsupported"
    FAULT = "our fault"
    NOT_GIVEN = "not given"
    NOT_OF_THIS_KIND = "not of this kind"


SURROUNDINGS = frozenset({Reason.DENIED, Reason.EXPIRED, Reason.UNREACHABLE, Reason.THROTTLED, Reason.MALFORMED})
"""What credentials, network and rights amount to: nothing that the target itself could help."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A fact that is not there: why, and what would unblock it."""

    reason: Reason
    detail: str
    """One clause that completes "could not tell, because …"."""
    unblock: Unblock | None = None

    @property
    def applies(self) -> bool:
        """Whether the question arises at all: then a check is `unknown`, else `not_applicable`."""
        return self.reason not in (Reason.NOT_GIVEN, Reason.NOT_OF_THIS_KIND)

    @property
    def may_pass(self) -> bool:
        """Whether it lies at our surroundings, so that asking again later may be answered."""
        return self.reason in SURROUNDINGS


class SourceError(Exception):
    """Raised inside a provider where returning is awkward; the store turns it into its `unavailable`."""

    def __init__(self, unavailable: Unavailable) -> None:
        super().__init__(unavailable.detail)
        self.unavailable = unavailable


@dataclass(frozen=True, slots=True)
class Reading:
    """Where and when something was read."""

    source: str
    origin: Origin
    at: str = field(default_factory=now)
    request_id: str | None = None


def _as_text(value: object) -> str:
    """A value as evidence shows it; absence in words."""
    if value is None:
        return "not set"
    if isinstance(value, str):
        return value or "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={_as_text(v)}" for k, v in value.items()) or "empty"
    if isinstance(value, Iterable):
        return "[" + ", ".join(f'"{v}"' if isinstance(v, str) else _as_text(v) for v in value) + "]"
    return str(value)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Base of all facts. Subclasses are frozen dataclasses with keyword-only fields."""

    reading: Reading
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """For facts read from a file: field name → `file:line`, which then is the evidence's source."""

    def cite(self, name: str, value: object = ..., *, label: str | None = None, source: str | None = None) -> Evidence:
        """Evidence from this fact.

        `name` is a field, whose value is shown, unless `value` is given. `label` says in words what was observed.
        """
        shown = getattr(self, name) if value is ... else value
        return Evidence(
            label=label or name.replace("_", " "),
            value=_as_text(shown),
            source=source or self.places.get(name) or self.reading.source,
            at=self.reading.at,
            origin=self.reading.origin,
            request_id=self.reading.request_id,
            fact=type(self).__name__,
        )


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call to the world, for the report's `calls`."""

    service: str
    operation: str
    region: str
    status: str
    """`ok`, or the error's code."""
    ms: float


class CallLog:
    """Every call that was made, in order of completion. Safe to use from any thread."""

    def __init__(self) -> None:
        self._records: list[CallRecord] = []
        self._lock = threading.Lock()

    def add(self, record: CallRecord) -> None:
        with self._lock:
            self._records.append(record)

    def since(self, index: int) -> list[CallRecord]:
        """The records from `index` on."""
        with self._lock:
            return self._records[index:]
