"""What was logged before the last change is history: whatever it says, it accuses nothing that runs now."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import function_record
from troubleshooter.checks import all_checks
from troubleshooter.diagnosis import fold, settle
from troubleshooter.facts import Reading, Reason, Store, Unavailable
from troubleshooter.facts.given import GivenFunction, GivenLogs, GivenOptions, GivenText
from troubleshooter.facts.logs import LogEvent, LogEvents, Timeline
from troubleshooter.model import Origin, Outcome, Role, Severity, Status, Subject
from troubleshooter.triage import triage
from troubleshooter.world import all_providers

CHANGED = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
REQUEST = "8e6a5b1c-0000-4000-8000-{:012d}"
INIT = "INIT_REPORT Init Duration: {ms} ms\tPhase: {phase}\tStatus: {status}\tError Type: {kind}"
END = "REPORT RequestId: {id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 512 MB\tMax Memory Used: 512 MB"
FAILURES = (
    [INIT.format(ms="9.09", phase="init", status="error", kind="Runtime.InvalidEntrypoint")],
    [INIT.format(ms="9.09", phase="init", status="error", kind="Runtime.InvalidWorkingDir")],
    [INIT.format(ms="10008.42", phase="init", status="timeout", kind="Sandbox.Timedout")],
    [
        "IMAGE\tLaunch error: fork/exec /lambda-entrypoint.sh: exec format error\tEntrypoint: [/lambda-entrypoint.sh]\t"
        "Cmd: [app.handler]\tWorkingDir: [/var/task]"
    ],
    [
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'requests'\nTraceback (most recent call last):",
        INIT.format(ms="300.00", phase="init", status="error", kind="Runtime.ImportModuleError"),
    ],
    [
        "START RequestId: {id} Version: $LATEST",
        "{time} {id} Task timed out after 30.03 seconds",
        "END RequestId: {id}",
        END + "\tStatus: timeout",
    ],
    [
        "START RequestId: {id} Version: $LATEST",
        "RequestId: {id} Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
        "END RequestId: {id}",
        END + "\tStatus: error\tError Type: Runtime.ExitError",
    ],
    [
        "START RequestId: {id} Version: $LATEST",
        "[ERROR] ClientError: An error occurred (AccessDeniedException) when calling the GetItem operation: User: "
        "arn:aws:sts::123456789012:assumed-role/demo/demo is not authorized to perform: dynamodb:GetItem",
        "END RequestId: {id}",
        END,
    ],
    ["EXTENSION\tName: agent\tState: LaunchError\tEvents: []\tError Type: UnknownError"],
)
HEALTHY = ("START RequestId: {id} Version: $LATEST", "END RequestId: {id}", END.replace("3000", "12"))


def _events(blocks: list[tuple[list[str], float]], *, after: bool) -> list[LogEvent]:
    events = []
    for number, (lines, seconds) in enumerate(blocks):
        begin = CHANGED + dt.timedelta(seconds=seconds if after else -seconds)
        for place, text in enumerate(lines):
            at = begin + dt.timedelta(milliseconds=place)
            said = text.replace("{id}", REQUEST.format(number + 1000 * after)).replace(
                "{time}", f"{at:%Y-%m-%dT%H:%M:%SZ}"
            )
            events.append(LogEvent(at, f"2026/01/02/[$LATEST]{number:032x}", said))
    return sorted(events, key=lambda e: e.at or CHANGED)


failing = st.lists(
    st.tuples(st.sampled_from(FAILURES), st.floats(min_value=10, max_value=299, allow_nan=False)),
    min_size=1,
    max_size=5,
)
fine = st.lists(st.tuples(st.just(list(HEALTHY)), st.floats(min_value=5, max_value=3000, allow_nan=False)), max_size=3)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=failing, new=fine)
def test_failures_before_the_last_change_accuse_nothing(
    old: list[tuple[list[str], float]], new: list[tuple[list[str], float]]
) -> None:
    reading = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
    events = (*_events(old, after=False), *_events(new, after=True))
    logs = LogEvents(
        reading=reading,
        group="/aws/lambda/demo",
        group_exists=True,
        events=events,
        complete=True,
        since=CHANGED - dt.timedelta(minutes=5),
        streams_exist=True,
    )
    subject = Subject(Role.DEPLOYED)
    given_function = GivenFunction(reading=Reading("TARGET", Origin.ANSWER), name="demo")
    options = GivenOptions(reading=Reading("--offline", Origin.ANSWER), offline=True)
    absent = {kind: Unavailable(Reason.NOT_GIVEN, "not given") for kind in (GivenText, GivenLogs)}
    record = function_record(last_modified=CHANGED)
    store = Store(all_providers(), [subject, given_function, options, record, logs], missing=absent)
    seen = triage(Role.DEPLOYED, record, store.get(Timeline), absent[GivenText])
    findings = [check.find(store, subject, on_path=False) for check in all_checks().values()]
    loud = [f for f in findings if f.outcome is Outcome.FAIL and f.severity is not Severity.INFO]
    assert loud == []
    assert seen.symptom.rung is None, seen.symptom
    diagnosis = fold(seen, settle(findings, seen.ladder, Role.DEPLOYED))
    assert diagnosis.status in (Status.NONE, Status.INCONCLUSIVE)
    assert diagnosis.causes == ()
    assert diagnosis.suspects == ()


def test_the_same_failures_after_the_change_do_accuse() -> None:
    reading = Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG)
    for lines in FAILURES[:4]:
        events = tuple(_events([(lines, 60)], after=True))
        logs = LogEvents(reading=reading, group="g", group_exists=True, events=events, complete=True, since=CHANGED)
        record = function_record(last_modified=CHANGED)
        store = Store(all_providers(), [Subject(Role.DEPLOYED), record, logs])
        seen = triage(Role.DEPLOYED, record, store.get(Timeline), Unavailable(Reason.NOT_GIVEN, "not given"))
        assert seen.symptom.rung is not None, lines
