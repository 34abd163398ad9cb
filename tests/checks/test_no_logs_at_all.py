from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN
from tests.checks.permitting import FUNCTION, IAM, policy
from tests.factories import AT, IMAGE, function_record, tree
from tests.lab.aws_iam import LOGS, allow, deny
from troubleshooter.analysis.iam.policy import decide
from troubleshooter.analysis.iam.role_questions import writing_logs
from troubleshooter.checks.invoke.no_logs_at_all import no_logs_at_all as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ImageTree
from troubleshooter.facts.logs import LogEvent, LogEvents
from troubleshooter.facts.metrics import Metrics, Point
from troubleshooter.facts.permissions import Decision, RoleQuestions, Ruling, Rulings
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Origin, Outcome, Rung, Unblock, Verdict

GROUP = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/demo"
DENIED = Unavailable(Reason.DENIED, "it was denied", Unblock("allow it", "cloudwatch:GetMetricData", "*"))


def log(**changes: Any) -> LogEvents:
    defaults: dict[str, Any] = {"group": "/aws/lambda/demo", "group_exists": False, "streams_exist": False}
    return LogEvents(reading=Reading("logs:FilterLogEvents", Origin.PLATFORM_LOG, AT), **{**defaults, **changes})


def called(times: int = 15, errors: int = 5) -> Metrics:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Metrics(
        reading=Reading("cloudwatch:GetMetricData", Origin.RECORD, AT),
        since=at,
        period_s=300,
        invocations=(Point(at, times),),
        errors=(Point(at, errors),),
    )


def verdict(
    *documents: dict[str, Any],
    events: LogEvents | None = None,
    metrics: Metrics | Unavailable | None = None,
    function: FunctionRecord = FUNCTION,
    files: ImageTree | Unavailable = NOT_GIVEN,
) -> Verdict:
    events = events or log()
    asked = tuple(writing_logs(function, events))
    questions = RoleQuestions(reading=IAM, questions=asked, writing_logs=asked)
    rulings = tuple(Ruling(*q, *decide(policy(*documents), *q)) for q in asked)
    read = Rulings(reading=IAM, rulings=rulings, policies=("app",))
    return the_check(function, events, metrics or called(), questions, read, files)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(allow("s3:*"), id="nothing of logs"),
        pytest.param(allow(LOGS[:2]), id="may make the stream and not write"),
        pytest.param(allow(LOGS[1:]), id="may write, but the group is absent"),
        pytest.param(
            allow(LOGS, "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/other:*"), id="another group"
        ),
        pytest.param(allow(LOGS, GROUP), id="the group without its streams"),
        pytest.param(allow(LOGS, "arn:aws:logs:us-east-1:123456789012:*"), id="another region"),
    ],
)
def test_a_role_that_may_not_log_fails(document: dict[str, Any]) -> None:
    found = verdict(allow("dynamodb:*"), document)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert found.remediation.commands
    assert "15, 5 with errors" in [e.value for e in found.evidence]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(allow(LOGS), id="everywhere"),
        pytest.param(allow("logs:*", "arn:aws:logs:*:*:*"), id="as the console writes it"),
        pytest.param(allow(LOGS, [GROUP, f"{GROUP}:*"]), id="the group and its streams"),
        pytest.param(allow(LOGS, f"{GROUP}:*"), id="its streams"),
    ],
)
def test_a_role_that_may_log_passes(document: dict[str, Any]) -> None:
    assert verdict(document).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        pytest.param({"metrics": called(0, 0)}, Outcome.NOT_APPLICABLE, id="never called"),
        pytest.param({"metrics": DENIED}, Outcome.UNKNOWN, id="metrics denied"),
        pytest.param(
            {"events": log(group_exists=True, events=(LogEvent(None, "s", "x"),))}, Outcome.NOT_APPLICABLE, id="it logs"
        ),
        pytest.param(
            {"function": function_record(environment_error="KMSDisabledException")},
            Outcome.NOT_APPLICABLE,
            id="it does not start at all",
        ),
        pytest.param({"events": log(group_exists=True)}, Outcome.FAIL, id="a group without a stream"),
        pytest.param(
            {"events": log(group_exists=True, streams_exist=True)}, Outcome.FAIL, id="nothing since the change"
        ),
    ],
)
def test_what_has_to_be_there(changes: dict[str, Any], outcome: Outcome) -> None:
    found = verdict(allow("s3:*"), **changes)
    assert found.outcome is outcome
    if outcome is Outcome.UNKNOWN:
        assert found.unblock


def test_an_existing_group_need_not_be_made() -> None:
    assert verdict(allow(LOGS[1:]), events=log(group_exists=True)).outcome is Outcome.PASS


def test_a_condition_leaves_it_open() -> None:
    found = verdict(allow(LOGS, Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    assert found.outcome is Outcome.UNKNOWN


def test_where_all_goes_well_only_the_work_on_it_is_harder() -> None:
    assert verdict(allow("s3:*"), metrics=called(15, 0)).rung is Rung.COMPLETION
    assert verdict(allow("s3:*"), metrics=called(15, 9)).rung is Rung.INVOKE


@pytest.mark.parametrize("metrics", [called(15, 0), called(15, 9)])
def test_an_explicit_denial_is_an_intention(metrics: Metrics) -> None:
    found = verdict(allow(LOGS), deny(LOGS, Sid="LogsGoElsewhere"), metrics=metrics)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock
    assert any("LogsGoElsewhere" in e.value for e in found.evidence)


def test_so_is_that_of_an_organisation() -> None:
    asked = tuple(writing_logs(FUNCTION, log()))
    questions = RoleQuestions(reading=IAM, questions=asked, writing_logs=asked)

    def simulated(how: str) -> Outcome:
        read = tuple(Ruling(*q, Decision.ALLOWED, simulated=how, organization=False) for q in asked)
        rulings = Rulings(reading=IAM, rulings=read)
        return the_check(FUNCTION, log(), called(), questions, rulings, NOT_GIVEN).outcome

    assert simulated("explicitDeny") is Outcome.UNKNOWN
    assert simulated("implicitDeny") is Outcome.FAIL


@pytest.mark.parametrize(
    ("path", "mode", "errors", "outcome"),
    [
        pytest.param("/opt/extensions/shipper", 0o755, 0, Outcome.UNKNOWN, id="it may ship them"),
        pytest.param("/opt/extensions/shipper", 0o755, 5, Outcome.FAIL, id="and calls fail"),
        pytest.param("/opt/extensions/README", 0o644, 0, Outcome.FAIL, id="nothing that runs"),
        pytest.param("/opt/lib/shipper", 0o755, 0, Outcome.FAIL, id="elsewhere"),
    ],
)
def test_an_extension_beside_a_function_that_goes_well(path: str, mode: int, errors: int, outcome: Outcome) -> None:
    files = ImageTree(reading=IMAGE, tree=tree({path: Entry(Kind.FILE, mode=mode, size=1)}))
    assert verdict(allow("s3:*"), metrics=called(15, errors), files=files).outcome is outcome


def test_a_layer_may_bring_one() -> None:
    layered = replace(FUNCTION, layers=("arn:aws:lambda:eu-west-1:464622532012:layer:shipper:7",))
    assert verdict(allow("s3:*"), metrics=called(15, 0), function=layered).outcome is Outcome.UNKNOWN
    assert verdict(allow("s3:*"), metrics=called(15, 5), function=layered).outcome is Outcome.FAIL


def test_unread_policies_leave_it_open() -> None:
    questions = RoleQuestions(reading=IAM, writing_logs=(("logs:PutLogEvents", None),))
    for asked, rulings in ((questions, DENIED), (DENIED, DENIED)):
        found = the_check(FUNCTION, log(), called(), asked, rulings, NOT_GIVEN)
        assert found.outcome is Outcome.UNKNOWN
        assert found.unblock
