"""The handler's file is not where the handler says.

What it looks for
    The module that the handler names, looked up as the runtime client does: Python's import system from the task root
    on, Node's own rules with their extensions. Nothing is there. In a source folder: the Dockerfile does not copy the file.

Why it breaks
    The file was copied to another folder (`COPY . .` under another WORKDIR), compiled to `dist/`, left out by
    `.dockerignore`, or spelled in another case than on the developer's machine. The client ends the init with
    `Runtime.ImportModuleError: Unable to import module 'app': No module named 'app'`, or `Cannot find module 'index'`.

How it is told apart
    The missing name is the handler's own module; another name is a dependency (`py_dep_missing`, `node_dep_missing`).
    Where the function's ImageConfig gives the handler, it is `imageconfig_command_wrong`. A file that is there and may
    not be read is `perm_files_unreadable`.

Fix
    Correct the handler, or copy the file to where it is looked for.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
"""

from __future__ import annotations

import re

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._handler_fix import configured, looked_for, overridden, with_handler, would_work
from troubleshooter.checks._left_out import left_out
from troubleshooter.facts import Unavailable
from troubleshooter.facts.build import StagedCode
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to import module '([\w./-]+)': No module named '?\1\b", 3),
    signature(r"No module named '?lambda_(?:function|handler)\b", 3),
    signature(
        r"Unable to import module '(?:[\w./-]+[./])?(?:app|main|index|handler|lambda_function|lambda_handler)': "
        r"No module named '(?:app|main|index|handler|lambda_function|lambda_handler|src|lambda|function)[\w.]*'",
        3,
    ),
    signature(r"Cannot find module '(?:[\w./-]*/)?(?:index|app|main|handler|lambda)'(?![^\n]*node_modules)", 3),
    signature(r"Cannot find module '[\w./-]+'(?:\\n|\s)+Require stack:(?:\\n|\s)+- /var/runtime/", 3),
    signature(r"Cannot find module '/var/task/[^']+' imported from /var/runtime/", 3),
    signature(
        r"Cannot find module '/var/task/(?![^']*(?:node_modules|\.node'))[^']+'(?! imported)",
        2,
        unless=r"Require stack:(?:\\n|\s)+- /var/task/",
    ),
    signature(r"\bClass not found: [\w.$]+", 3),
    signature(r"handler does not match a file name in your deployment package", 3),
    signature(r"java\.lang\.ClassNotFoundException: [\w.$]+", 2, unless=r"NoClassDefFoundError"),
    signature(r"Unable to load type '[^']+' from assembly|Could not find the specified handler assembly", 3),
    signature(r"cannot load such file -- (?:/var/task/)?(?:app|main|index|handler|function|lambda_\w+)\b", 3),
    signature(r"cannot load such file -- |Init<LoadError>", 1),
    signature(r"Unable to import module '[\w./-]+'", 1),
    signature(r"Runtime\.ImportModuleError", 1),
)
ASK = (
    "Does `docker run --rm --entrypoint ls IMAGE /var/task`, or `unzip -l package.zip`, list the handler's file where the "
    "handler says?"
)


@check(title="The handler's file is where the handler says", severity=Severity.ERROR, rung=Rung.HANDLER)
def handler_module_missing(
    resolution: HandlerResolution,
    launch: EffectiveLaunch | Unavailable,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    staged: StagedCode | Unavailable,
) -> Verdict:
    """Asks where the client's own look-up ended."""
    where = configured(resolution, launch, function)
    gone = left_out(staged, function, image, code, handler=True)
    if gone is not None:
        return gone
    if resolution.path is not None and resolution.problem != "unreadable":
        return passed(f"`{resolution.handler}` leads to {resolution.path}", where, resolution.cite("path"))
    if resolution.problem == "undecided":
        return unknown(
            resolution.detail, where, unblock=Unblock("Give the built image or package with everything in it.")
        )
    if resolution.problem != "module missing":
        return not_applicable(f"the handler fails in another way: {resolution.problem or 'it resolves to a folder'}")
    if overridden(launch):
        return not_applicable("the function's ImageConfig gives the handler, not the image: imageconfig_command_wrong")
    fix = with_handler(resolution, launch, function, image, code, "Copy the handler's file to where it is looked for.")
    module = resolution.module or resolution.handler
    name = re.escape(module.rpartition("/")[2].rpartition(".")[2])
    return failed(
        f"the handler `{resolution.handler}` names a module `{module}`, and no such file is there",
        where,
        *looked_for(resolution),
        *would_work(resolution),
        *said(timeline, rf"(?:No module named|Cannot find module) '?[^'\n]*{name}"),
        remediation=fix,
    )
