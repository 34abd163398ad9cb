"""A JavaScript file is written as CommonJS and loaded as an ES module.

What it looks for
    `require`, `module`, `exports`, `__dirname` or `__filename` in code that is sure to run while a file loads that Node.js
    takes for an ES module: `.mjs`, or `.js` under a package.json with `"type": "module"`. Uses behind a condition
    (`typeof module !== 'undefined' && …`), in a `try`, in functions that loading does not call, and names that the file
    defines itself (`createRequire`) are left alone. Also bundles whose `require` stand-in throws.

Why it breaks
    Those names do not exist in ES modules: `ReferenceError: require is not defined in ES module scope`, and the init ends
    with `Runtime.Unknown`. Typical: a CommonJS bundle beneath a package.json of `"type": "module"`; an ES module bundle
    with CommonJS packages inside: `Dynamic require of "fs" is not supported`.

How it is told apart
    The reverse, `import` in a CommonJS file, is a syntax error (`node_esm_in_cjs`).

Fix
    Name the file `.cjs`, or drop the `type`, or bundle as an ES module with a `createRequire` banner.

References
    https://nodejs.org/api/esm.html#differences-between-es-modules-and-commonjs
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
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

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(r"(?:require|module|exports|__dirname|__filename) is not defined in ES module scope", 3),
    signature(r"This file is being treated as an ES module because it has a '\.js' file extension", 3),
    signature(r"Dynamic require of \"[^\"]+\" is not supported", 3),
    signature(r"ReferenceError: (?:require|module|exports|__dirname|__filename) is not defined", 2),
)
BANNER = (
    "--banner:js=import { createRequire as __createRequire } from 'node:module'; "
    "const require = __createRequire(import.meta.url);"
)
"""What makes `require` exist in an ES module that esbuild writes."""


@check(
    title="No CommonJS code is loaded as an ES module",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("init_exception_other", "handler_export_missing"),
)
def node_cjs_in_esm(
    format: ModuleFormat,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Holds how the file is written against how it is loaded."""
    if format.loaded_as != "esm":
        return not_applicable(f"{format.path} is loaded as {loads(format)}")
    if format.offence:
        what = "requires through a stand-in that throws" if "Dynamic require" in format.error else "is CommonJS"
        return failed(
            f"{format.path}:{format.line} {what}, and Node.js loads the file as an ES module: {decided_by(format)}",
            *shown(format),
            *said(timeline, r"is not defined in ES module scope|Dynamic require of"),
            remediation=_fix(format, function, image, code),
        )
    if format.doubt:
        unblock = Unblock("Give the log of the init: the error names what is not defined.")
        return unknown(f"{format.path}: {format.doubt}", format.cite("path"), unblock=unblock)
    return passed(f"{format.path} is fit to be loaded as an ES module", format.cite("path"))


def _fix(
    format: ModuleFormat,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    stem, extension = posixpath.splitext(format.path)
    verify = "The next init ends without a ReferenceError, and INIT_REPORT without Runtime.Unknown."
    if "Dynamic require" in format.error or format.written_as in ("both", "esm"):
        text = (
            "Give the ES module a `require`: bundle with a banner that makes one (esbuild: "
            f"`{BANNER}`), use `import` instead, or bundle to CommonJS (`--format=cjs`)."
        )
    elif extension == ".js" and format.package_json:
        text = (
            f'Name the file `{stem}.cjs`; or take `"type": "module"` out of `{format.package_json}`; or put a package.json '
            f'with `"type": "commonjs"` into `{posixpath.dirname(format.path)}`; or bundle to an ES module.'
        )
    else:
        text = f"Name the file `{stem}.cjs`, or write it as an ES module."
    return rebuilt(text, function, image, code, verify)
