"""Where does it stop? Timelines and texts to ladder and symptom."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.factories import function_record
from troubleshooter import suspects
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import InitRecord, Invocation, LaunchError, Timeline
from troubleshooter.model import Origin, Role, Rung, RungState
from troubleshooter.triage import Triage, failing_rung, triage

BEGIN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
NO_TEXT = Unavailable(Reason.NOT_GIVEN, "no error text was given")
NO_LOGS = Unavailable(Reason.DENIED, "logs:FilterLogEvents was denied")


def at(seconds: float) -> dt.datetime:
    return BEGIN + dt.timedelta(seconds=seconds)


def init(
    status: str, kind: str | None = None, *, seconds: float = 0, phase: str = "init", ms: float = 9.0
) -> InitRecord:
    return InitRecord(at(seconds), "A", ms, phase, status, kind)


def call(
    status: str = "success", kind: str | None = None, *, seconds: float = 1, error: str | None = None
) -> Invocation:
    return Invocation(
        f"r{seconds}", "A", "$LATEST", at(seconds), at(seconds + 0.5), 40.0, status=status, error_type=kind, error=error
    )


def timeline(*parts: object) -> Timeline:
    return Timeline(
        reading=Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG),
        inits=tuple(p for p in parts if isinstance(p, InitRecord)),
        invocations=tuple(p for p in parts if isinstance(p, Invocation)),
        launch_errors=tuple(p for p in parts if isinstance(p, LaunchError)),
        events=len(parts),
    )


def deployed(*parts: object) -> Triage:
    return triage(Role.DEPLOYED, function_record(), timeline(*parts), NO_TEXT)


@pytest.mark.parametrize(
    ("parts", "rung"),
    [
        pytest.param([init("error", "Runtime.InvalidEntrypoint")], Rung.SPAWN, id="spawn"),
        pytest.param([init("error", "Runtime.InvalidWorkingDir")], Rung.SPAWN, id="working directory"),
        pytest.param([init("error", "Runtime.ExitError")], Rung.RUNTIME, id="process ended"),
        pytest.param([init("error", "Runtime.ImportModuleError")], Rung.HANDLER, id="import"),
        pytest.param([init("error", "Runtime.HandlerNotFound")], Rung.HANDLER, id="export"),
        pytest.param([init("error", "Runtime.Unknown")], Rung.HANDLER, id="another exception at import"),
        pytest.param([init("timeout", ms=10000.0)], Rung.INIT, id="init timeout"),
        pytest.param([init("success"), call("timeout", "Sandbox.Timedout")], Rung.INVOKE, id="timeout"),
        pytest.param([init("success"), call("error", "Runtime.ExitError")], Rung.INVOKE, id="killed"),
        pytest.param([init("success"), call("error", "Function.ResponseSizeTooLarge")], Rung.RESPONSE, id="too large"),
        pytest.param([call(), call("error", "ValueError", seconds=9)], Rung.INVOKE, id="the function's own error"),
        pytest.param(
            [init("error", "Runtime.InvalidEntrypoint"), call("error", "Runtime.InvalidEntrypoint")],
            Rung.SPAWN,
            id="a broken init and the invocation behind it",
        ),
        pytest.param(
            [init("error", "PermissionError"), call("error", "PermissionError")], Rung.HANDLER, id="own error at import"
        ),
    ],
)
def test_the_failing_rung_is_read_from_what_the_platform_says(parts: list[object], rung: Rung) -> None:
    assert failing_rung(deployed(*parts)) is rung


def test_everything_below_a_failing_rung_was_passed_and_nothing_above_is_known() -> None:
    states = {r.rung: r.state for r in deployed(init("error", "Runtime.ImportModuleError")).ladder}
    assert states[Rung.SPAWN] is states[Rung.RUNTIME] is RungState.PASSED
    assert states[Rung.HANDLER] is RungState.FAILED
    assert states[Rung.INIT] is states[Rung.INVOKE] is RungState.UNKNOWN


def test_an_init_that_ran_out_of_time_does_not_show_that_the_client_ever_spoke() -> None:
    states = {r.rung: r.state for r in deployed(init("timeout", ms=10000.0)).ladder}
    assert states[Rung.RUNTIME] is RungState.UNKNOWN


def test_an_init_that_ran_out_of_time_suggests_so_whatever_the_log_format() -> None:
    texts = deployed(init("timeout", ms=10000.2)).symptom.texts
    assert suspects.rank(texts)[0].cause == "init_timeout"


def test_the_newest_success_shows_health() -> None:
    result = deployed(init("error", "Runtime.ImportModuleError"), call(seconds=5), call(seconds=9))
    assert failing_rung(result) is None
    assert result.symptom.healthy


def test_one_of_the_functions_own_errors_among_successes_is_not_a_symptom() -> None:
    assert deployed(call(seconds=1), call("error", "KeyError", seconds=2), call(seconds=3)).symptom.healthy


def test_failures_of_the_platform_kind_that_go_on_are_a_symptom_even_if_the_newest_succeeds() -> None:
    parts = [call("timeout", "Sandbox.Timedout", seconds=n) for n in range(5)]
    assert failing_rung(deployed(*parts, call(seconds=9))) is Rung.INVOKE


def test_without_logs_nothing_is_said_of_health() -> None:
    result = triage(Role.DEPLOYED, function_record(), NO_LOGS, NO_TEXT)
    assert failing_rung(result) is None
    assert not result.symptom.healthy
    assert "denied" in result.symptom.summary


def test_the_record_speaks_of_readiness() -> None:
    record = function_record(state="Failed", state_reason_code="InvalidImage", state_reason="…")
    assert failing_rung(triage(Role.DEPLOYED, record, NO_LOGS, NO_TEXT)) is Rung.READY
    waiting = function_record(update_status="InProgress")
    assert failing_rung(triage(Role.DEPLOYED, waiting, timeline(call()), NO_TEXT)) is Rung.READY


def test_idle_is_normal() -> None:
    record = function_record(state="Inactive", state_reason_code="Idle")
    assert failing_rung(triage(Role.DEPLOYED, record, NO_LOGS, NO_TEXT)) is None


def test_pasted_text_gives_a_symptom_without_anything_else() -> None:
    text = GivenText(
        reading=Reading("pasted text", Origin.PASTED), text="fork/exec /lambda-entrypoint.sh: exec format error"
    )
    gap = Unavailable(Reason.NOT_GIVEN, "nothing")
    result = triage(Role.PROPOSED, gap, gap, text)
    assert failing_rung(result) is Rung.SPAWN
    assert suspects.rank(result.symptom.texts)[0].cause == "arch_image_function_mismatch"
    assert not any(e.origin.proves for e in result.symptom.evidence)


def test_a_launch_error_line_alone_is_enough() -> None:
    error = LaunchError(at(0), "A", "ProcessSpawnFailed", "/lambda-entrypoint.sh", "app.handler", "/var/task")
    result = deployed(error)
    assert failing_rung(result) is Rung.SPAWN
    assert "ProcessSpawnFailed" in result.symptom.summary
