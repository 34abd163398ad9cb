"""The response is larger than Lambda returns.

What it looks for
    `ResponseSizeTooLarge`, 6291556 bytes, or a 413 when the runtime posts the result.

Why it breaks
    A response may have 6 MB, also after base64 encoding, which adds a third. The handler succeeds, the runtime is
    refused when it posts the result, and the caller sees an error. API Gateway has limits of its own.

How it is told apart
    A request that is too large is refused before the function runs. A malformed answer is `apigw_bad_proxy_response`.

Fix
    Put the result into S3 and return a link, page it, compress it, or stream the response.

References
    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks import _timeline as t
from troubleshooter.facts.logs import Invocation, Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"ResponseSizeTooLarge", 3),
    signature(r"Response payload size (?:\(\d+ bytes\) )?exceeded maximum allowed payload size", 3),
    signature(r"exceeded maximum allowed payload size", 3),
    signature(r"body size is too long", 3),
    signature(r"(?:post|send)\w* .{0,40}response.{0,60}\b413\b", 3),
    signature(r"\b6291556\b", 3),
    signature(r"Http response code: 413|RequestEntityTooLarge", 2, unless=r"UpdateFunction|5120|Zipped|Unzipped"),
    signature(
        r"(?:HTTP\S*|status|code|error|an?|with|got|returns?|returned)\W{1,4}413\b|\b413\b.{0,30}(?:Payload|Request|Content|large)"
        r"|payload is too large for the \w+ invocation type",
        1,
    ),
)
ASK = "How large is the response (or the request, where that is refused), base64 included?"


@check(title="The response is small enough for Lambda", severity=Severity.ERROR, rung=Rung.RESPONSE)
def response_too_large(timeline: Timeline) -> Verdict:
    """Reads the platform's error type of the newest invocations."""
    found = t.failing(timeline, _refused)
    if isinstance(found, Verdict):
        return found
    fix = Remediation(
        "Put the result into S3 and return a link, return it in pages, compress it, or stream the response. The limit of "
        "6 MB counts after base64, which adds a third.",
        (),
        "The same request is answered, and its REPORT line has no Function.ResponseSizeTooLarge.",
    )
    message = "the handler's response is larger than the 6 MB that Lambda returns"
    return failed(message, t.report(timeline, found), t.fault(timeline, found), remediation=fix)


def _refused(invocation: Invocation) -> bool:
    return invocation.status == "error" and invocation.error_type == "Function.ResponseSizeTooLarge"
