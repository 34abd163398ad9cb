"""PYTHONPATH hides the folders that the runtime adds by itself.

What it looks for
    An import at load time that nothing provides, while `/opt/python` holds it, in an image of AWS's Python base for
    which `PYTHONPATH` is set and does not name that folder. In texts: also a module of the runtime itself.

Why it breaks
    AWS's Python bootstrap adds layers' folders and its own `site-packages` to the path only where `PYTHONPATH` is not
    set. Setting it, in the image or the function, drops them.

How it is told apart
    A module that is nowhere is `py_dep_missing`; one in a folder that no setting names is
    `py_installed_in_wrong_place`. For Node.js, `NODE_PATH` replaces the default list in the same way.

Fix
    Remove the variable and install into the task root, or list the default folders in it too.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"(?<!ENV )PYTHONPATH", 2, unless=r"reserved|Unsupported|not allowed"),
    signature(r"No module named '(?:boto3|botocore|awslambdaric|bootstrap)'", 2),
)
ASK = "Is PYTHONPATH set in the image or the function's configuration?"


@check(
    title="PYTHONPATH leaves the folders of layers on the search path",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "py_installed_in_wrong_place"),
)
def py_pythonpath_override(
    closure: ImportClosure,
    runtime: RuntimeModel,
    tree: CodeTree,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks below /opt/python for what is missing, where the variable takes that folder off the search path."""
    if closure.language != "python" or runtime.client != "aws-base" or tree.kind != "image":
        return not_applicable("no image of AWS's Python base runs here")
    setting = _setting(function, image)
    if setting is None:
        return passed("PYTHONPATH is not set")
    if not closure.missing and not closure.complete:
        why = "; ".join(closure.unread[:2]) or "imports could not be followed"
        return unknown(f"PYTHONPATH is set; what is missing could not be told: {why}", setting)
    found = next(((e, p) for e in closure.missing for p in _left_out(e, runtime, tree)), None)
    if found is None:
        return passed("PYTHONPATH is set, and nothing that is missing lies below /opt/python", setting)
    wanted, path = found
    place = closure.reading.source
    return failed(
        f"`{wanted.module}` lies at {path}; since PYTHONPATH is set, the runtime does not look there",
        setting,
        closure.cite(
            "missing", wanted.full, label="import that is not found", source=f"{place} {wanted.path}:{wanted.line}"
        ),
        closure.cite("missing", wanted.module, label="where it lies", source=f"{place} {path}"),
        runtime.cite("search_path", label="folders that are searched"),
        *said(timeline, rf"No module named '{re.escape(wanted.module)}['.]"),
        remediation=_fix(wanted, path, function, image, code),
    )


def _setting(function: FunctionRecord | Unavailable, image: ImageConfig) -> Evidence | None:
    """Who sets the variable, and to what: the function's value stands in place of the image's."""
    own = function.variable("PYTHONPATH") if isinstance(function, FunctionRecord) else None
    if own is not None and isinstance(function, FunctionRecord):
        return function.cite(
            "environment", own.value or "a value that is not known", label="PYTHONPATH of the function"
        )
    value = image.variable("PYTHONPATH")
    return None if value is None else image.cite("environment", value, label="PYTHONPATH of the image")


def _left_out(wanted: Import, runtime: RuntimeModel, tree: CodeTree) -> Iterator[str]:
    """Where a missing module lies in a folder that the runtime adds by itself and now does not."""
    version = ".".join(str(part) for part in runtime.version[:2])
    searched = {tree.tree.resolve(folder).path for folder in runtime.search_path}
    for folder in (f"/opt/python/lib/python{version}/site-packages", "/opt/python"):
        base = posixpath.join(folder, wanted.full.replace(".", "/"))
        top = posixpath.join(folder, wanted.module)
        if tree.tree.resolve(folder).path in searched:
            continue
        paths = (f"{top}/__init__.py", f"{top}.py", f"{base}/__init__.py", f"{base}.py")
        yield from (path for path in paths if tree.tree.is_file(path))
        # A namespace package: a folder without a file of its own, with code below it.
        yield from (path for path in tree.tree.walk(base) if path.endswith((".py", ".so")))


def _fix(
    wanted: Import,
    path: str,
    function: FunctionRecord | Unavailable,
    image: ImageConfig,
    code: FunctionCode | Unavailable,
) -> Remediation:
    verify = f"The next init imports `{wanted.module}`."
    folder = path.partition(f"/{wanted.module}")[0]
    if isinstance(function, FunctionRecord) and function.variable("PYTHONPATH") is not None:
        text = f"Take PYTHONPATH out of the function's environment, or add `:{folder}` to its value."
        return Remediation(text, (), verify)
    text = f"Take PYTHONPATH out of the image's ENV, add `:{folder}` to its value, or install to the task root."
    return rebuilt(text, function, image, code, verify)
