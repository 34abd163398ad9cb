"""The response arrives in one piece although the handler streams.

What it looks for
    A handler with `streamifyResponse` behind something that buffers.

Why it breaks
    Streaming needs a function URL with InvokeMode RESPONSE_STREAM, a REST API with response transfer mode STREAM, or
    the API call `InvokeWithResponseStream`. With BUFFERED, an HTTP API or a load balancer the whole answer is
    collected, and its metadata may appear in the body. Python's managed runtime does not stream by itself.

How it is told apart
    Errors about the stream in the log are the handler's (`streaming_handler_contract`). Small chunks that come late in
    the right mode are `streaming_small_writes_buffered`.

Fix
    Set the URL's InvokeMode to RESPONSE_STREAM, or move to a front that streams; Python: the Web Adapter.

References
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._launch_fix import region
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts import Unavailable
from troubleshooter.facts.account import FunctionUrls, StreamingHandler
from troubleshooter.facts.fronts import ApiFronts, Integration
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenText
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict
from troubleshooter.text import one_line

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"InvokeMode\W+BUFFERED", 3),
    signature(r"\bRESPONSE_STREAM\b|response_stream\b", 2),
    signature(
        r"stream.{0,80}(?:all at once|in one (?:piece|chunk)|buffered|at the end)|(?:not|doesn't|isn't) stream",
        2,
    ),
    signature(r"streamifyResponse", 1),
    signature(r"InvalidResponseModeHeader|Lambda-Runtime-Function-Response-Mode|function-response-mode", 3),
)
ASK = "What is the InvokeMode of the function URL?"

_MISSED = re.compile(
    r"stream|(?:all|everything|whole \w+) (?:arrives? )?at once|in one (?:piece|chunk|go)|(?:word by word|token by token|chunk)"
    r"|buffer|only at the end",
    re.IGNORECASE,
)
_API = re.compile(r"execute-api|API ?Gateway|\bAPIs?\b|\bREST\b|custom domain", re.IGNORECASE)


@check(
    title="The URL or API of a streaming handler streams", severity=Severity.WARNING, rung=Rung.RESPONSE, narrow=True
)
def streaming_invoke_mode(
    function: FunctionRecord,
    urls: FunctionUrls,
    handler: StreamingHandler,
    fronts: ApiFronts | Unavailable,
    text: GivenText | Unavailable,
) -> Verdict:
    """Compares how the function's URLs and APIs pass an answer on with what the handler is wrapped in. A complaint decides:
    callers of `InvokeWithResponseStream`, or of an API that was not seen, do get a stream."""
    integrations = fronts.integrations if isinstance(fronts, ApiFronts) else ()
    if not urls.urls and not integrations:
        return not_applicable("the function has no URL, and no API was seen in front of it")
    if not handler.streams:
        return not_applicable("the handler is not wrapped in streamifyResponse")
    wrapped = handler.cite("streams", "streamifyResponse", label="handler", source=f"{handler.path}:{handler.line}")
    buffered = [url for url in urls.urls if url.invoke_mode != "RESPONSE_STREAM"]
    collecting = [i for i in integrations if not i.streams]
    if not buffered and not collecting:
        return passed("what stands in front of the function streams, as its handler does", wrapped)
    if len(buffered) < len(urls.urls) or len(collecting) < len(integrations):
        return not_applicable("another way to the function streams, so that the one that does not may be meant")
    open_end = _open_end(fronts, text)
    if open_end is not None:
        said = "the handler streams, and what was seen in front of the function collects the whole answer"
        return unknown(f"{said}; {open_end[0]}", wrapped, unblock=open_end[1])
    told = (
        beside(text.cite("text", one_line(text.text, 200), label="what was told"))
        if isinstance(text, GivenText)
        else ()
    )
    if not buffered and isinstance(fronts, ApiFronts):
        return _collecting(function, fronts, collecting[0], (wrapped, *told))
    url = buffered[0]
    mode = urls.cite("urls", url.invoke_mode, label="InvokeMode of the URL")
    qualifier = ("--qualifier", url.qualifier) if url.qualifier else ()
    command = aws_lambda(function, "update-function-url-config", "--invoke-mode", "RESPONSE_STREAM", *qualifier)
    fix = Remediation("Let the URL stream.", (command,), "`curl --no-buffer` shows the answer growing.")
    return failed(
        "the handler streams, but the function's URL collects the whole answer before it sends it",
        mode,
        wrapped,
        *told,
        remediation=fix,
    )


def _open_end(fronts: ApiFronts | Unavailable, text: GivenText | Unavailable) -> tuple[str, Unblock | None] | None:
    """Why callers may get a stream all the same; None where they do not."""
    if not isinstance(text, GivenText) or _MISSED.search(text.text) is None:
        return "nobody says that an answer arrives in one piece", Unblock(
            "Tell how the answer arrives, and by which address."
        )
    if (isinstance(fronts, ApiFronts) and fronts.complete) or _API.search(text.text) is None:
        return None
    if isinstance(fronts, Unavailable):
        return f"whether the API in front of it streams was not read: {fronts.detail}", fronts.unblock
    return fronts.left_out, Unblock("Tell which API or URL the clients call.")


def _collecting(function: FunctionRecord, fronts: ApiFronts, front: Integration, seen: tuple[Evidence, ...]) -> Verdict:
    mode = "response transfer mode BUFFERED" if front.kind == "REST" else "no streaming"
    value = f"{front.kind} API {front.name} ({front.api}), {front.place}: {mode}"
    shown = fronts.cite("integrations", value, label="API in front of the function")
    message = f"the handler streams, but the {front.kind} API {front.name} collects the whole answer before it sends it"
    verify = "`curl --no-buffer` shows the answer growing."
    if front.kind != "REST" or not (front.resource and front.method):
        text = "Put a function URL with InvokeMode RESPONSE_STREAM in its place, or a REST API with response transfer mode STREAM."
        command = aws_lambda(
            function, "create-function-url-config", "--auth-type", "AWS_IAM", "--invoke-mode", "RESPONSE_STREAM"
        )
        return failed(message, shown, *seen, remediation=Remediation(text, (command,), verify))
    named = ["--rest-api-id", front.api, "--resource-id", front.resource, "--http-method", front.method]
    change = "op=replace,path=/responseTransferMode,value=STREAM"
    command = shlex.join(
        ["aws", "apigateway", "update-integration", *named, "--patch-operations", change, *region(function)]
    )
    text = (
        "Let the method's integration stream, with the function's response-streaming-invocations address as its uri, and "
        "deploy the stage again."
    )
    return failed(message, shown, *seen, remediation=Remediation(text, (command,), verify))
