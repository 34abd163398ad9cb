"""The answer is not what the proxy integration expects.

What it looks for
    502 `Internal server error` with `Malformed Lambda proxy response` in API Gateway's log, after a successful
    invocation.

Why it breaks
    A proxy integration needs an object with `statusCode` and a `body` that is a string. A body that is an object, a
    missing status code, headers that are no strings, or a base64 flag that does not fit is refused.

How it is told apart
    A function that fails gives 502 too: its own log shows an error then. 504 is `apigw_29s`.

Fix
    Return `{"statusCode": 200, "body": json.dumps(…)}`, and bytes as base64 with `isBase64Encoded`.

References
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.facts import Unavailable
from troubleshooter.facts.fronts import ApiFronts
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.proxy import ProxyAnswers
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Malformed Lambda proxy response", 3),
    signature(r"(?:status code|body).{0,60}(?:integer|string|missing).{0,60}proxy|proxy response", 2),
    signature(r"\{\"message\":\s?\"Internal server error\"\}", 2),
    signature(r"\b502\b.{0,40}Bad Gateway", 2),
    signature(r"(?:ALB|target group).{0,120}(?:502|malformed)|LambdaInvalidResponse", 3),
)
ASK = "Did the function's own invocation succeed, with statusCode and a string body in what it returned?"

_SAYS = re.compile(
    r"Malformed Lambda proxy response|\b50[02]\b|Internal server error|Bad Gateway|malformed", re.IGNORECASE
)
_WORDS = {"object": "an object", "list": "a list", "number": "a number"}


@check(
    title="The handler's answer fits the proxy integration", severity=Severity.ERROR, rung=Rung.RESPONSE, narrow=True
)
def apigw_bad_proxy_response(
    answers: ProxyAnswers,
    timeline: Timeline | Unavailable,
    fronts: ApiFronts | Unavailable,
    text: GivenText | Unavailable,
) -> Verdict:
    """The source shows an answer whose body is no string; the caller's complaint and a function that succeeds show that
    it bites. Another caller may want just that answer."""
    wrong = [a for a in answers.answers if a.status and a.body in _WORDS]
    if not wrong:
        return not_applicable("the handler's source shows no answer with a body that is no string")
    first = wrong[0]
    place = f"{answers.reading.source} {first.path}:{first.line}"
    shown = answers.cite("answers", first.text, label="answer", source=place)
    said = f"{first.path}:{first.line} answers with a body that is {_WORDS[first.body]}, and a proxy integration wants a string"
    if answers.wrapped:
        return unknown(f"{said}; what the handler is wrapped in may turn it into one", shown)
    if isinstance(fronts, ApiFronts) and fronts.integrations and not any(i.proxy for i in fronts.integrations):
        return not_applicable("the API in front of the function is no proxy integration")
    fine = (
        isinstance(timeline, Timeline) and bool(timeline.invocations) and timeline.invocations[-1].status == "success"
    )
    if not isinstance(text, GivenText) or _SAYS.search(text.text) is None or not fine:
        return unknown(f"{said}; that one calls it is not told", shown, unblock=Unblock("Tell what the client gets."))
    told = text.cite("text", one_line(text.text, 200), label="what the client gets")
    newest = (
        t.report(timeline, timeline.invocations[-1], "newest invocation") if isinstance(timeline, Timeline) else told
    )
    fix = Remediation(
        "Answer with a string: `json.dumps(…)` of the object, and the header `content-type: application/json`.",
        (),
        "The client gets 200 and the JSON.",
    )
    return failed(said, shown, *beside(newest, told), remediation=fix)
