"""A release of an extension crashes by itself.

What it looks for
    `Extension.Crash`, often with exit code 0, above which the extension wrote an error of its own configuration.

Why it breaks
    A faulty release under a floating tag, a release that does not know this kind of compute or this switch, or two
    extensions that both stand between runtime and Runtime API. The environment is torn down with the extension, so a
    function that is itself healthy fails; provisioned concurrency does not stabilise.

How it is told apart
    An extension that could never be executed is `extension_launch_failure` with its kinds. One that is killed together
    with the function when memory runs out is `oom`: compare Max Memory Used. The last lines before `Extension.Crash`
    are the extension's own.

Fix
    Pin the last release that worked, and update the other extension too where there are two. Copy all of `/opt` from
    the vendor's image, not `/opt/extensions` alone.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
    https://github.com/DataDog/datadog-lambda-extension/issues
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Extension\.Crash", 3, unless=r"signal: killed|exec format error|(?:error while|Error) loading shared"),
    signature(r"Error loading configuration:|UnsupportedField\(", 3),
    signature(r"exit code 0\s+Extension\.", 3),
    signature(r"\bpanic: [\s\S]{0,2000}?(?:opentelemetry\.io/collector|/opt/extensions/)", 3),
    signature(r"unable to start, otelcol state is", 2),
    signature(r"HandlerErrorCode: NotStabilized|FUNCTION_ERROR_INIT_FAILURE", 1),
    signature(r"Extension\.(?:ExitError|InitError)", 1),
)
ASK = "Did the extension's version change with the first failure, or is it a floating tag such as `latest`?"
