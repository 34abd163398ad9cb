"""A handler with a callback on Node.js 24.

What it looks for
    A handler that takes three arguments, on a runtime that no longer supports callbacks.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.CallbackHandlerDeprecated", 3),
    signature(r"callback-based function handlers", 3),
    signature(r"support for callback", 2),
)
ASK = "Does the handler take three arguments and call a callback?"
