from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import RECORD, function_record
from troubleshooter.checks.stale.alias_points_to_old_version import alias_points_to_old_version as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import Alias, Version, Versions
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.model import Origin, Outcome, Verdict

CHANGED = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
LATER = CHANGED + dt.timedelta(hours=1)
READ = Reading("lambda:ListVersionsByFunction", Origin.RECORD, (CHANGED + dt.timedelta(hours=2)).isoformat())
DENIED = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
TEXT = GivenText(reading=Reading("pasted text", Origin.PASTED), text="the old behaviour is still there")
LIVE = Alias("live", "40")
LATEST, OLD, NEWER = Version("$LATEST", "new", CHANGED), Version("40", "old"), Version("41", "new")


def versions(*known: Version, aliases: tuple[Alias, ...] = (LIVE,), reading: Reading = READ) -> Versions:
    return Versions(reading=reading, versions=known or (LATEST, OLD), aliases=aliases)


def calls(*called: str, at: dt.datetime | None = LATER) -> LogEvents:
    events = tuple(LogEvent(at, "s", f"START RequestId: r-{v} Version: {v}\n") for v in called)
    return LogEvents(reading=RECORD, group="/aws/lambda/demo", events=events)


def ask(
    found: Versions,
    log: LogEvents | Unavailable,
    *,
    text: GivenText | Unavailable = NO_TEXT,
    version: str | None = "$LATEST",
) -> Verdict:
    return the_check(function_record(version=version), found, log, text)


def commands(verdict: Verdict) -> tuple[str, ...]:
    assert verdict.remediation
    return verdict.remediation.commands


def test_only_the_old_version_is_called_since_the_newer_code_came() -> None:
    verdict = ask(versions(), calls("40"))
    assert verdict.outcome is Outcome.FAIL
    assert {"live → 40", "old", "new", "START RequestId: r-40 Version: 40"} <= {e.value for e in verdict.evidence}
    (command,) = commands(verdict)
    assert "update-alias" in command
    assert "publish-version" in command


def test_the_log_in_json_tells_it_too() -> None:
    line = '{"time":"2026-01-02T01:00:00Z","type":"platform.start","record":{"requestId":"r-1","version":"40"}}'
    log = LogEvents(reading=RECORD, group="g", events=(LogEvent(LATER, "s", line),))
    assert ask(versions(), log).outcome is Outcome.FAIL


def test_a_published_version_may_have_been_taken_back_unless_someone_complains() -> None:
    published = versions(LATEST, OLD, NEWER)
    assert ask(published, calls("40")).outcome is Outcome.UNKNOWN
    verdict = ask(published, calls("40"), text=TEXT)
    assert verdict.outcome is Outcome.FAIL
    (command,) = commands(verdict)
    assert "--function-version 41" in command


@pytest.mark.parametrize(
    ("found", "log", "outcome"),
    [
        pytest.param(versions(aliases=()), calls("40"), Outcome.NOT_APPLICABLE, id="no alias"),
        pytest.param(versions(LATEST, Version("40", "new")), calls("40"), Outcome.PASS, id="the same code"),
        pytest.param(
            versions(aliases=(Alias("live", "40", (("41", 0.1),)),)), calls("40"), Outcome.PASS, id="calls are shifted"
        ),
        pytest.param(
            versions(LATEST, OLD, NEWER, aliases=(LIVE, Alias("test", "41"))),
            calls("40"),
            Outcome.NOT_APPLICABLE,
            id="released one alias after the other",
        ),
        pytest.param(versions(), calls("40", "$LATEST"), Outcome.UNKNOWN, id="the newest code is called too"),
        pytest.param(versions(LATEST, OLD, NEWER), calls("40", "41"), Outcome.UNKNOWN, id="blue and green"),
        pytest.param(versions(), calls("40", "39"), Outcome.UNKNOWN, id="a version that is not listed"),
        pytest.param(versions(), calls(), Outcome.UNKNOWN, id="nothing is called"),
        pytest.param(versions(), calls("40", at=CHANGED), Outcome.UNKNOWN, id="called before only"),
        pytest.param(versions(), calls("40", at=None), Outcome.UNKNOWN, id="called, who knows when"),
        pytest.param(versions(), DENIED, Outcome.UNKNOWN, id="the log is not read"),
        pytest.param(
            versions(reading=Reading("lambda:ListVersionsByFunction", Origin.RECORD, CHANGED.isoformat())),
            calls("40"),
            Outcome.UNKNOWN,
            id="changed just now",
        ),
        pytest.param(versions(OLD), calls("40"), Outcome.UNKNOWN, id="$LATEST is not listed"),
    ],
)
def test_pinned_and_shifted_releases_are_innocent(
    found: Versions, log: LogEvents | Unavailable, outcome: Outcome
) -> None:
    assert ask(found, log).outcome is outcome


def test_who_asks_for_a_version_means_it() -> None:
    assert ask(versions(), calls("40"), version="40").outcome is Outcome.NOT_APPLICABLE
