"""AWS's entry script is given several arguments.

What it looks for
    AWS's entry script at the end of the launch, and more than one argument for it, such as `CMD ["python",
    "app.py"]`.

Why it breaks
    The script demands exactly one argument, the handler. A command line for a server or a build, ported from
    another base, ends with `entrypoint requires the handler name to be the first argument` and status 142, before
    any of it runs.

How it is told apart
    No argument is `cmd_missing`; `/bin/sh -c …` is `cmd_shell_form`. Entrypoints other than AWS's script take what
    they are given: there several arguments are right.

Fix
    One handler as CMD; or, for a program of its own (a server behind the Web Adapter), that program as ENTRYPOINT.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

import json
import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._aws_entry import Entry, entry, is_shell_form
from troubleshooter.checks._command_fix import with_command
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Entrypoint: \[/lambda-entrypoint\.sh\]\s+Cmd: \[(?!(?:/bin/)?(?:ba)?sh,)[^\],]+,", 3),
    signature(r"entrypoint requires the handler name to be the first argument|exit status 142", 2),
)
_HANDLER = re.compile(r"[\w/-]+\.\w+")


@check(title="AWS's entry script is given one argument", severity=Severity.ERROR, rung=Rung.RUNTIME)
def cmd_multiple_args(
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
    words = found.arguments
    if len(words) < 2 or is_shell_form(words) or found.shell_entrypoint:
        return passed(f"{found.script} is given no several words", *found.evidence)
    handlers = [
        w for w in words if _HANDLER.fullmatch(w) and w.rpartition(".")[2] not in ("py", "js", "mjs", "cjs", "sh")
    ]
    handler = handlers[0] if len(handlers) == 1 and "handler" in handlers[0] else None
    more = (
        f" If {json.dumps(list(words))} is a program that shall run itself, such as a server behind the Web Adapter, "
        "make it the ENTRYPOINT and write `CMD []`."
    )
    message = f"{found.script} is given {len(words)} arguments ({' '.join(words)}) and demands exactly one, the handler"
    return failed(message, *found.evidence, remediation=with_command(handler, function, image, code, more))
