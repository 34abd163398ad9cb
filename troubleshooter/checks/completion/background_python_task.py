"""A Python task is started and nobody waits for it.

What it looks for
    `asyncio.create_task`, `ensure_future`, `loop.create_task` and un-awaited `gather` calls that the handler reaches, whose
    task is dropped, or bound to something that is never awaited. Tasks that are awaited, gathered, waited for in a task
    group, handed on or cancelled on purpose are left alone. A handler that is itself an `async def` is the same mistake:
    the Python runtime calls it as a plain function and nobody runs the coroutine.

Why it breaks
    When the handler returns, the response is sent and the environment is frozen. `asyncio.run()` cancels what is still
    pending; a loop that is kept freezes with its tasks, which go on during a later invocation or never. There is no
    error: the log ends in the middle of the work. A coroutine as the result gives `Runtime.MarshalError: Unable to marshal
    response: Object of type coroutine is not JSON serializable`.

How it is told apart
    A timeout or a kill is written to the log; here `END` follows normally. Threads and executors are `background_thread`;
    telemetry that is exported in the background is `telemetry_not_flushed`. The emulator does not freeze, so a local run
    that works says nothing.

Fix
    Await the task (or `asyncio.gather` several) before the handler returns; or hand long work to something else: a queue,
    Step Functions, an asynchronous invocation.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._background import as_logged, shown, threaded
from troubleshooter.checks._client_said import said
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import BackgroundWork, FloatingWork
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to marshal response: Object of type coroutine", 3),
    signature(r"coroutine '\w*handler\w*' was never awaited", 3),
    signature(r"coroutine '[\w.<>]+' was never awaited", 2),
    signature(r"Task was destroyed but it is pending", 3),
    signature(r"\bcreate_task\b|\bensure_future\b", 2),
    signature(r"(?:task|coroutine) was cancelled|asyncio\.exceptions\.CancelledError", 1),
    signature(r"background (?:task|job|work)s?\b[^\n]*(?:never|not|stop|lost|killed|frozen|cut)", 1),
)


@check(
    title="Started tasks are awaited before the handler returns",
    severity=Severity.ERROR,
    rung=Rung.COMPLETION,
    narrow=True,
)
def background_python_task(work: BackgroundWork, timeline: Timeline | Unavailable) -> Verdict:
    """Asks what becomes of each task that the handler's code starts. The source proves it; the log only corroborates."""
    if work.language != "python":
        return not_applicable("the handler is not Python")
    if work.returns_coroutine:
        return _coroutine(work, timeline)
    floating = [each for each in work.floating if not threaded(each)]
    certain = [each for each in floating if each.certain]
    if certain:
        return _failed(work, certain, timeline)
    if floating:
        return unknown(
            f"whether anything waits for the task of {floating[0].path}:{floating[0].line} could not be told",
            *shown(work, floating, "task that may not be waited for"),
            unblock=Unblock("Look whether the task is awaited before the handler returns."),
        )
    awaited = [each for each in work.awaited if not threaded(each)]
    if awaited:
        return passed("every task that is started is waited for", *shown(work, awaited, "task that is waited for"))
    return passed("the handler's code starts no task that it leaves behind")


def _failed(work: BackgroundWork, certain: list[FloatingWork], timeline: Timeline | Unavailable) -> Verdict:
    first = certain[0]
    more = f", as {len(certain) - 1} others are" if len(certain) > 1 else ""
    return failed(
        f"{first.function}() starts a task at {first.path}:{first.line} and nothing waits for it{more}: "
        "it is cut off when the handler returns",
        *shown(work, certain, "task that nothing waits for"),
        *as_logged(timeline),
        remediation=Remediation(
            f"Await it: replace `{first.text}` by an `await` of the same coroutine, or keep the task and "
            "`await asyncio.gather(…)` it before the handler returns. Work that is longer than the answer may take belongs "
            "into an invocation of its own: a queue, Step Functions, or an asynchronous invocation (`InvocationType=Event`).",
            (),
            "In the log, END follows the line that the work writes last, and the duration grows accordingly.",
        ),
    )


def _coroutine(work: BackgroundWork, timeline: Timeline | Unavailable) -> Verdict:
    place = f"{work.handler_path}:{work.handler_line}"
    return failed(
        f"the handler at {place} is an `async def`: the Python runtime calls it and never runs its coroutine",
        work.cite("returns_coroutine", "async def", label="handler", source=f"{work.reading.source} {place}"),
        *said(timeline, r"Object of type coroutine|was never awaited"),
        remediation=Remediation(
            "Make the handler a plain function that runs the coroutine: rename the `async def` to `main` and add "
            "`def handler(event, context): return asyncio.run(main(event, context))` under the handler's name.",
            (),
            "The invocation returns the coroutine's result, and no Runtime.MarshalError is in the log.",
        ),
        rung=Rung.INVOKE,
    )
