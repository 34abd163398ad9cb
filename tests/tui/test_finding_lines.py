"""What the diagnosis screen says beside the proof: what was changed, and the local image. It fits 80 columns and accuses nobody."""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import SimpleNamespace
from typing import Any

from tests.factories import RECORD
from troubleshooter.comparison import Comparison
from troubleshooter.facts.changes import Change, Changes
from troubleshooter.model import Evidence, Finding, Origin, Outcome, Role, Rung, Severity, Subject, Verdict
from troubleshooter.tui.finding_screen import CHANGES, FindingScreen, _evidence
from troubleshooter.tui.inert import SHORTEST, hanging

AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
WHO = "arn:aws:sts::123456789012:assumed-role/a-pipeline-with-a-long-name/and-a-long-session-name"


def lines(part: str, **session: Any) -> list[str]:
    screen: Any = SimpleNamespace(session=SimpleNamespace(**session), size=SimpleNamespace(width=80))
    return [str(line) for line in getattr(FindingScreen, part)(screen)]


def test_the_nearest_changes_in_few_lines() -> None:
    many = tuple(Change(AT, f"timeout {n}", "cloudtrail:LookupEvents", "3", "30" * 60, WHO) for n in range(5))
    shown = lines("_changes", changes=Changes(reading=RECORD, changes=many))
    assert any(line.lstrip().startswith("by arn:aws:sts::") for line in shown)
    assert {len(line) - len(line.lstrip()) for line in shown[1:-2] if line} == {0, len("01-02 03:04  ")}
    assert "leads, not causes" in shown[0]
    assert "timeout 0: 3 →" in shown[1]
    assert len(shown) <= 3 + CHANGES * 6
    assert f"{5 - CHANGES} more in the report" in shown[-2]
    assert max(map(len, shown)) <= 80


def test_nothing_changed_says_nothing() -> None:
    assert lines("_changes", changes=None) == []
    assert lines("_changes", changes=Changes(reading=RECORD)) == []


def test_the_local_image_in_few_lines() -> None:
    other = Comparison("different", "sha256:a", "sha256:b", (("command", "x", "y"),), (2, 4, 5), "", ("~ /app.py",) * 9)
    shown = lines("_compared", comparison=other)
    assert shown[0] == "The local image is not the deployed one"
    assert shown[1].startswith("· differs in command, layers from 3 on, ~ /app.py")
    assert max(map(len, shown)) <= 80
    assert len(shown) <= 5
    assert lines("_compared", comparison=None) == []
    assert lines("_compared", comparison=Comparison("same", "a", "a"))[0] == "The local image is the deployed one"


def test_text_behind_a_label_stays_under_its_first_line_whatever_the_width() -> None:
    digest = "sha256:" + "a" * 64
    for width in (10, 40, 76):
        lines = [str(line) for line in hanging("Fix  ", f"pull {digest} and {'x' * 90}\nthen wait", width)]
        assert lines[0].startswith("Fix  pull")
        assert all(line.startswith("     ") for line in lines[1:])
        assert max(map(len, lines)) <= max(width, len("Fix  ") + SHORTEST)
        assert digest not in "".join(lines)
    assert [str(line) for line in hanging("a  ", "", 20)] == ["a  "]


def test_a_long_label_leaves_room_for_what_was_seen() -> None:
    long = "build step that brought /var/task/app.py (layer 2 of 2, sha256:000dfa5f326d)"
    evidence = tuple(
        Evidence(label, "seen " * 12, "image /var/task/app.py", "2026-01-02T03:04:05Z", Origin.IMAGE)
        for label in ("image architecture", long)
    )
    found = Finding("demo", Subject(Role.DEPLOYED), Rung.SPAWN, Severity.ERROR, Verdict(Outcome.FAIL, "m", evidence))
    for width in (56, 76):
        shown = [str(line) for line in _evidence(found, width)]
        assert max(map(len, shown)) <= width
        assert all(shown[:-1])
        assert len(shown) <= 12
    short = dataclasses.replace(found, verdict=dataclasses.replace(found.verdict, evidence=evidence[1:]))
    assert str(_evidence(short, 76)[1]).startswith("    seen")
