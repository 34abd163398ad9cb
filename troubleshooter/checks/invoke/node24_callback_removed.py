"""A handler with a callback on Node.js 24.

What it looks for
    A handler that is not async, takes three plain parameters and calls the third one, on Node.js 24 or newer. Handlers
    wrapped in another function, as by `streamifyResponse`, are left out.

Why it breaks
    From Node.js 24 on the runtime calls handlers as functions that return a promise or a value. A handler with
    `(event, context, callback)` is refused; versions before print a warning.

How it is told apart
    A handler that is not found is `handler_export_missing`. A promise that never settles is
    `node_promise_never_settles`.

Fix
    Make the handler `async` and return its result; wrap callback code in a promise.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/137
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.code import NodeHandlerShape
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.CallbackHandlerDeprecated", 3),
    signature(r"callback-based function handlers", 3),
    signature(r"support for callback", 2),
)
ASK = "Does the handler take three arguments and call a callback?"


SINCE = 24


@check(title="The handler needs no callback on Node.js 24", severity=Severity.ERROR, rung=Rung.INVOKE, narrow=True)
def node24_callback_removed(shape: NodeHandlerShape, runtime: RuntimeModel) -> Verdict:
    """Looks at the handler's parameters, and whether the third one is called."""
    version = runtime.cite("version", label="Node.js version")
    place = shape.cite(
        "parameters", shape.text, label="handler", source=f"{shape.reading.source} {shape.path}:{shape.line}"
    )
    if not runtime.version:
        return unknown(
            "the version of Node.js is not known", place, unblock=Unblock("Say which version the image has.")
        )
    if runtime.version[0] < SINCE:
        return not_applicable(f"Node.js {runtime.version[0]} still takes handlers with a callback")
    if shape.wrapped or shape.streams or shape.is_async or len(shape.parameters) < 3:
        return passed("the handler returns a promise or takes no third argument", version, place)
    if not shape.calls_back:
        text = "the handler takes a third argument and never calls it; whether the runtime refuses it could not be told"
        return unknown(text, version, place, unblock=Unblock("Remove the third parameter."))
    source = f"{shape.reading.source} {shape.path}:{shape.calls_back}"
    called = shape.cite("calls_back", f"{shape.parameters[2]}(…)", label="call of the callback", source=source)
    fix = Remediation(
        f"Make the handler at {shape.path}:{shape.line} `async (event, context)`, return what is now handed to "
        f"`{shape.parameters[2]}`, and throw errors; wrap callback code in a promise.",
        verify="The log has neither Runtime.CallbackHandlerDeprecated nor an answer of null.",
    )
    message = (
        f"the handler answers by `{shape.parameters[2]}`, and Node.js {runtime.version[0]} no longer takes callbacks"
    )
    return failed(message, version, place, called, remediation=fix)
