"""The code raises while it is loaded.

What it looks for
    An exception of the application during init, with `Runtime.Unknown` or the exception's own name in INIT_REPORT.

Why it breaks
    What stands at the top level of the handler's module runs in init: reading settings, opening connections, loading
    models. Only import errors and syntax errors have names of their own; every other exception passes unchanged and
    the platform counts it as `Runtime.Unknown`.

How it is told apart
    A setting that is missing is `env_missing_at_runtime`, a module that is missing `py_dep_missing` or
    `node_dep_missing`. Without any line of the application nothing of it ran: then look at the spawn.

Fix
    Read the traceback above INIT_REPORT and correct its cause; move work that can fail into the handler, or catch and
    report it there.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
    https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-execution.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.VERY_COMMON
_TOOLS = r"terraform|hashicorp|pulumi|docker|buildkit|containerd|copilot|opentelemetry\.io/collector|/opt/extensions/"
"""Programs in Go that build or deploy: their panic is none of the function's."""
SIGNATURES = (
    signature(r"Phase: (?:init|invoke)\s+Status: error\s+Error Type: Runtime\.Unknown", 2),
    signature(r"Error Type: Runtime\.Unknown", 1),
    signature(r"NoRegionError|You must specify a region", 3),
    signature(r"module initialization error", 2),
    signature(
        r"Uncaught Exception\s+\{\"errorType\":\"(?!Runtime\.)\w+",
        2,
        unless=r"ERR_REQUIRE_ESM|ERR_DLOPEN|not defined in ES module|ERR_MODULE_NOT_FOUND",
    ),
    signature(r"(?:OperationalError|ConnectionRefusedError|ECONNREFUSED|could not connect to server)", 1),
    signature(r"Error: Runtime exited with error: exit status 1\b", 1),
    signature(r"Static initialization failed|Error loading (?:method \S+ on )?class|TypeInitializationException", 2),
    signature(r"\bpanic: [\s\S]{0,600}goroutine \d+ \[", 2, unless=_TOOLS),
    signature(r"\bpanic: (?:runtime error|interface conversion|assignment to entry in nil map)", 2, unless=_TOOLS),
    signature(r"FUNCTION_ERROR_INIT_FAILURE", 2),
    signature(r"NoClassDefFoundError|Could not load file or assembly", 1),
)
ASK = "What does the exception above INIT_REPORT, or above the exit of the runtime, say, and which line raised it?"
