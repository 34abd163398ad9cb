"""The Python handler begins with a slash or a dot.

What it looks for
    A handler such as `/app.handler`, `./app.handler` or `../app.handler`.

Why it breaks
    The client turns slashes into dots and imports the result. A name that begins with a dot is a relative import, which
    needs a package to be relative to: `TypeError: the 'package' argument is required to perform a relative import for
    '.app'`. It is no ImportError, so the init ends with the type `Runtime.Unknown` or `TypeError`.

How it is told apart
    Slashes inside the text are fine: `src/app.handler` is `src.app.handler`. Node.js takes an absolute path.

Fix
    Write the path relative to the task root, without a leading `/` or `./`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    https://docs.python.org/3/library/importlib.html#importlib.import_module
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, with_handler, would_work
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"the 'package' argument is required to perform a relative import", 3),
    signature(r"Bad handler '\.?/|Unable to import module '\.?/", 2),
)


@check(
    title="The Python handler is relative to the task root",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("imageconfig_command_wrong", "handler_module_missing"),
)
def py_handler_leading_slash(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether the import would be a relative one."""
    if resolution.language != "python":
        return not_applicable("the handler is not Python")
    where = configured(resolution, launch, function)
    if resolution.problem != "relative import":
        return passed(f"`{resolution.handler}` is no relative import", where)
    text = "Write the handler relative to the task root, without a leading `/` or `./`."
    return failed(
        f"the handler `{resolution.handler}` becomes a relative import, which has nothing to be relative to",
        where,
        resolution.cite("detail", label="what the interpreter says"),
        *would_work(resolution),
        *said(timeline, r"'package' argument is required"),
        remediation=with_handler(resolution, launch, function, image, code, text),
    )
