"""An AWS base image is launched without a handler.

What it looks for
    AWS's entry script (/lambda-entrypoint.sh) at the end of the launch, and no argument for it: no CMD in the
    image, no Command in the function's ImageConfig.

Why it breaks
    AWS base images set ENTRYPOINT and leave CMD to you. The script demands exactly one argument, the handler;
    without it, it prints `entrypoint requires the handler name to be the first argument` and ends with status 142:
    `Runtime.ExitError`.

How it is told apart
    The process did start, so it is never `Runtime.InvalidEntrypoint`. Several arguments give the same text
    (`cmd_multiple_args`), and so does a CMD in shell form (`cmd_shell_form`). A handler with a wrong name fails
    later, at import.

Fix
    `CMD ["app.handler"]` in the Dockerfile, or Command in the function's ImageConfig.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._aws_entry import Entry, entry
from troubleshooter.checks._command_fix import with_command
from troubleshooter.checks._handlers import only_handler
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"entrypoint requires the handler name to be the first argument", 3),
    signature(r"exit status 142", 3),
    signature(r"(?:lambda-entrypoint\.sh|Launch error|Entrypoint: \[/).*Cmd: \[\]", 2),
)


@check(title="AWS's entry script is given a handler", severity=Severity.ERROR, rung=Rung.RUNTIME)
def cmd_missing(
    launch: EffectiveLaunch,
    image: ImageConfig,
    files: ImageTree | Unavailable,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Counts what the entry script is handed."""
    found = entry(launch, image, files)
    if not isinstance(found, Entry):
        return found
    if found.arguments or found.shell_entrypoint:
        return passed(f"{found.script} is given {' '.join(found.arguments) or 'CMD by a shell'}", *found.evidence)
    message = (
        f"{found.script} demands a handler as its only argument, and neither CMD nor the function's Command gives one"
    )
    fix = with_command(only_handler(files), function, image, code)
    return failed(message, *found.evidence, remediation=fix)
