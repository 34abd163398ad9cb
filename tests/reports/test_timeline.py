"""The rows that every face draws."""

from __future__ import annotations

from typing import Any

import pytest

from troubleshooter.reports import timeline


def span(**changes: Any) -> dict[str, Any]:
    plain = {
        "at": "2026-01-02T12:01:07.120Z",
        "kind": "invocation",
        "status": "success",
        "ms": 1000.0,
        "phase": "",
        "request_id": "1a2b3c4d-0000",
        "attempt": 1,
        "init_ms": None,
        "frozen_ms": None,
        "late_lines": 0,
        "memory_mb": 128,
        "max_memory_mb": 60,
        "error_type": "",
    }
    return {**plain, **changes}


def record(*spans: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plain = {
        "source": "logs:FilterLogEvents",
        "timeout_ms": 4000,
        "environments": [{"stream": "s", "version": "7", "spans": list(spans)}],
        "left_out": 0,
        "cold_starts": 0,
        "retries": 0,
        "late_lines": 0,
    }
    return {**plain, **changes}


def test_a_bar_is_a_share_of_the_timeout_or_of_what_took_longer() -> None:
    (lane,) = timeline.lanes(record(span()))
    assert lane.title == "environment 1  version 7  s"
    assert lane.rows[0].share == 0.25
    (lane,) = timeline.lanes(record(span(), span(ms=10_000.0)))
    assert [r.share for r in lane.rows] == [0.1, 1.0]


def test_what_is_odd_is_said_beside_it() -> None:
    odd = span(attempt=2, init_ms=812.0, late_lines=1, max_memory_mb=127, frozen_ms=242_000, error_type="Runtime.X")
    (lane,) = timeline.lanes(record(odd))
    assert lane.rows[0] == timeline.Row("", "frozen", "4 min 2 s", 0, "")
    assert lane.rows[1].remarks == (
        "Runtime.X",
        "delivery 2 of the same request",
        "cold start, init 812 ms",
        "1 line of earlier work written here",
        "127 of 128 MB, full",
    )


def test_an_init_that_was_done_again_says_so() -> None:
    again = span(kind="init", phase="invoke", status="error", error_type="Runtime.ExitError")
    (lane,) = timeline.lanes(record(again))
    assert lane.rows[0].what == "init"
    assert lane.rows[0].remarks == ("Runtime.ExitError", "done again at the first invocation")


def test_only_the_newest_where_a_number_is_given() -> None:
    old, new = span(at="2026-01-02T12:00:00.000Z"), span(at="2026-01-02T13:00:00.000Z")
    told = record(old)
    told["environments"].append({"stream": "t", "version": "7", "spans": [new]})
    assert [lane.title for lane in timeline.lanes(told, 1)] == ["environment 2  version 7  t"]


def test_what_is_not_known_is_left_empty() -> None:
    (lane,) = timeline.lanes(record(span(at=None, ms=None, status="unknown", max_memory_mb=None), timeout_ms=None))
    assert lane.rows == (timeline.Row("", "invocation 1a2b3c4d", "?", 0, "unknown"),)


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (0.0001, "▏"), (0.5, "██"), (0.53125, "██▏"), (1, "████"), (7, "████")]
)
def test_bar(share: float, drawn: str) -> None:
    assert timeline.bar(share, 4) == drawn


@pytest.mark.parametrize(
    ("ms", "said"),
    [(None, "?"), (0.27, "0.3 ms"), (12, "12 ms"), (999, "999 ms"), (1300, "1.3 s"), (242_000, "4 min 2 s"),
     (11_100_000, "3 h 5 min")],
)  # fmt: skip
def test_duration(ms: float | None, said: str) -> None:
    assert timeline.duration(ms) == said


def test_summary_counts() -> None:
    told = record(span(), span(status="error"), span(kind="init", status="timeout"), cold_starts=1, retries=2)
    assert timeline.summary(told) == (
        "2 invocations, 1 execution environment, 1 with an error, 1 failed init, 1 cold start, 2 repeated deliveries"
    )
