"""The handler's promise never settles, and the process has nothing left to do.

What it looks for
    A promise that the handler waits for in every invocation and whose function mentions neither of its two callbacks. Of
    paths that forget to settle one, text alone tells: `Runtime.NodeJsExit`, or a successful answer of `null` that nobody
    meant.

Why it breaks
    An async handler awaits a promise that is never resolved or rejected (a callback that is not called on some path, an
    emitter without its event). Once the event loop is empty nothing can settle it any more: the runtime client reports
    `Runtime.NodeJsExit`, or, as version 3.3 does, answers `null` with success. A handler that is not async and never calls
    its callback answers `null` too.

How it is told apart
    Work that goes on after the answer is `background_node_promise`. A promise that stays pending while sockets are open
    runs into the time limit (`function_timeout`). `process.exit()` is `sys_exit_in_code`.

Fix
    Settle the promise on every path: resolve, reject, and a timeout; call the callback on every path.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    https://nodejs.org/api/process.html#exit-codes
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._effects import cited, first, rung, when
from troubleshooter.facts.code import CertainEffects
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.NodeJsExit", 3),
    signature(r"(?:Promise|promise) (?:is |was )?never (?:settles|settled|resolves|resolved)", 3),
    signature(r"Detected unsettled top-level await", 3),
    signature(r"Runtime exited without providing a reason[\s\S]{0,400}node|exit status 13\b", 1),
    signature(
        r"(?:lambda|handler|function|invocation)\b[^\n]{0,40}\b(?:returns|returned|answers|responds with) `?null\b", 1
    ),
)
ASK = "Is there a path on which the awaited promise is neither resolved nor rejected?"


@check(
    title="What the handler waits for can come",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("function_timeout",),
    narrow=True,
)
def node_promise_never_settles(effects: CertainEffects) -> Verdict:
    """Asks whether the handler certainly waits for a promise that nothing can settle."""
    if effects.language != "node":
        return not_applicable("the handler is not JavaScript")
    found = first(effects, "wait")
    if found is None:
        return passed(
            "no promise is waited for that nothing can settle", effects.cite("effects", "none", label="such promises")
        )
    fix = Remediation(
        f"Call resolve or reject in the promise at {found.path}:{found.line} on every path, and add a time limit.",
        verify="The invocation answers with what the handler returns, not with null or Runtime.NodeJsExit.",
    )
    message = f"{found.path}:{found.line} waits, {when(found)}, for a promise that never calls resolve or reject"
    return failed(message, cited(effects, found, "promise that nothing settles"), remediation=fix, rung=rung(found))
