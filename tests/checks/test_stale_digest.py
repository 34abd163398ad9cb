from __future__ import annotations

import datetime as dt
import shlex

import pytest

from tests.factories import RECORD, URI, function_code, function_record
from troubleshooter.checks.stale.stale_digest import stale_digest as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import RegistryRecord, StoredImage
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import ErrorText, Invocation, Timeline
from troubleshooter.model import Origin, Outcome, Verdict

CHANGED = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
PUSHED = CHANGED + dt.timedelta(hours=5)
LATER = PUSHED + dt.timedelta(hours=1)
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no text")
NO_LOG = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")
TEXT = GivenText(reading=Reading("pasted text", Origin.PASTED), text="the same error after the deployment")


def registry(tagged: str | None = NEW, pushed: dt.datetime | None = PUSHED, **changes: object) -> RegistryRecord:
    values: dict[str, object] = {
        "reading": Reading("ecr:DescribeImages", Origin.REGISTRY, (PUSHED + dt.timedelta(hours=2)).isoformat()),
        "repository": "demo",
        "tag": "latest",
        "digest": OLD,
        "tagged": StoredImage(tagged, pushed) if tagged else None,
        "running": StoredImage(OLD, CHANGED),
    }
    return RegistryRecord(**{**values, **changes})  # type: ignore[arg-type]


def invocation(status: str, end: dt.datetime = LATER) -> Invocation:
    return Invocation("r-1", "s", "$LATEST", end, end, status=status)


def timeline(*invocations: Invocation, error: dt.datetime | None = None) -> Timeline:
    errors = (ErrorText(error, "s", None, "[ERROR] old prices", platform=False),) if error else ()
    return Timeline(reading=RECORD, invocations=invocations, errors=errors)


def ask(
    found: RegistryRecord, log: Timeline | Unavailable = NO_LOG, text: GivenText | Unavailable = NO_TEXT
) -> Verdict:
    return the_check(function_record(last_modified=CHANGED), function_code(), found, log, text)


@pytest.mark.parametrize(
    ("log", "text"),
    [
        pytest.param(timeline(invocation("error")), NO_TEXT, id="the newest invocation failed"),
        pytest.param(timeline(invocation("timeout")), NO_TEXT, id="the newest invocation timed out"),
        pytest.param(timeline(invocation("success"), error=LATER), NO_TEXT, id="errors in the log since the push"),
        pytest.param(NO_LOG, TEXT, id="a complaint"),
    ],
)
def test_a_newer_image_that_was_never_deployed_while_something_is_wrong(log: Timeline, text: GivenText) -> None:
    verdict = ask(registry(), log, text)
    assert verdict.outcome is Outcome.FAIL
    assert {NEW, f"{URI.partition(':')[0]}@{OLD}"} <= {e.value for e in verdict.evidence}
    assert verdict.remediation
    (command,) = map(shlex.split, verdict.remediation.commands)
    assert command[command.index("--image-uri") + 1] == f"{URI.removesuffix(':latest')}@{NEW}"


@pytest.mark.parametrize(
    ("found", "log", "outcome"),
    [
        pytest.param(registry(OLD), timeline(invocation("error")), Outcome.PASS, id="the tag's image runs"),
        pytest.param(registry(), timeline(invocation("success")), Outcome.UNKNOWN, id="nothing is wrong"),
        pytest.param(
            registry(), timeline(invocation("error", CHANGED)), Outcome.UNKNOWN, id="it failed before the push only"
        ),
        pytest.param(
            registry(), timeline(invocation("success"), error=CHANGED), Outcome.UNKNOWN, id="errors before the push"
        ),
        pytest.param(
            registry(), timeline(invocation("error"), invocation("success")), Outcome.UNKNOWN, id="it recovered"
        ),
        pytest.param(registry(), NO_LOG, Outcome.UNKNOWN, id="the log is not read"),
        pytest.param(registry(pushed=CHANGED), timeline(invocation("error")), Outcome.UNKNOWN, id="pushed before"),
        pytest.param(
            registry(pushed=CHANGED + dt.timedelta(minutes=5)),
            timeline(invocation("error")),
            Outcome.UNKNOWN,
            id="pushed in the course of the deployment",
        ),
        pytest.param(registry(pushed=None), timeline(invocation("error")), Outcome.UNKNOWN, id="time not told"),
        pytest.param(
            registry(reading=Reading("ecr:DescribeImages", Origin.REGISTRY, PUSHED.isoformat())),
            timeline(invocation("error")),
            Outcome.UNKNOWN,
            id="pushed just now",
        ),
        pytest.param(registry(tag=None, tagged=None), NO_LOG, Outcome.NOT_APPLICABLE, id="deployed by digest"),
        pytest.param(registry(None), NO_LOG, Outcome.NOT_APPLICABLE, id="the tag is gone"),
        pytest.param(registry(digest=None), NO_LOG, Outcome.NOT_APPLICABLE, id="the digest is not known"),
    ],
)
def test_a_tag_may_move(found: RegistryRecord, log: Timeline, outcome: Outcome) -> None:
    assert ask(found, log).outcome is outcome
