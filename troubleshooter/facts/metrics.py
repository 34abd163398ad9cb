"""What CloudWatch counted of a function since its last change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from troubleshooter.facts.base import Fact

RECENT, TOLERATED = 20, 0.2
"""Invocations that tell how it goes now, and the share of them that may fail: a passing trouble."""


@dataclass(frozen=True, slots=True)
class Point:
    """One period's value; `at` is its beginning, in UTC."""

    at: dt.datetime
    value: float


@dataclass(frozen=True, kw_only=True)
class Metrics(Fact):
    """`cloudwatch:GetMetricData` of one function, oldest first. A period without a call has no point."""

    since: dt.datetime
    """Start of what was asked for: the first whole period after the last change."""
    period_s: int
    invocations: tuple[Point, ...] = ()
    errors: tuple[Point, ...] = ()
    throttles: tuple[Point, ...] = ()
    duration: tuple[Point, ...] = ()
    """Longest of each period, in milliseconds."""
    concurrency: tuple[Point, ...] = ()
    """Most at once in each period."""
    event_age: tuple[Point, ...] = ()
    """Longest time that an asynchronous event waited, in milliseconds."""
    dropped: tuple[Point, ...] = ()
    """Asynchronous events that were given up."""
    reserved: int | None = None
    """Reserved concurrency; None where there is none, or nothing made the question arise."""

    @property
    def calls(self) -> int:
        return total(self.invocations)

    @property
    def failures(self) -> int:
        return total(self.errors)

    @property
    def throttled(self) -> int:
        return total(self.throttles)

    @property
    def longest_ms(self) -> float | None:
        return max((p.value for p in self.duration), default=None)

    @property
    def failing_since(self) -> dt.datetime | None:
        """First period with an error."""
        return next((p.at for p in self.errors if p.value > 0), None)

    @property
    def failing(self) -> bool:
        """Whether more than a fifth of the newest calls fail."""
        calls, failures = self._recent()
        return calls > 0 and failures / calls > TOLERATED

    def ran_out(self, timeout_s: int | None) -> tuple[int, int]:
        """Periods with an error in which a call lasted until the timeout, and periods with an error in all.

        A call that ends earlier never lasts so long; why one did, and whether its code was ever loaded, no number tells.
        """
        longest = {p.at: p.value for p in self.duration}
        bad = [p.at for p in self.errors if p.value > 0]
        return sum(timeout_s is not None and longest.get(at, 0) >= timeout_s * 1000 for at in bad), len(bad)

    @property
    def blocked(self) -> bool:
        """Whether calls came and none was let through."""
        return self.throttled > 0 and self.calls == 0

    def _recent(self) -> tuple[float, float]:
        """Calls and failures of the newest periods, as many as it takes to have enough calls."""
        failed = {p.at: p.value for p in self.errors}
        calls = failures = 0.0
        for point in reversed(self.invocations):
            calls, failures = calls + point.value, failures + failed.get(point.at, 0.0)
            if calls >= RECENT:
                break
        return calls, failures


def total(points: Iterable[Point]) -> int:
    """The sum over all periods."""
    return round(sum(p.value for p in points))
