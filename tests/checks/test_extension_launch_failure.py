from __future__ import annotations

import pytest

from tests.checks.happened import called, exited, told, went_well
from tests.factories import function_code, function_record, image_config
from tests.launching import Files, aws_base, image_tree, program
from troubleshooter.analysis.spawn.extensions import extension_starts
from troubleshooter.checks.spawn.extension_launch_failure import extension_launch_failure as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.tree import Entry
from troubleshooter.model import Origin, Outcome, Verdict

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

NOTHING = Unavailable(Reason.NOT_GIVEN, "nothing was given")


def ask(timeline: Timeline | Unavailable, files: Files | None = None) -> Verdict:
    """The check on a log and on an image whose files these are."""
    if files is None:
        return the_check(timeline, NOTHING, NOTHING, NOTHING, NOTHING)
    image, function = image_config(), function_record()
    starts = extension_starts(image_tree({**aws_base(), **files}), image, function)
    return the_check(timeline, starts, image, function, function_code())


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
    assert ask(timeline).outcome is outcome


@pytest.mark.parametrize(("lines", "name"), [([NOT_LAUNCHED, INIT], "README.md"), (JSON, "agent")])
def test_failure_names_the_file(lines: list[str], name: str) -> None:
    verdict = ask(told(lines))
    assert name in verdict.message
    assert {e.origin for e in verdict.evidence} == {Origin.PLATFORM_LOG}
    assert verdict.remediation
    assert f"/opt/extensions/{name}" in verdict.remediation.text


AGENT = "/opt/extensions/agent"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        pytest.param(program("read me", 0o644), "0644", id="not executable"),
        pytest.param(program("echo up"), AGENT, id="no first line"),
        pytest.param(program("#!/usr/bin/ruby\n"), "/usr/bin/ruby", id="absent interpreter"),
        pytest.param(program("#!/bin/sh\r\n"), "carriage return", id="Windows line ends"),
    ],
)
def test_a_file_that_cannot_be_started(file: Entry, words: str) -> None:
    for timeline in (NOTHING, told()):
        found = ask(timeline, {AGENT: file})
        assert found.outcome is Outcome.FAIL
        assert words in found.message
        assert found.remediation
        assert AGENT in found.remediation.text


def test_files_that_start_and_folders_beside_them() -> None:
    files: Files = {AGENT: program("#!/bin/sh\n"), "/opt/extensions/lib/readme": "text"}
    assert ask(NOTHING, files).outcome is Outcome.PASS
    assert ask(NOTHING, {}).outcome is Outcome.NOT_APPLICABLE


def test_an_init_that_went_well_knows_better() -> None:
    assert ask(told(went_well()), {AGENT: program("read me", 0o644)}).outcome is Outcome.PASS


def test_what_the_platform_tells_is_explained_by_the_file() -> None:
    said = [NOT_LAUNCHED.replace("README.md", "flush.sh"), INIT]
    found = ask(told(said), {"/opt/extensions/flush.sh": program("#!/bin/sh\nexec sleep 1\n", mode=0o644)})
    assert found.outcome is Outcome.FAIL
    assert "mode 0644" in found.message
    assert found.evidence[0].source == "image /opt/extensions/flush.sh"
    assert {Origin.IMAGE, Origin.PLATFORM_LOG} <= {e.origin for e in found.evidence}
    fine = ask(told(said), {"/opt/extensions/flush.sh": program("#!/bin/sh\nexec sleep 1\n")})
    assert fine.outcome is Outcome.FAIL
    assert {e.origin for e in fine.evidence} == {Origin.PLATFORM_LOG}
