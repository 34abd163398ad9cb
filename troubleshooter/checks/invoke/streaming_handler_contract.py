"""A streaming handler breaks the contract of streams.

What it looks for
    A function handed to `streamifyResponse` that is not async and returns nothing, or whose response stream is written to
    and nowhere ended or handed on. Whether a stream that is ended on one path is ended on all is not followed.

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

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts.code import NodeHandlerShape
from troubleshooter.model import Remediation, Rung, Severity, Verdict

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
    signature(r"responseStream\.\w+ is not a function|reading '(?:write|setContentType)'\)", 3),
    signature(r"Truncated response|stream (?:was )?(?:closed|aborted) (?:before|prematurely)", 2),
)


@check(title="The streaming handler ends its stream", severity=Severity.ERROR, rung=Rung.INVOKE, narrow=True)
def streaming_handler_contract(shape: NodeHandlerShape) -> Verdict:
    """Looks at the function that `streamifyResponse` is handed."""
    if not shape.streams:
        return not_applicable("the handler does not stream")
    place = shape.cite(
        "streams", shape.text, label="streaming handler", source=f"{shape.reading.source} {shape.path}:{shape.line}"
    )
    verify = "The whole response arrives, and the log has no `Response stream is not finished`."
    if not shape.is_async and not shape.returns:
        fix = Remediation(
            f"Make the function at {shape.path}:{shape.line} async, or return a promise from it.", verify=verify
        )
        return failed("the streaming handler is not async and returns no promise", place, remediation=fix)
    if shape.stream_left_open:
        stream = shape.parameters[1]
        fix = Remediation(
            f"Call `{stream}.end()` on every path of the function at {shape.path}:{shape.line}.", verify=verify
        )
        message = f"the streaming handler writes to `{stream}`, and neither ends it nor hands it on"
        return failed(message, place, remediation=fix)
    return passed("the streaming handler is async, and its stream is ended or handed on", place)
