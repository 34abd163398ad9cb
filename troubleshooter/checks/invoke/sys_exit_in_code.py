"""Code ends the process itself.

What it looks for
    A call that ends the process each time the handler's module is loaded, or in every invocation: no branch, loop, early
    return, handled error or unknown context manager stands before it, and no own code replaces the call. Of an exit on
    some path only, text alone tells: `Runtime exited without providing a reason` or `exit status N` during an invocation,
    or a `SystemExit`.

Why it breaks
    `sys.exit()`, `exit()`, `os._exit()` or `process.exit()` in a handler, in a library for command lines, or in an
    error path ends the runtime. The invocation fails, and the next one begins with a new init. Command-line parsers
    call it when they do not like their arguments.

How it is told apart
    A program that ends during init, having done its work, is `process_exits_by_design`. `signal: killed` is memory or
    time. A missing client ends at once with a text (`ric_missing`).

Fix
    Return or raise instead; call a library's function rather than its `main()`; catch `SystemExit` around a
    command-line library.

References
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-execution.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._effects import cited, first, rung, when
from troubleshooter.facts.code import CertainEffects
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"\[ERROR\] SystemExit|SystemExit: \d", 3),
    signature(r"Runtime\.ExitError.*SystemExit", 3),
    signature(r"sys\.exit\(|process\.exit\(|os\._exit\(", 3),
    signature(r"usage: .*\n.*error: (?:the following arguments are required|unrecognized arguments)", 3),
    signature(r"Runtime exited without providing a reason", 2),
    signature(r"Runtime exited with error: exit status [1-9]\b", 1),
)
ASK = "Does code or a library called by the handler use sys.exit() or process.exit()?"


@check(
    title="The code does not end the process",
    severity=Severity.ERROR,
    rung=Rung.INVOKE,
    explains=("process_exits_by_design",),
    narrow=True,
)
def sys_exit_in_code(effects: CertainEffects) -> Verdict:
    """Asks whether the code certainly ends the process."""
    found = first(effects, "exit")
    if found is None:
        return passed("nothing certainly ends the process", effects.cite("effects", "none", label="certain exits"))
    fix = Remediation(
        f"Return from the handler instead of calling {found.what} at {found.path}:{found.line}; raise an error where the "
        'invocation is to fail. What belongs to a command line alone goes below `if __name__ == "__main__":` or '
        "`if (require.main === module)`.",
        verify="The log has no Runtime.ExitError.",
    )
    message = f"{found.path}:{found.line} ends the process with {found.what} {when(found)}"
    return failed(message, cited(effects, found, "statement that ends the process"), remediation=fix, rung=rung(found))
