"""CMD or ENTRYPOINT of an AWS base image is in shell form.

What it looks for
    AWS's entry script at the end of the launch, handed `/bin/sh -c …` in place of a handler; or an ENTRYPOINT in
    shell form that calls the script without a handler.

Why it breaks
    `CMD app.handler` becomes `["/bin/sh", "-c", "app.handler"]`: three arguments, where the script demands exactly
    one. A shell-form ENTRYPOINT drops CMD altogether. Both end with status 142 and `entrypoint requires the handler
    name to be the first argument`. A JSON array in single quotes, `CMD ['app.handler']`, silently is shell form
    too.

How it is told apart
    No argument at all is `cmd_missing`, several words in JSON form `cmd_multiple_args`. On other bases a shell-form
    CMD simply runs in a shell and is no failure.

Fix
    JSON form with double quotes: `CMD ["app.handler"]`.

References
    https://docs.docker.com/reference/dockerfile/#shell-and-exec-form
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._aws_entry import Entry, entry, is_shell_form
from troubleshooter.checks._command_fix import with_command
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Cmd: \[(?:/bin/)?(?:ba)?sh,\s?-c,", 3),
    signature(r"entrypoint requires the handler name to be the first argument|exit status 142", 2),
)
_HANDLER = re.compile(r"[\w./-]+\.\w+")


@check(title="AWS's entry script is not called through a shell", severity=Severity.ERROR, rung=Rung.RUNTIME)
def cmd_shell_form(
    launch: EffectiveLaunch,
    image: ImageConfig,
    files: ImageTree | Unavailable,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for `sh -c` among the words of the launch."""
    found = entry(launch, image, files)
    if not isinstance(found, Entry):
        return found
    if found.shell_entrypoint and len(found.arguments) != 1:
        script = found.script
        more = f' ENTRYPOINT too has to be in JSON form, `ENTRYPOINT ["{script}"]`: in shell form it drops CMD.'
        message = (
            f"ENTRYPOINT is in shell form and calls {script} with {len(found.arguments)} arguments; CMD is dropped"
        )
        fix = with_command(_handler(launch.command), function, image, code, more)
        return failed(message, *found.evidence, remediation=fix)
    if not is_shell_form(found.arguments):
        return passed(f"{found.script} is not given a shell's command line", *found.evidence)
    text = found.arguments[2]
    quoted = " (a JSON array needs double quotes)" if text.startswith("[") else ""
    message = f"CMD is in shell form{quoted}: {found.script} is given {len(found.arguments)} arguments and demands one"
    return failed(message, *found.evidence, remediation=with_command(_handler((text,)), function, image, code))


def _handler(words: tuple[str, ...]) -> str | None:
    """The handler that was meant, where one word looks like one."""
    word = words[0].strip("[]'\" ") if len(words) == 1 else ""
    return word if _HANDLER.fullmatch(word) else None
