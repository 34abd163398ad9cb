"""A JavaScript dependency is not there where the function runs.

What it looks for
    Imports and requires that are sure to run while the handler's module loads, in the function's own files and in its
    packages, and that nothing provides: no builtin module, no node_modules folder on the way up, no folder of NODE_PATH,
    no runtime. What stands in a `try`, behind a condition or in a function that loading does not call is no failure of the
    init. Files of the function's own count too.

Why it breaks
    The package stands among the devDependencies and `npm ci --omit=dev` left it out; a multi-stage build copies the code
    and not node_modules; a bundler was told that it is external; `.dockerignore` is too broad; an ES module imports
    `./util` without the extension. The init ends with `Runtime.ImportModuleError: Error: Cannot find module 'uuid'` and a
    require stack, or with `Cannot find package 'uuid' imported from …` (`ERR_MODULE_NOT_FOUND`, `Runtime.Unknown`).

How it is told apart
    The handler's own module missing is `handler_module_missing`: its require stack has the runtime client alone. `aws-sdk`
    on Node.js 18 and later is `node_aws_sdk_v2_removed`; a package of another platform is `node_optional_platform_package`.

Fix
    Install the package as a production dependency, or copy the file, and deploy.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-package.html
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-image.html
    https://nodejs.org/api/modules.html#all-together
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import replace

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature
from troubleshooter.checks._client_said import said
from troubleshooter.checks._closure import brings_nothing_else, doubt_about, surely_missing
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._left_out import left_out
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import StagedCode
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import Requirement, Requirements
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Origin, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
_PLATFORM = r"[\w@./-]*-(?:linux|linuxmusl|darwin|win32)-(?:x64|arm64)"
SIGNATURES = (
    signature(rf"Cannot find module '(?!\.|/|aws-sdk'|{_PLATFORM})[^']+'[^\n]*(?:\\n|\s)+Require stack:(?:\\n|\s)+- /var/task/", 3),
    signature(rf"Cannot find package '(?!aws-sdk'|{_PLATFORM})[^']+' imported from", 3),
    signature(r"ERR_MODULE_NOT_FOUND", 2),
    signature(r"Cannot find module '\.{1,2}/[^']+'(?![^\n]*\.node')", 2),
    signature(r"Cannot find module '/var/task/[^']+' imported from (?!/var/runtime/)", 3),
    signature(r"Unable to import module '([\w./-]+)': Error\s+at [\s\S]{0,800}?/var/task/\1\.[cm]?js:\d", 3),
    signature(rf"Cannot find module '(?!\.|/|aws-sdk'|{_PLATFORM})@?[\w.-]+(?:/[\w./-]+)?'", 2, unless=r"cdk\.json|aws-cdk"),
    signature(r"Runtime\.ImportModuleError: Error: Cannot find module", 1),
    signature(r"Module not found: Error: Can't resolve '(?![./]|aws-sdk')[^']+'", 2),
)  # fmt: skip
ASK = (
    "Does `docker run --rm --entrypoint node IMAGE -p \"require.resolve('NAME')\"` find it, or does "
    "`unzip -l package.zip` list it below node_modules?"
)
SHOWN = 5
_SECTIONS = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


@check(
    title="Everything that the JavaScript handler imports is there",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    narrow=True,
)
def node_dep_missing(
    closure: ImportClosure,
    runtime: RuntimeModel,
    tree: CodeTree | Unavailable,
    requirements: Requirements | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    staged: StagedCode | Unavailable,
) -> Verdict:
    """Lists the imports at load time that nothing provides, and those at call time that a call has run into."""
    if closure.language != "node":
        return not_applicable("the handler is not JavaScript")
    surroundings = (closure, runtime, tree, requirements, function, image, code, timeline)
    if missing := surely_missing(closure, staged):
        found = _failed(missing, None, *surroundings)
        return replace(found, evidence=(*found.evidence, *brings_nothing_else(closure, staged)))
    hit = tuple(each for each in closure.missing_deferred if _invoked_into(each, timeline))
    if hit:
        return _failed(hit, Rung.INVOKE, *surroundings)
    told = () if closure.complete else tuple(e for e in closure.imports if not e.guarded and _told(e, timeline))
    if told:
        return _failed(told, Rung.INVOKE if told[0].deferred else None, *surroundings)
    gone = left_out(staged, function, image, code)
    if gone is not None:
        return gone
    if doubt := doubt_about(closure, staged):
        return doubt
    count = len({each.module for each in closure.imports if not (each.guarded or each.deferred)})
    return passed(f"all {count} modules that the handler's own files import are provided, and what those import")


def wanted_by(each: Import) -> str:
    """A pattern for the error that Node.js raises for one import."""
    return rf"Cannot find (?:module|package) '(?:{re.escape(each.module)}|{re.escape(each.full)})'"


def _invoked_into(each: Import, timeline: Timeline | Unavailable) -> bool:
    """Whether an invocation of the present failed for want of this module."""
    if isinstance(timeline, Unavailable):
        return False
    pattern = re.compile(wanted_by(each))
    return any(i.status == "error" and pattern.search(i.error or "") for i in timeline.invocations)


def _told(each: Import, timeline: Timeline | Unavailable) -> bool:
    """Whether the runtime client itself says that it does not find this module."""
    return any(e.origin is Origin.PLATFORM_LOG for e in said(timeline, wanted_by(each)))


def _failed(
    missing: tuple[Import, ...],
    rung: Rung | None,
    closure: ImportClosure,
    runtime: RuntimeModel,
    tree: CodeTree | Unavailable,
    requirements: Requirements | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    evidence: list[Evidence] = []
    for each in missing[:SHOWN]:
        source = f"{closure.reading.source} {each.path}:{each.line}"
        evidence.append(closure.cite("missing", each.full, label="import that nothing provides", source=source))
    first = missing[0]
    asked = _asked(first, requirements)
    if asked is not None and isinstance(requirements, Requirements):
        kind = "devDependencies" if asked.development else "dependencies"
        stands = requirements.cite("requirements", f"{asked.name} among the {kind}", source=asked.place)
        evidence += beside(stands)
    when = "" if rung is None else ", when it is called"
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    spelled = _spelled(first, tree)
    why = f": an ES module names the file in full, `{spelled}` is there" if spelled else ""
    return failed(
        f"{first.path}:{first.line} imports `{first.full}`{more}{when}, and nothing provides it{why}",
        *evidence,
        *beside(runtime.cite("search_path", label="NODE_PATH")),
        *said(timeline, wanted_by(first)),
        remediation=_fix(missing, _named(missing, requirements, tree), asked, spelled, function, image, code),
        rung=rung,
    )


def _asked(each: Import, requirements: Requirements | Unavailable) -> Requirement | None:
    """The requirement that asks for the package, one for production before one of developers."""
    if isinstance(requirements, Unavailable):
        return None
    found = [r for r in requirements.requirements if r.ecosystem == "npm" and r.name == each.module and not r.optional]
    return min(found, key=lambda r: r.development, default=None)


def _spelled(each: Import, tree: CodeTree | Unavailable) -> str:
    """How a relative import would be written in full; empty where no file fits."""
    if isinstance(tree, Unavailable) or not each.full.startswith("."):
        return ""
    base = posixpath.join(posixpath.dirname(each.path), each.full)
    endings = (".js", ".mjs", ".cjs", "/index.js", "/index.mjs")
    return next((each.full.rstrip("/") + e for e in endings if tree.tree.is_file(base.rstrip("/") + e)), "")


def _named(
    missing: tuple[Import, ...], requirements: Requirements | Unavailable, tree: CodeTree | Unavailable
) -> list[str]:
    """Packages that somebody asks for beside the import itself: the function, or the package whose file imports it."""
    known = {m.module for m in missing if _asked(m, requirements) is not None or m.module in _declared(m.path, tree)}
    return [name for name in dict.fromkeys(m.module for m in missing) if name in known]


def _declared(path: str, tree: CodeTree | Unavailable) -> frozenset[str]:
    """What the nearest package.json above a file asks for."""
    folder = posixpath.dirname(path)
    while not isinstance(tree, Unavailable) and folder not in ("/", ""):
        text = tree.tree.text(f"{folder}/package.json")
        if text is not None:
            try:
                data = json.loads(text)
            except (ValueError, RecursionError):
                return frozenset()
            sections = [data.get(name) for name in _SECTIONS] if isinstance(data, dict) else []
            return frozenset(name for each in sections if isinstance(each, dict) for name in each)
        folder = posixpath.dirname(folder)
    return frozenset()


def _fix(
    missing: tuple[Import, ...],
    named: list[str],
    asked: Requirement | None,
    spelled: str,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    packages = list(dict.fromkeys(m.module for m in missing if not m.module.startswith((".", "/", "#"))))
    unnamed = [name for name in packages if name not in named]
    files = list(dict.fromkeys(m.full for m in missing if m.module.startswith((".", "/", "#"))))
    texts = []
    if asked is not None and asked.development:
        texts.append(f"Move {_listed(named)} from the devDependencies to the dependencies.")
    elif named:
        texts.append(f"{_listed(named)} is asked for and was not installed or not copied: copy node_modules too.")
    if unnamed:
        zipped = isinstance(function, FunctionRecord) and not function.is_image
        place = "into the folder that is zipped" if zipped else "in the image"
        texts.append(
            f"No package.json asks for {_listed(unnamed)}. A package has the name of its import, so make sure that the import "
            "is spelled as its project's documentation has it: under a name with a slip there may be somebody else's. Then "
            f"add it to the dependencies and install {place}, or let the bundler take it in."
        )
    if spelled:
        texts.append(f"Write `{spelled}` in the import.")
    elif files:
        texts.append(f"Copy {_listed(files)} beside the file that asks for it.")
    install = (shlex.join(["npm", "install", "--save-prod", *named]),) if named else ()
    verify = "The next init ends without `Cannot find module` or `Cannot find package` in its log."
    fix = rebuilt(" ".join(texts), function, image, code, verify)
    return Remediation(fix.text, (*install, *fix.commands), fix.verify)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
