from __future__ import annotations

from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN, called, exited, told
from tests.coding import a_source
from tests.factories import RECORD, function_record
from troubleshooter.analysis.proxy_answers import python_answers
from troubleshooter.checks.response.apigw_bad_proxy_response import apigw_bad_proxy_response as the_check
from troubleshooter.facts import Reading
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.proxy import ProxyAnswers
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.model import Origin, Outcome, Verdict

BAD = 'def handler(event, context):\n    return {"statusCode": 200, "body": {"ok": True}}\n'
GOOD = 'import json\ndef handler(event, context):\n    return {"statusCode": 200, "body": json.dumps({})}\n'
FINE = told(called(report="Duration: 5 ms"))


def text(said: str) -> GivenText:
    return GivenText(reading=Reading("pasted text", Origin.PASTED), text=said)


BROKEN = text('HTTP/2 502\n{"message": "Internal server error"}')


def answers(source: str) -> ProxyAnswers:
    function = function_record(package_type="Zip", runtime="python3.12", handler="app.handler")
    store = a_source({"app.py": source}, function).store
    found = python_answers(store.get(RuntimeModel), store.get(HandlerResolution), store.get(CodeTree))  # type: ignore[arg-type]
    assert isinstance(found, ProxyAnswers)
    return found


def ask(source: str, timeline: Any = FINE, fronts: Any = NOT_GIVEN, said: Any = BROKEN) -> Verdict:
    return the_check(answers(source), timeline, fronts, said)


@pytest.mark.parametrize("body", ['{"ok": True}', "[1, 2]", "7", "{k: 1 for k in event}"])
def test_a_body_that_is_no_string(body: str) -> None:
    verdict = ask(
        f'def handler(event, context):\n    if event:\n        return {{"statusCode": 200, "body": {body}}}\n'
    )
    assert verdict.outcome is Outcome.FAIL
    assert any(e.source.endswith("app.py:3") for e in verdict.evidence)


@pytest.mark.parametrize(
    "source",
    [
        GOOD,
        'def handler(event, context):\n    return {"statusCode": 200, "body": f"{event}"}\n',
        'def handler(event, context):\n    return {"statusCode": 204}\n',
        'def handler(event, context):\n    return {"body": {"ok": True}}\n',
        'def handler(event, context):\n    def inner():\n        return {"statusCode": 200, "body": {}}\n    return answer(inner())\n',
    ],
)
def test_answers_that_fit_or_are_made_elsewhere(source: str) -> None:
    assert ask(source).outcome is Outcome.NOT_APPLICABLE


def test_a_decorator_may_turn_it_into_a_string() -> None:
    assert ask("@as_json\n" + BAD).outcome is Outcome.UNKNOWN


def test_without_a_complaint_or_a_success_nothing_shows_that_it_bites() -> None:
    assert ask(BAD, said=NOT_GIVEN).outcome is Outcome.UNKNOWN
    assert ask(BAD, said=text("it is slow")).outcome is Outcome.UNKNOWN
    assert ask(BAD, told(exited("with error: exit status 1"))).outcome is Outcome.UNKNOWN


def test_an_api_that_is_no_proxy() -> None:
    plain = Integration("REST", "a1", "chat", "POST /", 29_000, proxy=False)
    assert ask(BAD, fronts=ApiFronts(reading=RECORD, integrations=(plain,))).outcome is Outcome.NOT_APPLICABLE
