"""The handler's text is not of the form that the runtime client takes apart.

What it looks for
    A handler without a dot (`app`, `lambda_handler`), without a module (`.handler`), with `..` for Node.js, or with the
    file's extension in it (`app.py`, `app.py.handler`, `dist/index.js.handler`).

Why it breaks
    The runtime client splits the text into a module and a name in it: `file.function`. Without a dot there is nothing to
    split (`Runtime.MalformedHandlerName`, `Bad handler 'app': not enough values to unpack`); with an extension the split
    falls in the wrong place, and a module `app.py` or a function `py` is looked for.

How it is told apart
    A well-formed handler whose file is not there is `handler_module_missing`; one whose function is not there is
    `handler_export_missing`. A leading slash in Python is `py_handler_leading_slash`.

Fix
    Write `path/file.function`, the file without its extension.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, with_handler, would_work
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.MalformedHandlerName", 3),
    signature(r"Bad handler '[^']*'", 3),
    signature(r"not enough values to unpack \(expected 2, got 1\)", 2),
    signature(r"Unable to import module '[^']*\.py'|Cannot find module '[^']*\.js\.\w+'", 2),
    signature(r"Handler 'py' missing on module|\.js\.handler is undefined or not exported", 3),
)
ASK = "Is the handler of the form `file.function`, without the file's extension?"

_EXTENSION = re.compile(r"\.(py|js|mjs|cjs|ts)(?=\.|$)")


@check(
    title="The handler has the form file.function",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=(
        "handler_module_missing",
        "handler_export_missing",
        "imageconfig_command_wrong",
    ),
)
def handler_malformed(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Takes the handler apart as the client does, and recognises a file's extension in it."""
    where = configured(resolution, launch, function)
    extension = _extension(resolution)
    if resolution.problem != "malformed" and not extension:
        return passed(f"`{resolution.handler}` names a module and something in it", where)
    if extension:
        message = f"the handler `{resolution.handler}` has the file's extension .{extension} in it"
    else:
        message = f"the handler `{resolution.handler}` is not of the form file.function"
    detail = resolution.cite("detail", label="what the runtime client says") if resolution.detail else None
    evidence = (where, *([detail] if detail else []), *would_work(resolution))
    advice = "Write the handler as `path/file.function`, without an extension."
    if "$" in resolution.handler:
        message += ": no shell puts in the value of a variable"
        advice = f"CMD in JSON form, as Command, is taken as it is written. {advice}"
    fix = with_handler(resolution, launch, function, image, code, advice)
    return failed(message, *evidence, *said(timeline, r"Bad handler|MalformedHandlerName"), remediation=fix)


def _extension(resolution: HandlerResolution) -> str:
    """The extension that is written in the handler, where it is what goes wrong."""
    found = _EXTENSION.search(resolution.handler)
    if found is None or resolution.problem not in ("module missing", "export missing"):
        return ""
    module = resolution.handler[: found.start()].replace("/", ".").lstrip(".")
    fits = any(a.replace("/", ".").rpartition(".")[0] == module for a in resolution.alternatives)
    return found[1] if fits else ""
