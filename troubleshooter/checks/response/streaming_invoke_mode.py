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

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._readiness import aws_lambda
from troubleshooter.facts.account import FunctionUrls, StreamingHandler
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.model import Remediation, Rung, Severity, Verdict

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


@check(title="The URL of a streaming handler streams", severity=Severity.WARNING, rung=Rung.RESPONSE)
def streaming_invoke_mode(function: FunctionRecord, urls: FunctionUrls, handler: StreamingHandler) -> Verdict:
    """Compares the InvokeMode of the function's URLs with what the handler is wrapped in."""
    if not urls.urls:
        return not_applicable("the function has no URL")
    if not handler.streams:
        return not_applicable("the handler is not wrapped in streamifyResponse")
    wrapped = handler.cite("streams", "streamifyResponse", label="handler", source=f"{handler.path}:{handler.line}")
    buffered = [url for url in urls.urls if url.invoke_mode != "RESPONSE_STREAM"]
    if not buffered:
        return passed("the function's URL streams, as its handler does", wrapped)
    if len(buffered) < len(urls.urls):
        return not_applicable("another URL of the function streams, so that the buffering one may be meant")
    url = buffered[0]
    mode = urls.cite("urls", url.invoke_mode, label="InvokeMode of the URL")
    qualifier = ("--qualifier", url.qualifier) if url.qualifier else ()
    command = aws_lambda(function, "update-function-url-config", "--invoke-mode", "RESPONSE_STREAM", *qualifier)
    fix = Remediation("Let the URL stream.", (command,), "`curl --no-buffer` shows the answer growing.")
    return failed(
        "the handler streams, but the function's URL collects the whole answer before it sends it",
        mode,
        wrapped,
        remediation=fix,
    )
