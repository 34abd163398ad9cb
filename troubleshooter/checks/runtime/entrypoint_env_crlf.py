"""The entry script starts through env and has Windows line ends.

What it looks for
    A first line `#!/usr/bin/env NAME` that ends with a carriage return.

Why it breaks
    The kernel starts env, and env looks for a program named `NAME\\r`: `env: 'python3\\r': No such file or
    directory`, exit status 127. The service reports `Runtime.ExitError`, not `Runtime.InvalidEntrypoint`, because a
    process did start.

How it is told apart
    With the interpreter named directly the start itself fails (`entrypoint_crlf`). env without a carriage return
    and without the program is `entrypoint_interpreter_missing`.

Fix
    Convert the file (`sed -i 's/\\r$//'`) and keep git from doing it again: `*.py text eol=lf` in .gitattributes.

References
    https://git-scm.com/docs/gitattributes#_eol
    https://www.gnu.org/software/coreutils/manual/html_node/env-invocation.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks._line_ends import converted
from troubleshooter.checks._spawn import evidence, otherwise
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch, SpawnResult
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"env: [‘'\"]?[\w./-]+(?:\\r|\r|\^M)", 3),
    signature(r"env: can't execute '[\w./-]+(?:\\r|\r)", 3),
)


@check(title="env is asked for a program without a carriage return", severity=Severity.ERROR, rung=Rung.RUNTIME)
def entrypoint_env_crlf(
    spawn: SpawnResult,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at what a first line hands to env."""
    if spawn.cause != "crlf" or spawn.stage != "env":
        return otherwise(spawn, "no first line hands a carriage return to env")
    return failed(spawn.detail, *evidence(launch, spawn), remediation=converted(spawn, function, image, code))
