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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RESPONSE
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
