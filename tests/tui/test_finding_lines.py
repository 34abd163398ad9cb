"""What the diagnosis screen says beside the proof: what was changed, and the local image. It fits 80 columns and accuses nobody."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from tests.factories import RECORD
from troubleshooter.comparison import Comparison
from troubleshooter.facts.changes import Change, Changes
from troubleshooter.tui.finding_screen import CHANGES, FindingScreen

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
WHO = "arn:aws:sts::123456789012:assumed-role/a-pipeline-with-a-long-name/and-a-long-session-name"


def lines(part: str, **session: Any) -> list[str]:
    screen: Any = SimpleNamespace(session=SimpleNamespace(**session))
    return [str(line) for line in getattr(FindingScreen, part)(screen)]


def test_the_nearest_changes_in_few_lines() -> None:
    many = tuple(Change(AT, f"timeout {n}", "cloudtrail:LookupEvents", "3", "30" * 60, WHO) for n in range(5))
    shown = lines("_changes", changes=Changes(reading=RECORD, changes=many))
    assert shown[2].startswith("· by arn:aws:sts::")
    assert "leads, not causes" in shown[0]
    assert "timeout 0: 3 → 30" in shown[1]
    assert f"{5 - CHANGES} more in the report" in shown[-2]
    assert max(map(len, shown)) <= 80


def test_nothing_changed_says_nothing() -> None:
    assert lines("_changes", changes=None) == []
    assert lines("_changes", changes=Changes(reading=RECORD)) == []


def test_the_local_image_in_two_lines() -> None:
    other = Comparison("different", "sha256:a", "sha256:b", (("command", "x", "y"),), (2, 4, 5), "", ("~ /app.py",) * 9)
    shown = lines("_compared", comparison=other)
    assert shown[0] == "The local image is not the deployed one"
    assert shown[1].startswith("· differs in command, layers from 3 on, ~ /app.py")
    assert max(map(len, shown)) <= 80
    assert lines("_compared", comparison=None) == []
    assert lines("_compared", comparison=Comparison("same", "a", "a"))[0] == "The local image is the deployed one"
