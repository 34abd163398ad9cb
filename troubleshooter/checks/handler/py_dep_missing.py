"""A Python dependency is not installed where the function runs.

What it looks for
    Imports that run when the handler's module is loaded, in the function's own modules too, and that nothing provides:
    no standard library, no runtime, no folder of `sys.path`. Imports inside `try … except ImportError`, under
    `TYPE_CHECKING`, for other versions or systems, and inside functions are no failure of the init.

Why it breaks
    The dependency stands in no requirements file, or in that of the developers; a multi-stage build copies the code and
    not `site-packages`; a zip was made without `pip install --target`; a module left the standard library. The init ends
    with `Runtime.ImportModuleError: Unable to import module 'app': No module named 'httpx'`.

How it is told apart
    The handler's own module missing is `handler_module_missing`. A requirement that has the import's name and brings
    something else is `py_dist_vs_import_name`; a package that lies in a folder outside `sys.path` is
    `py_installed_in_wrong_place`. A submodule with an underscore (`pkg._ext`) is a compiled part for another Python
    (`py_wrong_abi_tag`) or CPU (`native_wrong_arch_lib`).

Fix
    Add the distribution to the requirements, install them in the image or into the package, and deploy.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
"""

from __future__ import annotations

import re
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.distributions import distributions_of
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.python_modules import removed_from_library
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to import module '[\w./-]+': No module named '(?!.*\._)[\w.]+'", 2),
    signature(r"ModuleNotFoundError: No module named '(?!.*\._)[\w.]+'", 2, unless=r"aws_cdk"),
    signature(r"No module named '?(?!awslambdaric|[\w.]*\._)\w+", 1),
    signature(r"Runtime\.ImportModuleError", 1),
)
SHOWN = 5


@check(title="Everything that the Python handler imports is there", severity=Severity.ERROR, rung=Rung.HANDLER)
def py_dep_missing(
    closure: ImportClosure,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Lists the imports at load time that nothing provides, and those at call time that a call has run into."""
    if closure.language != "python":
        return not_applicable("the handler is not Python")
    if closure.missing:
        return _failed(closure.missing, closure, runtime, function, code, timeline, None)
    hit = [each for each in closure.missing_deferred if _invoked_into(each, timeline)]
    if hit:
        return _failed(tuple(hit), closure, runtime, function, code, timeline, Rung.INVOKE)
    if not closure.complete:
        why = "; ".join(closure.unread[:3]) or "not all imports could be followed"
        unblock = Unblock("Give the built image or package, with its layers, as the function runs it.")
        return unknown(f"whether every import is provided could not be told: {why}", unblock=unblock)
    count = len({each.module for each in closure.imports if not (each.guarded or each.deferred)})
    return passed(f"all {count} modules that loading the handler imports are provided")


def _invoked_into(each: Import, timeline: Timeline | Unavailable) -> bool:
    """Whether an invocation of the present failed for want of this module."""
    if isinstance(timeline, Unavailable):
        return False
    wanted = re.compile(rf"No module named '{re.escape(each.module)}['.]")
    return any(i.status == "error" and wanted.search(i.error or "") for i in timeline.invocations)


def _failed(
    missing: tuple[Import, ...],
    closure: ImportClosure,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    rung: Rung | None,
) -> Verdict:
    evidence: list[Evidence] = []
    for each in missing[:SHOWN]:
        source = f"{closure.reading.source} {each.path}:{each.line}"
        evidence.append(closure.cite("missing", each.full, label="import that nothing provides", source=source))
    evidence.append(runtime.cite("search_path", label="looked in"))
    first = missing[0]
    when = "" if rung is None else ", when it is called"
    left = removed_from_library(first.module)
    gone = f"; it left Python's standard library in {left[0]}.{left[1]}" if left and runtime.version[:2] >= left else ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return failed(
        f"{first.path}:{first.line} imports `{first.full}`{more}{when}, and nothing provides it{gone}",
        *evidence,
        *said(timeline, rf"No module named '{re.escape(first.module)}['.]"),
        remediation=_fix(missing, runtime, function, code),
        rung=rung,
    )


def _fix(
    missing: tuple[Import, ...],
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    names: list[str] = []
    unsure: list[str] = []
    for each in missing:
        known = distributions_of(each.full)
        if known:
            names.append(known[0])
        else:
            unsure.append(each.module)
    names, unsure = list(dict.fromkeys(names)), list(dict.fromkeys(unsure))
    zipped = isinstance(function, FunctionRecord) and not function.is_image
    place = "into the folder that is zipped" if zipped else "in the image"
    texts = []
    if names:
        texts.append(f"Add {_listed(names)} to the requirements and install them {place}.")
    if unsure:
        texts.append(f"Add what provides {_listed(unsure)} to the requirements, or copy it if it is your own, {place}.")
    commands = []
    if names:
        target = ["--target", "."] if zipped else []
        commands.append(shlex.join(["python", "-m", "pip", "install", *target, *names]))
    modules = ", ".join(dict.fromkeys(each.module for each in missing))
    test = ["-c", f"import {modules}"]
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    verify = shlex.join(["python", *test])
    if uri and runtime.version:
        name = f"python{runtime.version[0]}.{runtime.version[1]}" if len(runtime.version) > 1 else "python3"
        verify = shlex.join(["docker", "run", "--rm", "--entrypoint", name, uri, *test])
    return Remediation(" ".join(texts), tuple(commands), f"`{verify}` works.")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
