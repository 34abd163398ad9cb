from __future__ import annotations

from dataclasses import replace

import pytest

from tests.checks.happened import NOT_GIVEN, called, told
from tests.factories import RECORD, function_record
from troubleshooter.analysis.front_question import front_question
from troubleshooter.checks.response.apigw_29s import apigw_29s as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.fronts import ApiFronts, FrontQuestion, Integration
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Origin, Outcome, Verdict

REST = Integration("REST", "a1", "chat", "POST /chat", 29_000)
HTTP = replace(REST, kind="HTTP", timeout_ms=30_000)
LATE = "Duration: 41894.20 ms\tBilled Duration: 41895 ms"
GONE = "Duration: 60000.00 ms\tBilled Duration: 60000 ms\tStatus: timeout"


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


TIMED_OUT = text('HTTP/2 504\n{"message": "Endpoint request timed out"}')


def ask(*reports: str, fronts: tuple[Integration, ...] = (REST,), said: GivenText | Unavailable = TIMED_OUT) -> Verdict:
    timeline = told(*(called(report=each) for each in reports))
    return the_check(function_record(), timeline, ApiFronts(reading=RECORD, integrations=fronts), said)


def test_the_function_goes_on_after_the_client_was_told_504() -> None:
    verdict = ask(LATE)
    assert verdict.outcome is Outcome.FAIL
    assert "41.9 s" in verdict.message
    assert {e.origin for e in verdict.evidence if e.fact} == {Origin.RECORD, Origin.PLATFORM_LOG}
    assert verdict.remediation
    assert "L-E5AE38E3" in verdict.remediation.commands[0]


def test_the_limit_of_an_http_api_cannot_be_raised() -> None:
    verdict = ask(LATE, fronts=(HTTP,))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert verdict.remediation.commands == ()
    assert "cannot be raised" in verdict.remediation.text


@pytest.mark.parametrize(
    "said",
    [
        "HTTP/2 504\nx-amz-apigw-id: a=\n",
        "$ curl https://a1.execute-api.us-east-1.amazonaws.com/x\nHTTP/1.1 504 Gateway Timeout",
        "API Gateway returns 504 to our clients",
        "via: 1.1 x.cloudfront.net\n{'message': 'Endpoint request timed out'}",
    ],
)
def test_words_of_api_gateway(said: str) -> None:
    assert ask(LATE, said=text(said)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "said",
    [
        "The nightly import skipped 504 of 12000 rows of the API Gateway log.",
        "HTTP/1.1 504 Gateway Time-out\nServer: awselb/2.0",
        "curl https://shop-1.us-east-1.elb.amazonaws.com in place of API Gateway\nHTTP/1.1 504 Gateway Time-out",
        "504 Gateway Time-out\nnginx",
        "x-amz-cf-id: a\nHTTP/2 504",
        "HTTP/1.1 504 Gateway Time-out",
    ],
)
def test_another_that_answers_504_or_a_number(said: str) -> None:
    assert ask(LATE, said=text(said)).outcome is Outcome.UNKNOWN


UNAVAILABLE = (
    '$ curl -i https://a1.execute-api.us-east-1.amazonaws.com/x\nHTTP/2 503\n\n{"message":"Service Unavailable"}'
)


def test_an_http_api_says_that_the_service_is_unavailable() -> None:
    verdict = ask(LATE, fronts=(HTTP,), said=text(UNAVAILABLE))
    assert verdict.outcome is Outcome.FAIL
    assert "answers 503" in verdict.message


@pytest.mark.parametrize(
    ("front", "said"),
    [
        pytest.param(REST, UNAVAILABLE, id="a REST API would say 504"),
        pytest.param(HTTP, "503 rows of the API Gateway log", id="a number"),
        pytest.param(HTTP, "HTTP/1.1 503 Service Unavailable\nserver: envoy", id="a proxy"),
        pytest.param(HTTP, UNAVAILABLE + "\nvia: 1.1 x.cloudfront.net", id="something in between"),
        pytest.param(HTTP, "HTTP/1.1 503 Service Unavailable", id="anyone"),
    ],
)
def test_another_503(front: Integration, said: str) -> None:
    assert ask(LATE, fronts=(front,), said=text(said)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("said", [NOT_GIVEN, text("the answer is in Spanish")])
def test_without_a_complaint_others_may_be_the_callers(said: GivenText | Unavailable) -> None:
    verdict = ask(LATE, said=said)
    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.unblock


def test_quick_answers() -> None:
    assert ask("Duration: 28000 ms").outcome is Outcome.PASS
    assert ask("Duration: 29500 ms", fronts=(HTTP,)).outcome is Outcome.PASS


def test_a_function_that_itself_times_out_is_another_mode() -> None:
    assert ask(GONE).outcome is Outcome.NOT_APPLICABLE


def test_an_api_that_waits_longer() -> None:
    assert ask(LATE, fronts=(replace(REST, timeout_ms=120_000),)).outcome is Outcome.PASS


def test_nothing_waits() -> None:
    assert ask(LATE, fronts=()).outcome is Outcome.NOT_APPLICABLE
    assert ask(LATE, fronts=(replace(REST, asynchronous=True),)).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("timeline", "said", "arises"),
    [
        pytest.param(told(called(report=LATE)), NOT_GIVEN, True, id="long"),
        pytest.param(told(called()), TIMED_OUT, True, id="504"),
        pytest.param(told(called()), NOT_GIVEN, False, id="short"),
        pytest.param(told(called()), text("No module named 'x'"), False, id="another complaint"),
        pytest.param(Unavailable(Reason.DENIED, "denied"), NOT_GIVEN, False, id="no log"),
    ],
)
def test_when_the_question_arises(
    timeline: Timeline | Unavailable, said: GivenText | Unavailable, arises: bool
) -> None:
    assert isinstance(front_question(timeline, said), FrontQuestion) == arises


def test_apis_that_were_not_read_are_named() -> None:
    fronts = ApiFronts(reading=RECORD, complete=False, unread=("shop", "admin"))
    verdict = the_check(function_record(), told(called(report=LATE)), fronts, TIMED_OUT)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "2 of the account's APIs were not read: shop, admin" in verdict.message
