from __future__ import annotations

import shlex

import pytest

from tests.factories import IMAGE, RECORD, function_record
from troubleshooter.checks.response.streaming_invoke_mode import streaming_invoke_mode as the_check
from troubleshooter.facts.account import FunctionUrl, FunctionUrls, StreamingHandler
from troubleshooter.model import Outcome, Verdict


def ask(*modes: str, streams: bool = True, qualifier: str | None = None) -> Verdict:
    urls = tuple(FunctionUrl("arn", qualifier, "AWS_IAM", mode) for mode in modes)
    handler = StreamingHandler(reading=IMAGE, path="/var/task/index.js", line=3, streams=streams)
    return the_check(function_record(), FunctionUrls(reading=RECORD, urls=urls), handler)


def test_a_streaming_handler_behind_a_buffering_url() -> None:
    verdict = ask("BUFFERED", qualifier="live")
    assert verdict.outcome is Outcome.FAIL
    assert {e.source for e in verdict.evidence} == {"lambda:GetFunction", "/var/task/index.js:3"}
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
