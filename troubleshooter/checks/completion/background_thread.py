"""A Python thread or executor is started and nobody waits for it.

What it looks for
    `threading.Thread`, `Timer`, `multiprocessing.Process` and calls of an executor that the handler reaches, which are never
    joined, whose results are never taken, and whose executor is neither used in a `with` nor shut down.

Why it breaks
    When the handler returns, the environment is frozen with all its threads, daemon or not. They go on when the next
    invocation thaws it, with broken connections and under another request id, or never. Nothing is written to the log.

How it is told apart
    Tasks of the event loop are `background_python_task`. A thread that only sends telemetry is `telemetry_not_flushed`. The
    emulator does not freeze, so a local run that works says nothing.

Fix
    Join the thread, or take the future's result, before the handler returns; or hand the work to a queue or another
    invocation.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://docs.python.org/3/library/threading.html#threading.Thread.join
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._background import as_logged, shown, threaded
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import BackgroundWork
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"threading\.Thread\(|\bdaemon=True\b", 2),
    signature(r"cannot schedule new futures after (?:interpreter )?shutdown", 2),
    signature(r"can't (?:start|create) new thread at interpreter shutdown", 2),
    signature(r"background threads?\b|(?:daemon|worker) threads?\b[^\n]*(?:never|not|stop|lost|frozen|froze)", 2),
)


@check(
    title="Started threads are joined before the handler returns",
    severity=Severity.ERROR,
    rung=Rung.COMPLETION,
    narrow=True,
)
def background_thread(work: BackgroundWork, timeline: Timeline | Unavailable) -> Verdict:
    """Asks what becomes of each thread that the handler's code starts."""
    if work.language != "python":
        return not_applicable("the handler is not Python")
    floating = [each for each in work.floating if threaded(each)]
    certain = [each for each in floating if each.certain]
    if not floating:
        return passed("the handler's code starts no thread that it leaves behind")
    if not certain:
        return unknown(
            f"whether anything waits for the thread of {floating[0].path}:{floating[0].line} could not be told",
            *shown(work, floating, "thread that may not be waited for"),
            unblock=Unblock("Look whether the thread is joined before the handler returns."),
        )
    first = certain[0]
    submitted = first.construct.endswith((".submit", ".map"))
    advice = "take the future's `result()`" if submitted else "`join()` it"
    return failed(
        f"{first.function}() starts {first.construct} at {first.path}:{first.line} and nothing waits for it: "
        "it is frozen when the handler returns",
        *shown(work, certain, "thread that nothing waits for"),
        *as_logged(timeline),
        remediation=Remediation(
            f"Keep what `{first.text}` gives and {advice} before the handler returns; or hand the work to a queue or "
            "to an invocation of its own.",
            (),
            "In the log, END follows the line that the work writes last, and the duration grows accordingly.",
        ),
    )
