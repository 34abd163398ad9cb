"""The handler's file has a dot in its name, which a Node.js handler cannot name.

What it looks for
    A handler like `api.v2.handler` for a file `api.v2.js`.

Why it breaks
    The Node.js runtime client takes the file's name up to the first dot of the handler's last part and the rest as the
    export: it looks for `api.js` and in it for `v2.handler`. `Runtime.ImportModuleError: Cannot find module 'api'`, or
    `Runtime.HandlerNotFound` where a file `api.js` exists too. Dots in folder names are no problem.

How it is told apart
    A handler that has the extension in it (`index.js.handler`) is `handler_malformed`. Where no file has such a name it is
    `handler_module_missing`.

Fix
    Give the file a name without a dot.

References
    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
"""

from __future__ import annotations

import posixpath

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.model import Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(
        r"(?:_HANDLER|handler|Cmd)\W{1,6}[\w/-]+\.(?!default\b)[\w-]+\.[\w-]*[hH]andler\b[\s\S]{0,600}Cannot find module",
        2,
    ),
    signature(r"[\w/-]+\.(?!default\b)\w+\.\w*[hH]andler is undefined or not exported", 2),
)


@check(
    title="The handler's file has no dot in its name",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("handler_module_missing", "handler_export_missing", "imageconfig_command_wrong"),
)
def node_handler_dotted_file(
    resolution: HandlerResolution,
    runtime: RuntimeModel,
    tree: CodeTree,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks for files that the handler's author may have meant."""
    if resolution.language != "node":
        return not_applicable("the handler is not JavaScript")
    where = configured(resolution, launch, function)
    if resolution.problem == "undecided":
        return unknown(resolution.detail, where)
    if resolution.problem not in ("module missing", "export missing"):
        return passed("the handler's file is found under its name", where)
    meant = _meant(resolution, runtime, tree)
    if meant is None:
        return passed("no file with a dot in its name is meant", where)
    path, export = meant
    plain = posixpath.basename(path).rpartition(".")[0].replace(".", "-")
    folder = posixpath.dirname(resolution.handler)
    text = (
        f"Name the file `{plain}{posixpath.splitext(path)[1]}` and the handler "
        f"`{posixpath.join(folder, f'{plain}.{export}')}`; dots are allowed in folder names only."
    )
    return failed(
        f"the handler `{resolution.handler}` means {path}, but Node.js looks for a file `{resolution.module}` and in it for "
        f"`{resolution.export}`",
        where,
        resolution.cite("tried", path, label="file that is there", source=f"{resolution.reading.source} {path}"),
        resolution.cite("module", label="file that the runtime client looks for"),
        *said(timeline, r"Cannot find module|is undefined or not exported"),
        remediation=rebuilt(text, function, image, code, "The next init ends without Runtime.ImportModuleError."),
    )


def _meant(resolution: HandlerResolution, runtime: RuntimeModel, tree: CodeTree) -> tuple[str, str] | None:
    """A file whose name has the handler's dots, and the export that is left then."""
    folder = posixpath.normpath(posixpath.join(runtime.task_root, posixpath.dirname(resolution.handler)))
    parts = posixpath.basename(resolution.handler).split(".")
    for end in range(len(parts) - 1, 1, -1):
        for extension in (".js", ".mjs", ".cjs"):
            path = posixpath.join(folder, ".".join(parts[:end]) + extension)
            if tree.tree.is_file(path):
                return path, ".".join(parts[end:])
    return None
