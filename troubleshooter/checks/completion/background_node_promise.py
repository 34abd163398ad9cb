"""A promise is made in a Node.js handler and nobody waits for it.

What it looks for
    In the functions that the handler reaches: calls of async functions, `fetch`, SDK calls and `.then()` chains whose
    promise is dropped; `forEach(async …)`; `map(async …)` whose result is dropped; timers that work and are forgotten.
    Promises that are awaited, returned, collected and awaited, or joined by `Promise.all` and its sisters are left alone,
    and so are handlers that are not async and return no promise: those are waited for until the event loop is empty.

Why it breaks
    The runtime client answers as soon as the handler's promise settles, and the environment is frozen with the rest of
    the work in it. It goes on in a later invocation of the same environment, or never. There is no error: lines are
    missing, or appear in the next request. `forEach` gives nothing back that could be awaited.

How it is told apart
    A timeout or a kill is written to the log; here `END` follows normally. A promise that never settles ends with
    `Runtime.NodeJsExit` (`node_promise_never_settles`); spans and metrics that are late are `telemetry_not_flushed`. The
    emulator does not freeze, so a local run that works says nothing.

Fix
    `await` it; `await Promise.all(items.map(async …))` in place of `forEach`; or hand long work to something else.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._background import as_logged, shown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import BackgroundWork, FloatingWork
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"forEach\(\s*async\b", 3),
    signature(
        r"(?:new|next|second|later|another) (?:execution|invocation|request)\b[^\n]{0,120}\b(?:promise|callback)s?\b[^\n]{0,40}"
        r"\b(?:runs?|resum\w+|continu\w+|finish\w*|complet\w+)",
        2,
    ),
    signature(r"\bfloating promise|no-floating-promises", 3),
    signature(r"UnhandledPromiseRejection|Unhandled Promise Rejection", 1),
    signature(r"callbackWaitsForEmptyEventLoop", 2),
    signature(r"(?:promise|async function|setTimeout|setImmediate)\b[^\n]{0,80}(?:not awaited|never (?:runs|finishes|completes)"
              r"|without await|after (?:the )?(?:return|handler))", 2),
    signature(r"(?:handler|lambda|function) (?:returns|ends|exits|finishes|answers) before\b", 2, unless=r"asyncio|create_task|\.py\b"),
)  # fmt: skip


@check(
    title="Promises are waited for before the handler returns",
    severity=Severity.ERROR,
    rung=Rung.COMPLETION,
    narrow=True,
)
def background_node_promise(work: BackgroundWork, timeline: Timeline | Unavailable) -> Verdict:
    """Asks what becomes of each promise that the handler's code makes. The source proves it; the log corroborates."""
    if work.language != "node":
        return not_applicable("the handler is not JavaScript")
    certain = [each for each in work.floating if each.certain]
    if certain:
        return _failed(work, certain, timeline)
    if work.floating and _late(timeline):
        return _failed(work, list(work.floating), timeline)
    if work.floating:
        first = work.floating[0]
        return unknown(
            f"nothing waits for the promise of {first.path}:{first.line}, but the handler may last long enough for it",
            *shown(work, work.floating, "promise that is dropped"),
            unblock=Unblock("Await it; or look whether its lines appear before END in the log of every invocation."),
        )
    if work.awaited:
        return passed("every promise is waited for", *shown(work, work.awaited, "promise that is waited for"))
    return passed("the handler's code makes no promise that it leaves behind")


def _late(timeline: Timeline | Unavailable) -> bool:
    """Whether lines of an earlier invocation were written during a later one."""
    return isinstance(timeline, Timeline) and any(i.late_lines for i in timeline.invocations)


def _failed(work: BackgroundWork, floating: list[FloatingWork], timeline: Timeline | Unavailable) -> Verdict:
    first = floating[0]
    more = f", as for {len(floating) - 1} more" if len(floating) > 1 else ""
    return failed(
        f"`{first.function}` starts work at {first.path}:{first.line} ({first.construct}) and nothing waits for it{more}: "
        "it is frozen when the handler returns",
        *shown(work, floating, "promise that nothing waits for"),
        *as_logged(timeline),
        remediation=Remediation(
            f"{_advice(first)} Work that is longer than the answer may take belongs into an invocation of its own: a queue, "
            "Step Functions, or an asynchronous invocation (`InvocationType=Event`).",
            (),
            "In the log, END follows the line that the work writes last, and the duration grows accordingly.",
        ),
    )


def _advice(work: FloatingWork) -> str:
    place = f"{work.path}:{work.line}"
    if work.construct.startswith(("forEach(", "map(", "flatMap(")):
        return f"At {place}, write `await Promise.all(items.map(async (item) => …))`, or `for (const item of items) await …`."
    if work.construct.startswith("callback"):
        return f"At {place}, await a promise that the callback settles (`util.promisify`, or the promise form of the call)."
    if work.construct.startswith(("setTimeout", "setImmediate")):
        return f"At {place}, await a promise that the timer's callback resolves, or do the work without a timer."
    return f"Await it at {place}: `await` in front of the call, or keep the promise and `await Promise.all([…])` before returning."
