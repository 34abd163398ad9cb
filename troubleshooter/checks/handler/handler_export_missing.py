"""The handler's file does not define the handler's function.

What it looks for
    The name after the handler's last dot among everything that the module binds: definitions, assignments, imports;
    for Node.js among its exports. What code may add while it runs is not called missing.

Why it breaks
    The client imports the module and asks it for the name: `Runtime.HandlerNotFound`, `Handler 'handler' missing on
    module 'app'`, or `index.handler is undefined or not exported`. Typical after a rename, with `lambda_handler` where
    the file says `handler`, or with a folder in place of a file.

How it is told apart
    Where the file itself is not found it is `handler_module_missing`. A Node module whose only export is the default one
    is `node_default_export`; a bundler that drops exports is `node_handler_overwritten_by_bundler`.

Fix
    Name the function that is there, or define the one that is named.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, images_own, with_handler, would_work
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Handler '(?!py')[^']*' missing on module '[^']*'", 3),
    signature(r"[\w./-]+\.\w+ is undefined or not exported", 3),
    signature(r"Runtime\.HandlerNotFound", 2),
    signature(r"module '[\w.]+' has no attribute '\w*handler'", 3),
    signature(r"Unable to find method '[^']+' in type '[^']+' from assembly", 3),
    signature(r"No (?:public )?method named \S+ with appropriate method signature", 3),
    signature(r"undefined (?:local variable or )?method [`']\w*handler\w*' for (?:main\b|#<LambdaHandler)", 3),
)
ASK = "Does the handler's file define the name after the handler's last dot, letter for letter?"


@check(title="The handler's file defines the handler's function", severity=Severity.ERROR, rung=Rung.HANDLER)
def handler_export_missing(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks what the module binds."""
    where = configured(resolution, launch, function)
    if not resolution.problem:
        return passed(f"{resolution.path or resolution.module} defines `{resolution.export}`", where)
    if resolution.problem == "undecided":
        return unknown(resolution.detail or "what the module defines could not be told", where)
    if resolution.problem != "export missing":
        return not_applicable(f"the handler fails before its function is asked for: {resolution.problem}")
    if images_own(resolution, launch, image):
        return not_applicable("the image's own command names a function that is there: imageconfig_command_wrong")
    place = resolution.path or f"the folder {resolution.module}"
    source = f"{resolution.reading.source} {resolution.path}" if resolution.path else None
    looked = resolution.cite("export", "not defined", label=f"`{resolution.export}` in {place}", source=source)
    fix = with_handler(
        resolution, launch, function, image, code, f"Define `{resolution.export}` at the top level of {place}."
    )
    return failed(
        f"the handler `{resolution.handler}` names `{resolution.export}`, which {place} does not define",
        where,
        looked,
        *would_work(resolution),
        *said(timeline, r"missing on module|is undefined or not exported|HandlerNotFound"),
        remediation=fix,
    )
