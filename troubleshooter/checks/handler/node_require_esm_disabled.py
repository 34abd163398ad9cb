"""require() of an ES module is switched off in Lambda.

What it looks for
    Requires that are sure to run while the handler loads and lead to an ES module, by its extension or its package.json;
    `ERR_REQUIRE_ESM` in Lambda, while the same code runs locally.

Why it breaks
    Newer Node.js versions load ES modules through `require()`. Lambda starts Node.js 20 and 22 with that switched off,
    so CommonJS code that requires a package published as ES modules only fails there and nowhere else. Wrappers of
    observability vendors, written in CommonJS, meet handlers that are ES modules in the same way.

How it is told apart
    `Cannot use import statement outside a module` is a file that is itself of the wrong kind (`node_esm_in_cjs`).
    `require is not defined` is the reverse (`node_cjs_in_esm`).

Fix
    Load it with `await import()`, bundle to one format, make the function an ES module, or take the package's last
    CommonJS release.

References
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
    https://nodejs.org/api/errors.html#err_require_esm
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, beside, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"ERR_REQUIRE_ESM", 3),
    signature(r"require\(\) of ES Module", 3),
    signature(r"Must use import to load ES Module", 3),
    signature(r"Instead change the require of .* to a dynamic import\(\)", 3),
    signature(r"ERR_REQUIRE_ASYNC_MODULE|require\(\) cannot be used on an ESM graph", 3),
)
ASK = "Is the package named in the message published as ES modules only?"
SHOWN = 5


@check(
    title="No ES module is required where require() does not load those",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("init_exception_other",),
)
def node_require_esm_disabled(
    closure: ImportClosure,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Asks which requires at load time lead to ES modules."""
    if closure.language != "node":
        return not_applicable("the handler is not JavaScript")
    if not closure.esm_required:
        if closure.complete:
            return passed("nothing that loads with the handler requires an ES module")
        why = "; ".join(closure.unread[:2])
        unblock = Unblock("Give the built image or package, with its layers, as the function runs it.")
        return unknown(f"whether an ES module is required could not be told: {why}", unblock=unblock)
    first = closure.esm_required[0]
    cited = [
        closure.cite(
            "esm_required",
            each.full,
            label="ES module that is required",
            source=f"{closure.reading.source} {each.path}:{each.line}",
        )
        for each in closure.esm_required[:SHOWN]
    ]
    text = (
        f"At {first.path}:{first.line}, load `{first.full}` by `await import()`; or bundle to one format; or make "
        f"{posixpath.basename(first.path)} an ES module; or take the last release of `{first.module}` that is CommonJS. "
        "`--experimental-require-module` in NODE_OPTIONS switches it on again, outside AWS's support."
    )
    verify = "The next init ends without ERR_REQUIRE_ESM in its log."
    return failed(
        f"{first.path}:{first.line} requires `{first.full}`, an ES module, which this Node.js refuses",
        *cited,
        *beside(runtime.cite("flags", label="flags of Node.js")),
        *said(timeline, r"ERR_REQUIRE_ESM|require\(\) of ES Module"),
        remediation=rebuilt(text, function, image, code, verify),
    )
