"""Files lie at the wrong depth of the zip or layer.

What it looks for
    In a zip package: a root that holds one folder only, with the handler's file in it; or imported modules that nothing
    provides and that all lie in `python/`, `package/` or `nodejs/node_modules/` of the package. Layers are not read.

Why it breaks
    A zip made of a folder instead of its content puts everything one level down. A layer's Python code must lie below
    `python/`, Node.js modules below `nodejs/node_modules/`; at the root of the layer they land in `/opt` and are not
    searched.

How it is told apart
    Where the file is not in the package at all, or the root holds other files too, it is `handler_module_missing` or a
    missing dependency; the package's listing decides.

Fix
    Zip the content (`cd build && zip -r ../package.zip .`), and give layers their prefix. `unzip -l` shows what the
    runtime will see.

References
    https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
    https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import posixpath
import shlex

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature
from troubleshooter.facts import Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.facts.tree import FileTree
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"Unable to import module '[\w./-]+': No module named '(?:lambda_function|index|app|main|handler)'", 1),
    signature(r"Cannot find module '(?:index|app|main|handler|lambda)'", 1),
    signature(r"No module named '\w+'[^\n]*layer|/opt/(?:python|nodejs)\b.*not found", 2),
    signature(r"Uploaded file must be a non-empty zip|Could not unzip uploaded file", 2),
)
ASK = "Does `unzip -l` show the handler's file at the root of the zip, and layer code below `python/` or `nodejs/`?"


_LITTER = frozenset({"__MACOSX", ".DS_Store", "Thumbs.db"})
_LIBRARIES = {"python": ("python", "package", "packages"), "node": ("nodejs/node_modules",)}
"""Where layers keep what is imported, and where packages are often gathered before they are zipped."""


@check(
    title="The package's files lie where the runtime looks",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("handler_module_missing", "py_dep_missing", "node_dep_missing", "py_dist_vs_import_name"),
)
def zip_wrong_root(files: CodeTree, resolution: HandlerResolution, closure: ImportClosure | Unavailable) -> Verdict:
    """Looks for the handler's module, and for what it imports, one folder below the root."""
    if files.kind != "zip":
        return not_applicable("the function is not looked at as a zip package")
    if resolution.problem == "module missing":
        return _handler(files, resolution)
    if resolution.problem or isinstance(closure, Unavailable) or not closure.missing:
        return passed("the handler's file is at the depth that the handler says", files.cite("root"))
    missing = sorted({each.module for each in closure.missing})
    for folder in _LIBRARIES.get(resolution.language, ()):
        inside = posixpath.join(files.root, folder)
        if all(_holds(files.tree, inside, module, resolution.language) for module in missing):
            return _libraries(files, inside, missing)
    return passed("nothing that is missing lies in a folder of the package", files.cite("root"))


def _handler(files: CodeTree, resolution: HandlerResolution) -> Verdict:
    top = [name for name in files.tree.children(files.root) if name not in _LITTER]
    inside = posixpath.join(files.root, top[0]) if len(top) == 1 else ""
    wanted = [p for p in resolution.tried if p.startswith(files.root.rstrip("/") + "/")]
    found = [
        moved
        for path in wanted
        if inside and files.tree.is_file(moved := posixpath.join(inside, posixpath.relpath(path, files.root)))
    ]
    if not found:
        return not_applicable("the handler's file is not one folder below the root of the package")
    fix = Remediation(
        f"Zip the content of {top[0]}, not the folder: its files belong at the root of the package.",
        (shlex.join(["sh", "-c", f"cd {shlex.quote(top[0])} && zip -r ../package.zip ."]),),
        f"`unzip -l` of the package lists {posixpath.relpath(found[0], inside)} without a folder before it.",
    )
    return failed(
        f"everything in the package lies below {top[0]}/, one folder deeper than the handler `{resolution.handler}` says",
        resolution.cite("handler"),
        files.cite("tree", top[0], label="only entry at the root of the package"),
        files.cite("tree", found[0], label="the handler's file"),
        remediation=fix,
    )


def _holds(tree: FileTree, folder: str, module: str, language: str) -> bool:
    names = (module,) if language == "node" else (module, f"{module}.py")
    return any(tree.exists(posixpath.join(folder, name)) for name in names)


def _libraries(files: CodeTree, inside: str, missing: list[str]) -> Verdict:
    below = posixpath.relpath(inside, files.root)
    goal = "node_modules at the root" if below.startswith("nodejs") else "the root of the package"
    fix = Remediation(
        f"Move the content of {below} to {goal}; the prefix is for layers. A layer of that content is the other way.",
        verify=f"`unzip -l` of the package lists {missing[0]} without {below}/ before it.",
    )
    return failed(
        f"{', '.join(missing)} lie in {below}/ of the package, where the runtime does not look",
        files.cite("tree", [posixpath.join(inside, name) for name in missing], label="in the package"),
        remediation=fix,
    )
