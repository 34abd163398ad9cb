"""A JavaScript file is written as an ES module and loaded as CommonJS.

What it looks for
    `import` and `export` declarations, `import.meta` or a top-level `await` in a file that Node.js loads as CommonJS: a
    `.js` file whose nearest package.json does not say `"type": "module"`, or a `.cjs` file. The handler's own file first,
    then the files that it loads.

Why it breaks
    The extension and the nearest package.json decide, and often only `dist/` was copied, without the package.json. Lambda
    starts Node.js with `--no-experimental-require-module --no-experimental-detect-module`, so a file that works locally is
    a syntax error there: `Runtime.UserCodeSyntaxError`, `Cannot use import statement outside a module` or `Unexpected
    token 'export'`. ES modules as such work in Lambda.

How it is told apart
    The reverse, CommonJS under `"type": "module"`, is a ReferenceError (`node_cjs_in_esm`). A package in node_modules that
    is an ES module gives `ERR_REQUIRE_ESM` (`node_require_esm_disabled`).

Fix
    Copy a package.json with `"type": "module"` beside the code, or name the file `.mjs`, or compile to CommonJS.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
    https://nodejs.org/api/packages.html#determining-module-system
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._module_format import decided_by, loads, shown
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import ModuleFormat
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Cannot use import statement outside a module", 3),
    signature(r"Unexpected token '?export'?", 3),
    signature(r"Cannot use 'import\.meta' outside a module", 3),
    signature(r"To load an ES module, set \"type\": \"module\" in the package\.json", 3),
    signature(r"await is only valid in async functions and the top level bodies of modules", 2),
    signature(r"Runtime\.UserCodeSyntaxError", 1, unless=r"\.py\b|Traceback|Syntax error in module"),
)
ASK = 'Is the file `.mjs`, or does the package.json that is nearest to it in the package say `"type": "module"`?'


@check(
    title="No ES module is loaded as CommonJS",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("init_exception_other", "handler_export_missing"),
)
def node_esm_in_cjs(
    format: ModuleFormat,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Holds how the file is written against how it is loaded."""
    if format.loaded_as != "commonjs":
        return not_applicable(f"{format.path} is loaded as {loads(format)}")
    if format.offence:
        return failed(
            f"{format.path}:{format.line} is ES module syntax, and Node.js loads the file as CommonJS: {decided_by(format)}",
            *shown(format),
            *said(timeline, r"import statement outside a module|Unexpected token|UserCodeSyntaxError|import\.meta"),
            remediation=_fix(format, function, image, code),
        )
    if format.doubt:
        unblock = Unblock("Give the built image or package, whose start script shows the flags of Node.js.")
        return unknown(f"{format.path}: {format.doubt}", format.cite("path"), unblock=unblock)
    return passed(f"{format.path} is fit to be loaded as CommonJS", format.cite("path"))


def _fix(
    format: ModuleFormat,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    folder = posixpath.dirname(format.path)
    stem, extension = posixpath.splitext(format.path)
    if extension == ".cjs":
        text = f"Name the file `{stem}.mjs`, or compile it to CommonJS (esbuild: `--format=cjs`)."
    elif format.package_json is None:
        text = (
            f'Put a package.json with `"type": "module"` into `{folder}` or above it, up to the task root (no package.json '
            f"is there now); or name the file `{stem}.mjs`; or compile to CommonJS (esbuild: `--format=cjs`)."
        )
    else:
        text = (
            f'Set `"type": "module"` in `{format.package_json}`, if all its `.js` files are ES modules; or name the file '
            f"`{stem}.mjs`; or compile to CommonJS (esbuild: `--format=cjs`)."
        )
    verify = "The next init ends without Runtime.UserCodeSyntaxError."
    return rebuilt(text, function, image, code, verify)
