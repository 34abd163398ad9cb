"""AWS_LAMBDA_EXEC_WRAPPER names a file that is not in the image.

What it looks for
    The variable, in the function's environment or the image's ENV, on an AWS language base, and nothing at the path
    that it holds.

Why it breaks
    The bootstrap of AWS's bases starts the wrapper in the interpreter's place. Layers do not exist on images, so a
    path such as /opt/otel-instrument or /opt/bootstrap that came with a layer is gone after the move from zip to
    image: `/opt/otel-instrument: does not exist`, exit status 127.

How it is told apart
    A wrapper without execute permission ends with 126 (`exec_wrapper_not_executable`). Status 127 without that line
    is another missing program (`ric_missing`, `entrypoint_env_crlf`).

Fix
    Remove the variable, or copy the wrapper into the image.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
    https://docs.aws.amazon.com/lambda/latest/dg/extensions-configuration.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._exec_wrapper import Wrapper, is_file, unset, wrapper
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"^(?:.*\s)?/opt/\S+: does not exist", 3),
    signature(r"AWS_LAMBDA_EXEC_WRAPPER.*(?:does not exist|no such file)", 3),
    signature(r"AWS_LAMBDA_EXEC_WRAPPER\b[\s\S]{0,600}?exit status 127", 3),
    signature(r"exit status 127", 1),
)


@check(title="The exec wrapper is in the image", severity=Severity.ERROR, rung=Rung.RUNTIME)
def exec_wrapper_missing(
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    launch: EffectiveLaunch,
    files: ImageTree,
    code: FunctionCode | Unavailable,
) -> Verdict:
    """Looks for the file that the variable names."""
    found = wrapper(function, image, launch, files)
    if not isinstance(found, Wrapper):
        return found
    if is_file(found.entry):
        return passed(f"the wrapper {found.path} is in the image", *found.evidence)
    text = f"Remove AWS_LAMBDA_EXEC_WRAPPER, or copy the wrapper to {found.path} in the Dockerfile."
    message = f"AWS_LAMBDA_EXEC_WRAPPER names {found.path}, where the image has no file"
    return failed(message, *found.evidence, remediation=unset(text, found, function, image, code))
