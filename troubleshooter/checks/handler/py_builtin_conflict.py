"""The Python handler's module has the name of one that is compiled into the interpreter.

What it looks for
    A handler whose first part is `sys`, `time`, `errno`, `gc`, `itertools`, `marshal`, `posix`, `pwd`, `atexit`,
    `builtins`, `faulthandler`, or one of their private sisters.

Why it breaks
    The runtime client refuses such a handler before it imports anything: `Runtime.BuiltInModuleConflict: Cannot use
    built-in module time as a handler module`. The file of that name is never looked at.

How it is told apart
    Modules of the standard library that are files (`json`, `code`, `test`) are not refused; the file in the task root
    usually wins over them.

Fix
    Rename the module, or put it into a package.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    https://docs.python.org/3/library/sys.html#sys.builtin_module_names
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, with_handler
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"Runtime\.BuiltInModuleConflict", 3),
    signature(r"Cannot use built-in module \S+ as a handler module", 3),
)


@check(
    title="The handler's module has no name of Python's own",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("imageconfig_command_wrong", "handler_module_missing"),
)
def py_builtin_conflict(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks whether the client refuses the module's name."""
    if resolution.language != "python":
        return not_applicable("the handler is not Python")
    where = configured(resolution, launch, function)
    if resolution.problem != "builtin conflict":
        return passed(f"`{resolution.module or resolution.handler}` is no module compiled into Python", where)
    top = resolution.module.partition(".")[0]
    fix = with_handler(
        resolution,
        launch,
        function,
        image,
        code,
        f"Rename {top}.py, for example to {top}_handler.py, or move it into a package, and name that in the handler.",
    )
    return failed(
        f"the handler's module `{top}` has the name of a module that is compiled into Python",
        where,
        resolution.cite("detail", label="what the runtime client does"),
        *said(timeline, r"built-in module|BuiltInModuleConflict"),
        remediation=fix,
    )
