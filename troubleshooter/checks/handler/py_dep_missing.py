"""A Python dependency is not installed where the function runs.

What it looks for
    Imports that run when the handler's module is loaded, in the function's own modules too, and that nothing provides:
    no standard library, no runtime, no folder of `sys.path`. Imports inside `try … except ImportError`, under
    `TYPE_CHECKING`, for other versions or systems, and inside functions are no failure of the init. In a source folder: own
    modules that the Dockerfile does not copy, and packages where it installs nothing.

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
    Add the distribution to the requirements, install them in the image or into the package, and deploy. Distributions are
    often not called what their import is called, and a name that is free may have been taken by somebody with bad
    intentions: install none only because it has the import's name.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._closure import brings_nothing_else, doubt_about, surely_missing
from troubleshooter.checks._distribution import Bringer, bringer, unknown_bringers
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._left_out import left_out
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import StagedCode
from troubleshooter.facts.code import Import, ImportClosure, ToldMissing
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import InstalledPackages, Requirements
from troubleshooter.facts.python_modules import removed_from_library
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to import module '[\w./-]+': No module named '(?!.*\._)[\w.]+'", 2),
    signature(r"Unable to import module '([\w./-]+)': No module named (?!\1\b)(?!.*\._)\w[\w.]*", 2),
    signature(r"ModuleNotFoundError: No module named '(?!.*\._)[\w.]+'", 2, unless=r"aws_cdk"),
    signature(r"No module named '?(?!awslambdaric|[\w.]*\._)\w+", 1),
    signature(
        r"Runtime\.ImportModuleError", 1, unless=r"Cannot find (?:module|package) '|ERR_MODULE_NOT_FOUND|Require stack:"
    ),
)
ASK = (
    "Does `docker run --rm --entrypoint python3 IMAGE -c 'import NAME'` succeed, or does `unzip -l package.zip` list the "
    "package?"
)
SHOWN = 5


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What is known beside the missing imports."""

    closure: ImportClosure
    runtime: RuntimeModel
    requirements: Requirements | Unavailable
    installed: InstalledPackages | Unavailable
    function: FunctionRecord | Unavailable
    code: FunctionCode | Unavailable
    image: ImageConfig | Unavailable

    def bringers(self, missing: tuple[Import, ...]) -> dict[str, Bringer]:
        """By import as written, what would bring it."""
        found = {m.full: bringer(m, self.closure, self.requirements, self.installed) for m in missing}
        return {full: each for full, each in found.items() if each is not None}


@check(
    title="Everything that the Python handler imports is there", severity=Severity.ERROR, rung=Rung.HANDLER, narrow=True
)
def py_dep_missing(
    closure: ImportClosure,
    runtime: RuntimeModel,
    requirements: Requirements | Unavailable,
    installed: InstalledPackages | Unavailable,
    function: FunctionRecord | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    image: ImageConfig | Unavailable,
    staged: StagedCode | Unavailable,
    told: ToldMissing | Unavailable,
) -> Verdict:
    """Lists the imports at load time that nothing provides, and those at call time that a call has run into, and what an
    installed package lacks, as the runtime client tells it."""
    if closure.language != "python":
        return not_applicable("the handler is not Python")
    surroundings = _Surroundings(closure, runtime, requirements, installed, function, code, image)
    if missing := surely_missing(closure, staged):
        found = _failed(missing, None, surroundings, timeline)
        return replace(found, evidence=(*found.evidence, *brings_nothing_else(closure, staged)))
    hit = [each for each in closure.missing_deferred if _invoked_into(each, timeline)]
    if hit:
        return _failed(tuple(hit), Rung.INVOKE, surroundings, timeline)
    if isinstance(told, ToldMissing):
        return _failed((told.asked,), None, surroundings, timeline)
    gone = left_out(staged, function, image, code)
    if gone is not None:
        return gone
    if doubt := doubt_about(closure, staged):
        return doubt
    count = len({each.module for each in closure.imports if not (each.guarded or each.deferred)})
    return passed(f"all {count} modules that loading the handler imports are provided")


def _invoked_into(each: Import, timeline: Timeline | Unavailable) -> bool:
    """Whether an invocation of the present failed for want of this module."""
    if isinstance(timeline, Unavailable):
        return False
    wanted = re.compile(rf"No module named '{re.escape(each.module)}['.]")
    return any(i.status == "error" and wanted.search(i.error or "") for i in timeline.invocations)


def _failed(
    missing: tuple[Import, ...], rung: Rung | None, surroundings: _Surroundings, timeline: Timeline | Unavailable
) -> Verdict:
    closure, runtime = surroundings.closure, surroundings.runtime
    evidence: list[Evidence] = []
    for each in missing[:SHOWN]:
        source = f"{closure.reading.source} {each.path}:{each.line}"
        evidence.append(closure.cite("missing", each.full, label="import that nothing provides", source=source))
    evidence.append(runtime.cite("search_path", label="looked in"))
    brought = surroundings.bringers(missing)
    evidence += beside(*(e for b in list(brought.values())[:SHOWN] for e in b.evidence))
    first = missing[0]
    when = "" if rung is None else ", when it is called"
    left = removed_from_library(first.module)
    gone = f"; it left Python's standard library in {left[0]}.{left[1]}" if left and runtime.version[:2] >= left else ""
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return failed(
        f"{first.path}:{first.line} imports `{first.full}`{more}{when}, and nothing provides it{gone}",
        *evidence,
        *said(timeline, rf"No module named '{re.escape(first.module)}['.]"),
        remediation=_fix(missing, brought, surroundings),
        rung=rung,
    )


def _fix(missing: tuple[Import, ...], brought: Mapping[str, Bringer], surroundings: _Surroundings) -> Remediation:
    function, code, runtime = surroundings.function, surroundings.code, surroundings.runtime
    zipped = isinstance(function, FunctionRecord) and not function.is_image
    place = "into the folder that is zipped" if zipped else "in the image"
    texts = list(dict.fromkeys(each.how for each in brought.values()))
    commands: tuple[str, ...] = ()
    if brought:
        texts.append(f"Install {'them' if len(texts) > 1 else 'it'} {place}.")
        names = dict.fromkeys(each.name for each in brought.values() if each.name)
        if names and zipped:
            commands = (shlex.join(["python", "-m", "pip", "install", "--target", ".", *names]),)
        elif names:
            texts.append(f"In the Dockerfile: `RUN {shlex.join(['python', '-m', 'pip', 'install', *names])}`.")
    texts.append(unknown_bringers(each.module for each in missing if each.full not in brought))
    modules = ", ".join(dict.fromkeys(each.module for each in missing))
    test = ["-c", f"import {modules}"]
    uri = code.image_uri if isinstance(code, FunctionCode) else None
    verify = shlex.join(["python", *test])
    if uri and runtime.version:
        name = f"python{runtime.version[0]}.{runtime.version[1]}" if len(runtime.version) > 1 else "python3"
        verify = shlex.join(["docker", "run", "--rm", "--entrypoint", name, uri, *test])
    text = " ".join(filter(None, texts))
    if zipped or "`RUN " not in text:
        return Remediation(text, commands, f"`{verify}` works.")
    return rebuilt(text, function, surroundings.image, code, f"`{verify}` works.")
