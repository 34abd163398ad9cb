"""The bundler left out a native or data file.

What it looks for
    A `.node` or `.wasm` file that the function's own code or bundle requires at load time by a relative path, and that is
    not there. Files that are opened by a path made at run time are told by the text of the error alone.

Why it breaks
    esbuild and webpack put JavaScript into one file, but not what it opens at run time: native modules, WebAssembly,
    templates, protocol files. Paths that were relative to the package now start at the bundle.

How it is told apart
    A whole package that cannot be found is `node_dep_missing`, one for the platform `node_optional_platform_package`.
    In Python, files lost by slimming are `packaging_drops_files`.

Fix
    Mark the package external and install it beside the bundle, or copy the files (`loader: {'.node': 'copy'}`, a copy
    step), and build paths from where the files end up.

References
    https://esbuild.github.io/content-types/
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-typescript.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
DROPPED = (".node", ".wasm")
SIGNATURES = (
    signature(r"Cannot find module '[^']*\.(?:node|wasm)'", 3),
    signature(r"ENOENT[^\n]*\.(?:wasm|node|proto|hbs|ejs|pem|graphql|sql|html|ttf|afm|br)\b", 3),
    signature(r"No loader is configured for \"?\.(?:node|html|wasm)", 3),
    signature(
        r"Could not find (?:the )?(?:native )?(?:binding|addon)|Could not locate the bindings file"
        r"|No native build was found",
        3,
    ),
    signature(r"\.node: cannot open shared object file", 2),
    signature(r"Dynamic require of \"[\w./-]+\.node\"", 3),
    signature(r"ENOENT: no such file or directory, open '/var/task/", 2),
    signature(r"spawn /var/task/\S+ ENOENT", 2),
)
ASK = "Is the file that the message names in the deployed package at that path?"


@check(
    title="Native files that the bundle asks for lie beside it",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("node_dep_missing", "init_exception_other"),
    narrow=True,
)
def bundler_drops_native(
    closure: ImportClosure,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks among the missing imports of own files for native files."""
    if closure.language != "node":
        return not_applicable("the handler is not JavaScript")
    dropped = [each for each in closure.missing if _is_dropped(each)]
    if dropped:
        first = dropped[0]
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(first.path), first.full))
        text = (
            f"Mark the package that brings {posixpath.basename(first.full)} as external and install it beside the bundle, or let "
            f"the bundler copy the file to {wanted} (esbuild: `--loader:.node=copy`)."
        )
        return failed(
            f"{first.path}:{first.line} requires {first.full}, and {wanted} is not there",
            closure.cite(
                "missing", first.full, label="file", source=f"{closure.reading.source} {first.path}:{first.line}"
            ),
            *said(timeline, posixpath.basename(first.full).replace(".", r"\.")),
            remediation=rebuilt(text, function, image, code, f"The next init finds {first.full}."),
        )
    if not closure.complete and closure.unread:
        return unknown(f"whether every native file is there could not be told: {closure.unread[0]}")
    return passed("no native file is missing that own code requires by a relative path")


def _is_dropped(each: Import) -> bool:
    return each.full.startswith(("./", "../")) and each.full.endswith(DROPPED) and "/node_modules/" not in each.path
