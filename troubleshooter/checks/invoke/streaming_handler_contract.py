"""A streaming handler breaks the contract of streams.

What it looks for
    `Response stream is not finished`, non-async handlers, or values returned from a streaming handler.

Why it breaks
    The runtime ends the response when the stream ends, not when the handler returns. A handler that forgets `end()`,
    is not async, writes after the end, or returns a body instead of writing leaves the stream broken.

How it is told apart
    Everything arriving at once is `streaming_invoke_mode`. `awslambda is not defined` outside Lambda is
    `awslambda_undefined_locally`.

Fix
    An async handler, `responseStream.end()` on every path, `HttpResponseStream.from(stream, metadata)` for status and
    headers, `pipeline()` to wait for the end.

References
    https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Response stream is not finished", 3),
    signature(r"Streaming does not support non-async handlers", 3),
    signature(r"Streaming handlers ignore return values", 3),
    signature(r"Runtime\.MalformedStreamingHandler|Runtime\.InvalidStreamingOperation|Runtime\.TruncatedResponse", 3),
    signature(
        r"Cannot set content-type, too late|write after end|ERR_STREAM_WRITE_AFTER_END|ERR_STREAM_PREMATURE_CLOSE",
        3,
    ),
    signature(r"responseStream\.\w+ is not a function|reading 'write'\)", 3),
    signature(r"Truncated response|stream (?:was )?(?:closed|aborted) (?:before|prematurely)", 2),
)
