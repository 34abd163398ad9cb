"""A Python package is installed in a folder where the function's interpreter does not look.

What it looks for
    An import that nothing on `sys.path` provides, and a distribution in the same image or package that brings it, in a
    folder outside `sys.path`.

Why it breaks
    The image has several Pythons, and `pip` belonged to another one (`/usr/lib/python3.9` beside AWS's
    `/var/lang/bin/python3.12`); uv or poetry made a `.venv` that the runtime does not use; `pip install --user` wrote
    below `/root/.local`; a build stage for another version was copied. The import fails with `No module named 'x'`
    although `pip list` shows it.

How it is told apart
    Where no folder of the image holds the package, it is `py_dep_missing`. `pip install` of AWS's own Python without
    `--target` is fine: its site-packages is searched.

Fix
    Install with the interpreter that runs, or copy the packages to a folder that is searched.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
    https://docs.python.org/3/library/site.html
"""

from __future__ import annotations

import posixpath
import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import Distribution, InstalledPackages
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"No module named '(?!.*\._)\w+'[\s\S]{0,400}(?:\.venv|dist-packages|/root/\.local|virtualenv|poetry|uv sync)",
        2,
    ),
    signature(r"Requirement already satisfied: [^\n]*\bin /[^\n]*[\s\S]{0,2000}No module named", 3),
)


@check(
    title="Packages lie where the interpreter looks",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing",),
)
def py_installed_in_wrong_place(
    closure: ImportClosure,
    installed: InstalledPackages,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks for what is missing among the distributions beside the search path."""
    if closure.language != "python" or installed.language != "python":
        return not_applicable("the handler is not Python")
    found = [(each, there) for each in closure.missing for there in _elsewhere(each, installed)]
    if not found:
        if not closure.missing and not closure.complete:
            why = "; ".join(closure.unread[:2]) or "not all imports could be followed"
            return unknown(f"{why}: what is missing could not be told")
        return passed("nothing that is missing lies in a folder beside the search path")
    evidence = []
    for wanted, there in found[:5]:
        source = f"{closure.reading.source} {wanted.path}:{wanted.line}"
        evidence.append(closure.cite("missing", wanted.full, label="import that is not found", source=source))
        label = f"{there.name} {there.version} is installed in"
        evidence.append(installed.cite("elsewhere", _folder(there), label=label, source=f"image {there.path}"))
    wanted, there = found[0]
    fix = rebuilt(_advice(there, runtime), function, image, code, f"The next init imports `{wanted.module}`.")
    return failed(
        f"`{wanted.module}` is installed in {_folder(there)}, where the function's Python does not look",
        *evidence,
        runtime.cite("search_path", label="folders that are searched"),
        *said(timeline, rf"No module named '{re.escape(wanted.module)}['.]"),
        remediation=fix,
    )


def _elsewhere(wanted: Import, installed: InstalledPackages) -> list[Distribution]:
    return [each for each in installed.elsewhere if wanted.module in each.provides][:1]


def _folder(there: Distribution) -> str:
    return posixpath.dirname(there.path)


def _advice(there: Distribution, runtime: RuntimeModel) -> str:
    """What to change, by the kind of folder."""
    folder = _folder(there)
    name = f"python{runtime.version[0]}.{runtime.version[1]}" if len(runtime.version) > 1 else "python"
    home = re.match(r"(/root|/home/[^/]+)/", folder)
    environment = re.match(r"(.*)/lib(?:64)?/python3\.\d+/site-packages$", folder)
    if home:
        return f"Install without `--user`, as {folder} belongs to a user that Lambda does not run as."
    other = re.search(r"/(python3\.\d+)/", folder)
    if other and other[1] != name:
        return f"Install with `{name} -m pip`: {folder} belongs to {other[1]}, and {name} runs."
    if environment and folder.startswith(("/usr/lib", "/usr/local/lib")):
        return f"Install with the interpreter that runs (`{name} -m pip`), not with another one of the image."
    if environment:
        return (
            f"Install without the virtual environment {environment[1]} (uv: `uv pip install --system`, poetry: "
            "`poetry config virtualenvs.create false`), or copy its site-packages to the task root."
        )
    return f"Install to {runtime.task_root} (`pip install --target {runtime.task_root}`), or copy the packages there."
