"""require() of an ES module is switched off in Lambda.

What it looks for
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

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"ERR_REQUIRE_ESM", 3),
    signature(r"require\(\) of ES Module", 3),
    signature(r"Must use import to load ES Module", 3),
    signature(r"Instead change the require of .* to a dynamic import\(\)", 3),
    signature(r"ERR_REQUIRE_ASYNC_MODULE|require\(\) cannot be used on an ESM graph", 3),
)
ASK = "Is the package named in the message published as ES modules only?"
