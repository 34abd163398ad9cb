"""Code ends the process itself.

What it looks for
    `Runtime exited without providing a reason` or `exit status N` during an invocation, or a `SystemExit`.

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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.INVOKE
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
