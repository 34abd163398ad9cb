from __future__ import annotations

import pytest

from tests.checks.happened import NOT_GIVEN, exited, exited_in_init, told, went_well
from tests.factories import IMAGE, REGISTRY
from troubleshooter.checks.runtime.process_exits_by_design import process_exits_by_design as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Origin, Outcome

WELL = "without providing a reason"
UNREAD = Unavailable(Reason.DENIED, "ecr:BatchGetImage was denied")
OTHER = RuntimeModel(reading=IMAGE, language="other", client="unknown")
LAUNCH = EffectiveLaunch(
    reading=REGISTRY,
    entrypoint=("/usr/local/bin/report",),
    command=("--all",),
    workdir="/",
    entrypoint_origin="image",
    command_origin="image",
    workdir_origin="image",
    evidence=(Evidence("ENTRYPOINT", "/usr/local/bin/report", "image config", "now", Origin.REGISTRY),),
)


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told(exited_in_init(WELL, "all done")), Outcome.FAIL, id="ends well in init"),
        pytest.param(told(exited_in_init("with error: exit status 0")), Outcome.FAIL, id="status 0"),
        pytest.param(told(exited_in_init("with error: exit status 1")), Outcome.PASS, id="a failure of the program"),
        pytest.param(told(exited_in_init("with error: signal: killed")), Outcome.PASS, id="killed"),
        pytest.param(told(exited(WELL)), Outcome.NOT_APPLICABLE, id="in an invocation: sys_exit_in_code"),
        pytest.param(told(exited_in_init(WELL), *[went_well()] * 5), Outcome.PASS, id="long over"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing was invoked"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline, OTHER, LAUNCH).outcome is outcome


@pytest.mark.parametrize(
    ("runtime", "launch"),
    [
        pytest.param(RuntimeModel(reading=IMAGE, language="python", client="ric"), LAUNCH, id="a client was started"),
        pytest.param(UNREAD, LAUNCH, id="image not read"),
        pytest.param(OTHER, UNREAD, id="launch not read"),
        pytest.param(NOT_GIVEN, NOT_GIVEN, id="a log alone"),
    ],
)
def test_what_is_not_known_to_be_a_program_stays_open(runtime: object, launch: object) -> None:
    verdict = the_check(told(exited_in_init(WELL)), runtime, launch)  # type: ignore[arg-type]
    assert verdict.outcome is Outcome.UNKNOWN


def test_failure_cites_the_platform_and_what_was_launched() -> None:
    verdict = the_check(told(exited_in_init(WELL)), OTHER, LAUNCH)
    assert [e.origin for e in verdict.evidence] == [Origin.PLATFORM_LOG, Origin.PLATFORM_LOG, Origin.REGISTRY]
    assert verdict.remediation
