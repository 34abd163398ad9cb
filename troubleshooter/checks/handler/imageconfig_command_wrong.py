"""The function's ImageConfig gives a handler that this image does not have.

What it looks for
    A Command in the function's ImageConfig whose handler resolves to no file in the image that the function runs; or to
    a file without such a function, while the image's own CMD resolves.

Why it breaks
    One image often serves many functions, each with a Command of its own. After a file or function was renamed, or with
    another function's Command or image, the client looks for something that this image does not hold:
    `Runtime.ImportModuleError` or `Runtime.HandlerNotFound`. A Command also stays in effect when the image changes.

How it is told apart
    Where the handler comes from the image's own CMD, it is `handler_module_missing` or `handler_export_missing`. A
    handler that is right and whose imports fail is a missing dependency.

Fix
    Correct Command in the ImageConfig, or remove it so that the image's CMD counts.

References
    https://docs.aws.amazon.com/lambda/latest/api/API_ImageConfig.html
    https://docs.aws.amazon.com/lambda/latest/dg/images-parms.html
"""

from __future__ import annotations

import json

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, images_own, looked_for, overridden, with_handler, would_work
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"Unable to import module '([\w./-]+)': No module named '\1'", 2),
    signature(r"Handler '[^']*' missing on module '[^']*'", 1),
    signature(r"Cannot find module '[\w./-]+'(?:\\n|\s)+Require stack:(?:\\n|\s)+- /var/runtime/", 1),
)
ASK = "Has the function's ImageConfig a Command, and does it name a handler of this image?"


@check(
    title="The Command of the function's ImageConfig fits its image",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("handler_module_missing", "handler_export_missing"),
)
def imageconfig_command_wrong(
    resolution: HandlerResolution,
    launch: EffectiveLaunch,
    function: FunctionRecord,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether the override is what does not resolve."""
    if not overridden(launch):
        return not_applicable("the function's ImageConfig gives no Command: the image's own counts")
    where = configured(resolution, launch, function)
    if resolution.problem in ("undecided", "unreadable"):
        return unknown(resolution.detail or "what the image holds could not be told", where)
    wrong = resolution.problem == "module missing"
    own = images_own(resolution, launch, image)
    wrong = wrong or (resolution.problem == "export missing" and bool(own))
    if not wrong:
        return passed(
            f"the image has what Command names, or something else is wrong with `{resolution.handler}`", where
        )
    evidence = [where, *looked_for(resolution), *would_work(resolution)]
    if isinstance(image, ImageConfig) and image.command:
        evidence.insert(1, image.cite("command", label="image CMD, which Command replaces"))
    lacks = "module" if resolution.problem == "module missing" else f"function `{resolution.export}`"
    otherwise = "Deploy the image that holds this handler."
    if own:
        otherwise = f"Remove Command, so that the image's {json.dumps([own])} counts."
    return failed(
        f"the function's Command is `{resolution.handler}`, and the image has no such {lacks}",
        *evidence,
        *said(timeline, r"No module named|Cannot find module|missing on module|is undefined or not exported"),
        remediation=with_handler(resolution, launch, function, image, code, otherwise),
    )
