from __future__ import annotations

import shlex

import pytest

from tests.factories import IMAGE, RECORD, function_record
from troubleshooter.checks.response.streaming_invoke_mode import streaming_invoke_mode as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.account import FunctionUrl, FunctionUrls, StreamingHandler
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.given import GivenText
from troubleshooter.model import Origin, Outcome, Verdict

NOT_ASKED = Unavailable(Reason.NOT_OF_THIS_KIND, "nobody asked")
NO_FRONTS = ApiFronts(reading=RECORD)


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


COMPLAINT = text("The answer arrives all at once instead of word by word.")
THROUGH_API = text("The API answers all at once instead of word by word.")
DENIED = Unavailable(Reason.DENIED, "denied")


def api(kind: str, *, streams: bool = False) -> ApiFronts:
    front = Integration(kind, "a1", "chat", "POST /", 29_000, streams=streams, resource="r1", method="POST")
    return ApiFronts(reading=RECORD, integrations=(front,))


def ask(
    *modes: str,
    streams: bool = True,
    qualifier: str | None = None,
    fronts: ApiFronts | Unavailable = NO_FRONTS,
    said: GivenText | Unavailable = COMPLAINT,
) -> Verdict:
    urls = tuple(FunctionUrl("arn", qualifier, "AWS_IAM", mode) for mode in modes)
    handler = StreamingHandler(reading=IMAGE, path="/var/task/index.js", line=3, streams=streams)
    return the_check(function_record(), FunctionUrls(reading=RECORD, urls=urls), handler, fronts, said)


def test_a_streaming_handler_behind_a_buffering_url() -> None:
    verdict = ask("BUFFERED", qualifier="live")
    assert verdict.outcome is Outcome.FAIL
    assert {e.source for e in verdict.evidence if e.fact} == {"lambda:GetFunction", "/var/task/index.js:3"}
    assert verdict.remediation
    (command,) = map(shlex.split, verdict.remediation.commands)
    assert command[:3] == ["aws", "lambda", "update-function-url-config"]
    assert command[command.index("--invoke-mode") + 1] == "RESPONSE_STREAM"
    assert command[command.index("--qualifier") + 1] == "live"


@pytest.mark.parametrize(
    ("modes", "streams", "outcome"),
    [
        pytest.param(("RESPONSE_STREAM",), True, Outcome.PASS, id="both stream"),
        pytest.param(("BUFFERED",), False, Outcome.NOT_APPLICABLE, id="neither streams"),
        pytest.param(("RESPONSE_STREAM",), False, Outcome.NOT_APPLICABLE, id="only the url streams"),
        pytest.param((), True, Outcome.NOT_APPLICABLE, id="no url"),
        pytest.param(("RESPONSE_STREAM", "BUFFERED"), True, Outcome.NOT_APPLICABLE, id="one of two urls streams"),
    ],
)
def test_what_is_no_mismatch(modes: tuple[str, ...], streams: bool, outcome: Outcome) -> None:
    assert ask(*modes, streams=streams).outcome is outcome


def test_a_streaming_handler_behind_a_rest_api_that_collects() -> None:
    verdict = ask(fronts=api("REST"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    (command,) = map(shlex.split, verdict.remediation.commands)
    assert "op=replace,path=/responseTransferMode,value=STREAM" in command


def test_a_streaming_handler_behind_an_http_api_which_never_streams() -> None:
    verdict = ask(fronts=api("HTTP"))
    assert verdict.outcome is Outcome.FAIL
    assert "HTTP API" in verdict.message


def test_a_rest_api_that_streams_and_fronts_of_both_kinds() -> None:
    assert ask(fronts=api("REST", streams=True)).outcome is Outcome.PASS
    assert ask("RESPONSE_STREAM", fronts=api("HTTP")).outcome is Outcome.NOT_APPLICABLE
    assert ask("BUFFERED", fronts=api("REST", streams=True)).outcome is Outcome.NOT_APPLICABLE
    assert ask(fronts=api("HTTP"), streams=False).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("fronts", "said"),
    [
        pytest.param(NOT_ASKED, THROUGH_API, id="APIs not read"),
        pytest.param(DENIED, THROUGH_API, id="APIs denied"),
        pytest.param(ApiFronts(reading=RECORD, complete=False), THROUGH_API, id="some APIs read"),
        pytest.param(NOT_ASKED, Unavailable(Reason.NOT_GIVEN, "not given"), id="nobody asked"),
        pytest.param(NO_FRONTS, Unavailable(Reason.NOT_GIVEN, "not given"), id="nobody complains"),
        pytest.param(NO_FRONTS, text("The answer is in Spanish."), id="another complaint"),
    ],
)
def test_a_buffering_url_beside_callers_who_may_get_a_stream(
    fronts: ApiFronts | Unavailable, said: GivenText | Unavailable
) -> None:
    assert ask("BUFFERED", fronts=fronts, said=said).outcome is Outcome.UNKNOWN
    assert ask("RESPONSE_STREAM", fronts=fronts, said=said).outcome is Outcome.PASS


def test_an_http_api_where_nobody_complains() -> None:
    assert ask(fronts=api("HTTP"), said=text("It is slow.")).outcome is Outcome.UNKNOWN


def test_a_complaint_that_speaks_of_no_api_is_of_the_url() -> None:
    assert ask("BUFFERED", fronts=DENIED).outcome is Outcome.FAIL
