"""The bundler changed what the module exports.

What it looks for
    A handler's file that assigns the export, and then, further down, the whole of `module.exports` without it.

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

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"Runtime\.HandlerNotFound", 1),
    signature(r"is undefined or not exported", 1),
    signature(r"handler is not a function|\.handler is not a function", 2),
)
ASK = "Which names does the built bundle export, as against the source?"


@check(
    title="The handler's export is not replaced",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("handler_export_missing",),
)
def node_handler_overwritten_by_bundler(resolution: HandlerResolution, code: CodeTree) -> Verdict:
    """Looks for an assignment of the export that a later one of the whole module takes back."""
    if resolution.language != "node":
        return not_applicable("the handler is not JavaScript")
    if resolution.problem != "export missing" or resolution.path is None:
        return (
            passed("the export is not missing", resolution.cite("handler"))
            if not resolution.problem
            else (not_applicable(f"the handler fails in another way: {resolution.problem}"))
        )
    text = code.tree.text(resolution.path) or ""
    name = re.escape(resolution.export.partition(".")[0])
    made = list(re.finditer(rf"^(?:module\.)?exports\.{name}\s*=(?!=)", text, re.MULTILINE))
    whole = list(re.finditer(r"^module\.exports\s*=(?!=)", text, re.MULTILINE))
    if not made or not whole or whole[-1].start() < made[-1].start():
        return not_applicable("the file does not assign the export before it assigns all of module.exports")
    place = f"{resolution.reading.source} {resolution.path}"
    lines = [text.count("\n", 0, found.start()) + 1 for found in (made[-1], whole[-1])]
    said = [text.splitlines()[line - 1].strip()[:160] for line in lines]
    first = resolution.cite("export", said[0], label="the export", source=f"{place}:{lines[0]}")
    second = resolution.cite("export", said[1], label="what takes it back", source=f"{place}:{lines[1]}")
    fix = Remediation(
        f"Export once: put `{resolution.export}` into the object at {resolution.path}:{lines[1]}, or build with a library "
        "target of `commonjs2` or `--format=cjs`, so that the bundler adds no second assignment.",
        verify=f"`node -e` that prints the module's keys shows {resolution.export}.",
    )
    message = f"{resolution.path} exports `{resolution.export}` on line {lines[0]} and replaces all exports on line {lines[1]}"
    return failed(message, first, second, remediation=fix)
