"""The bundler changed what the module exports.

What it looks for
    `Runtime.HandlerNotFound` for an export that the source has.

Why it breaks
    A bundle may wrap the exports in `default`, drop those it takes for unused, emit another module format than the
    file's extension says, or set `module.exports` a second time at its end.

How it is told apart
    Where the source exports a default alone, it is `node_default_export`; where it does not export the name at all,
    `handler_export_missing`.

Fix
    Look at the end of the bundle, or `node -e "console.log(Object.keys(require('./bundle.js')))"`; set the library
    target (`commonjs2`), `--format=cjs`, and export once.

References
    https://docs.aws.amazon.com/lambda/latest/dg/typescript-handler.html
    https://esbuild.github.io/api/#format
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.HANDLER
FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.HandlerNotFound", 1),
    signature(r"is undefined or not exported", 1),
    signature(r"handler is not a function|\.handler is not a function", 2),
)
ASK = "Which names does the built bundle export, as against the source?"
