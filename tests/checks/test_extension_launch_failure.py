from __future__ import annotations

import pytest

from tests.checks.happened import called, exited, told, went_well
from troubleshooter.checks.spawn.extension_launch_failure import extension_launch_failure as the_check
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome

NOT_LAUNCHED = "EXTENSION\tName: README.md\tState: LaunchError\tEvents: []\tError Type: PermissionDenied"
INIT = "INIT_REPORT Init Duration: 12.1 ms\tPhase: init\tStatus: error\tError Type: Extension.LaunchError"
CRASHED = [
    "INIT_REPORT Init Duration: 900.1 ms\tPhase: init\tStatus: error\tError Type: Extension.Crash",
    "INIT_REPORT Init Duration: 901.1 ms\tPhase: invoke\tStatus: error\tError Type: Extension.Crash",
    *called(
        "RequestId: {id} Error: exit code 1\nExtension.Crash",
        report="Duration: 3 ms\tStatus: error\tError Type: Extension.Crash",
    ),
]
JSON = [
    '{"time":"2026-01-02T03:04:05.000Z","type":"platform.extension","record":{"name":"agent","state":"LaunchError",'
    '"events":[],"errorType":"Extension.LaunchError"}}',
    '{"time":"2026-01-02T03:04:05.100Z","type":"platform.initReport","record":{"initializationType":"on-demand",'
    '"phase":"init","status":"error","errorType":"Extension.LaunchError","metrics":{"durationMs":11.2}}}',
]


@pytest.mark.parametrize(
    ("timeline", "outcome"),
    [
        pytest.param(told([NOT_LAUNCHED, INIT]), Outcome.FAIL, id="init alone"),
        pytest.param(
            told(went_well(), [NOT_LAUNCHED, INIT, *exited("with error: exit status 1")]), Outcome.FAIL, id="call"
        ),
        pytest.param(told(JSON), Outcome.FAIL, id="JSON format"),
        pytest.param(told([INIT]), Outcome.FAIL, id="by the type alone"),
        pytest.param(told(CRASHED), Outcome.UNKNOWN, id="one that crashed was launched"),
        pytest.param(told([NOT_LAUNCHED, *went_well()]), Outcome.PASS, id="the function works all the same"),
        pytest.param(told([NOT_LAUNCHED, INIT], *[went_well()] * 6), Outcome.PASS, id="long over"),
        pytest.param(
            told(["EXTENSION\tName: agent\tState: Ready\tEvents: []", *went_well()]), Outcome.PASS, id="ready"
        ),
        pytest.param(told(exited("with error: exit status 1")), Outcome.PASS, id="the process itself ended"),
        pytest.param(told(), Outcome.NOT_APPLICABLE, id="nothing happened"),
    ],
)
def test_outcome(timeline: Timeline, outcome: Outcome) -> None:
    assert the_check(timeline).outcome is outcome


@pytest.mark.parametrize(("lines", "name"), [([NOT_LAUNCHED, INIT], "README.md"), (JSON, "agent")])
def test_failure_names_the_file(lines: list[str], name: str) -> None:
    verdict = the_check(told(lines))
    assert name in verdict.message
    assert {e.origin for e in verdict.evidence} == {Origin.PLATFORM_LOG}
    assert verdict.remediation
    assert f"/opt/extensions/{name}" in verdict.remediation.text
