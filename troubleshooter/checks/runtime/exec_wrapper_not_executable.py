"""The file that AWS_LAMBDA_EXEC_WRAPPER names has no execute permission.

What it looks for
    The variable on an AWS language base, and a file at its path whose mode has no execute bit for others.

Why it breaks
    The bootstrap of AWS's bases tests the wrapper before it starts it: `/opt/wrapper: is not an executable`, exit
    status 126.

How it is told apart
    No file at all ends with 127 (`exec_wrapper_missing`). Status 126 without that line is a foreign or unreadable
    program (`arch_mixed_multistage`, `entrypoint_not_executable`).

Fix
    `RUN chmod 755` on the wrapper, or `COPY --chmod=0755`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
"""

from __future__ import annotations

import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._exec_wrapper import Wrapper, is_file, wrapper
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"^(?:.*\s)?/\S+: is not an executable", 3),
    signature(r"AWS_LAMBDA_EXEC_WRAPPER\b[\s\S]{0,600}?exit status 126", 3),
    signature(r"exit status 126", 1),
)


@check(title="The exec wrapper may be executed", severity=Severity.ERROR, rung=Rung.RUNTIME)
def exec_wrapper_not_executable(
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    launch: EffectiveLaunch,
    files: ImageTree,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks at the mode of the file that the variable names."""
    found = wrapper(function, image, launch, files)
    if not isinstance(found, Wrapper):
        return found
    if found.entry is None or not is_file(found.entry):
        return not_applicable("there is no wrapper to execute")
    if found.entry.mode & 0o001:
        return passed(f"others may execute the wrapper {found.path}", *found.evidence)
    text = f"Give the wrapper the execute bit in the Dockerfile: `RUN chmod 755 {shlex.quote(found.path)}`."
    message = f"the wrapper {found.path} has mode {found.entry.mode:04o}, which does not let others execute it"
    return failed(message, *found.evidence, remediation=rebuilt(text, function, image, code))
