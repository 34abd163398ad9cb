"""API Gateway gives up before the function ends.

What it looks for
    504 `Endpoint request timed out` at the client, or an HTTP API's 503 `Service Unavailable`, while the function goes on
    and succeeds.

Why it breaks
    REST APIs wait 29 seconds unless the quota was raised, HTTP APIs 30, WebSocket integrations 29, whatever the
    function's timeout is. The function is not stopped: its result is dropped.

How it is told apart
    A function that itself times out is `function_timeout`. 502 is a malformed answer (`apigw_bad_proxy_response`) or a
    failed function.

Fix
    Answer at once and work asynchronously, stream the response, use a function URL, or raise the quota of a regional
    REST API.

References
    https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks import _timeline as t
from troubleshooter.checks._launch_fix import region
from troubleshooter.facts import Unavailable
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Endpoint request timed ?out", 3),
    signature(r"\b504\b.{0,60}(?:Gateway Time-?out|API ?Gateway|Endpoint)", 3),
    signature(r"Execution failed due to a timeout error", 3),
    signature(
        r"(?:HTTP/[\d.]+|status|error|code|answer|return|respon|got|gives?|a|an)\w*\W{1,4}504\b|\b504\b.{0,20}(?:time|error)",
        1,
    ),
    signature(r"29 seconds|INTEGRATION_TIMEOUT|(?<!Task timed out )after 2[89](?:\.\d+)? ?s", 2),
    signature(r"Network error communicating with endpoint", 2),
    signature(r"execute-api[\s\S]{0,600}\b503\b[\s\S]{0,300}Service Unavailable", 2),
)
ASK = "Is the function's Duration above 29 seconds while its own status is success?"

_GAVE_UP = re.compile(
    r"Endpoint request timed ?out|INTEGRATION_TIMEOUT|Execution failed due to a timeout error|Network error communicating with endpoint",
    re.IGNORECASE,
)
"""API Gateway's own words."""
_TIMED_OUT = re.compile(
    r"(?:HTTP/[\d.]+|status\w*|code|error|answers?|returns?|gets?|got)(?:[ _-]?code)?\W{1,4}(?:an? )?504\b|\b504 (?:Gateway|error)"
    r"|\b504\b.{0,20}time-?out",
    re.IGNORECASE,
)
_UNAVAILABLE = re.compile(r"\b503\b[\s\S]{0,400}Service Unavailable", re.IGNORECASE)
"""What an HTTP API answers when its patience ends; where it throttles or the function is throttled, too."""
_THIS_FRONT = re.compile(r"execute-api|x-amz-apigw-id|apigw-requestid|API ?Gateway|HTTP API", re.IGNORECASE)
_OTHER_FRONT = re.compile(
    r"awselb|\belb\b|load ?balancer|\bALB\b|cloudfront|x-amz-cf-|cloudflare|nginx|envoy|varnish|akamai", re.IGNORECASE
)


@check(
    title="The function answers before API Gateway gives up", severity=Severity.ERROR, rung=Rung.RESPONSE, narrow=True
)
def apigw_29s(
    function: FunctionRecord, timeline: Timeline, fronts: ApiFronts, text: GivenText | Unavailable
) -> Verdict:
    """Holds the duration of successful invocations against what the API in front of them waits. A complaint decides:
    the same function may be called by others who wait longer."""
    waiting = [i for i in fronts.integrations if not i.asynchronous]
    if not waiting and not fronts.complete:
        return unknown(f"no API that waits for this function's answer was found, but {fronts.left_out}", unblock=_WHICH)
    if not waiting:
        return not_applicable("no API that waits for this function's answer was found")
    front = min(waiting, key=lambda i: i.timeout_ms)
    cited = _front(fronts, front)
    late = [i for i in timeline.invocations if i.status == "success" and (i.duration_ms or 0) > front.timeout_ms]
    if not late:
        fine = any(i.status == "success" for i in timeline.invocations)
        said = f"every successful invocation ended within the {front.timeout_ms / 1000:g} s that the API waits"
        return passed(said, cited) if fine else not_applicable("the log shows no invocation that went well")
    shown = t.report(timeline, late[-1], "invocation that went well")
    message = (
        f"the function goes on for {_seconds(late[-1])} s and succeeds, but {front.name} gives up after "
        f"{front.timeout_ms / 1000:g} s and answers {'503' if front.kind == 'HTTP' and _unavailable(text) else '504'}"
    )
    if not isinstance(text, GivenText) or not (_gave_up(text.text) or (front.kind == "HTTP" and _unavailable(text))):
        return unknown(
            f"the function took {_seconds(late[-1])} s and {front.name} waits {front.timeout_ms / 1000:g} s; whether this "
            "call came through it is not told",
            cited,
            shown,
            unblock=Unblock(f"Tell what the client gets: {_ANSWERS[front.kind == 'HTTP']} would settle it."),
        )
    told = text.cite("text", one_line(text.text, 200), label="what the client gets")
    return failed(message, cited, shown, *beside(told), remediation=_fix(function, front))


_ANSWERS = ("504 `Endpoint request timed out`", "503 `Service Unavailable` with the address that was called")


def _unavailable(text: GivenText | Unavailable) -> bool:
    """Whether an HTTP API said that it got no answer."""
    if isinstance(text, Unavailable) or _OTHER_FRONT.search(text.text):
        return False
    return all(each.search(text.text) for each in (_UNAVAILABLE, _THIS_FRONT))


_WHICH = Unblock("Tell which API the clients call.")


def _gave_up(text: str) -> bool:
    """Whether it is API Gateway that answered: any proxy answers 504 when its own patience ends."""
    if _GAVE_UP.search(text) is not None:
        return True
    return all(each.search(text) for each in (_TIMED_OUT, _THIS_FRONT)) and _OTHER_FRONT.search(text) is None


def _front(fronts: ApiFronts, front: Integration) -> Evidence:
    value = f"{front.kind} API {front.name} ({front.api}), {front.place}: waits {front.timeout_ms} ms"
    return fronts.cite("integrations", value, label="API in front of the function")


def _seconds(invocation: Invocation) -> str:
    return f"{(invocation.duration_ms or 0) / 1000:.1f}"


def _fix(function: FunctionRecord, front: Integration) -> Remediation:
    text = (
        "Answer at once and do the work in an asynchronous invocation, or stream the answer, or let clients call a function "
        "URL, which waits as long as the function may run."
    )
    verify = "Clients get the answer, and the Duration of calls through the API stays below what it waits."
    if front.kind != "REST":
        return Remediation(
            f"{text} The limit of {'HTTP' if front.kind == 'HTTP' else 'WebSocket'} APIs cannot be raised.", (), verify
        )
    quota = ["aws", "service-quotas", "get-service-quota", "--service-code", "apigateway", "--quota-code", "L-E5AE38E3"]
    return Remediation(
        f"{text} For regional and private REST APIs the quota can be raised; the command shows it.",
        (shlex.join([*quota, *region(function)]),),
        verify,
    )
