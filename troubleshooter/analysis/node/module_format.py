"""In which module system Node loads a file, and whether the file is written in that one."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from troubleshooter.analysis.javascript.imports import (
    Construct,
    awaits,
    cjs_construct,
    esm_construct,
    uses_commonjs,
    wanted,
)
from troubleshooter.analysis.javascript.loading import Runs
from troubleshooter.analysis.javascript.syntax import Script, Unparsed
from troubleshooter.analysis.node.files import NodeFiles, is_lambda_node, loading
from troubleshooter.analysis.node.location import handler_file
from troubleshooter.analysis.node.resolution import Outcome, Resolver
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import ModuleFormat, RuntimeModel

MAX_FILES = 300
"""Own files that are looked at beside the handler's."""


@dataclass(frozen=True, slots=True)
class Format:
    """How one file fares."""

    loaded_as: str
    written_as: str
    construct: Construct | None = None
    """What the loader is sure to refuse."""
    doubt: str = ""
    """Why it could not be told whether it is refused."""


@provides()
def module_format(runtime: RuntimeModel, code: CodeTree) -> ModuleFormat | Unavailable:
    """The handler's file; or, where that one is fine, the first of its own files that its loader refuses."""
    files = NodeFiles(code.tree)
    path, loader = handler_file(runtime, files)
    try:
        found = format_of(files, runtime, path, loader)
    except Unparsed as error:
        found = Format(files.loaded_as(path), "unparsed", doubt=str(error))
    if found.construct is None and found.written_as != "unparsed":
        path, found = next(_refused(files, runtime, path, loader), (path, found))
    return _fact(files, code, path, found)


def _fact(files: NodeFiles, code: CodeTree, path: str, found: Format) -> ModuleFormat:
    reading = reading_of(code)
    line = found.construct.line if found.construct else 0
    scope = files.scope(path)
    return ModuleFormat(
        reading=reading,
        places={"path": f"{reading.source} {path}", "offence": f"{reading.source} {path}:{line}"},
        path=path,
        loaded_as=found.loaded_as,
        because=_because(files, path, found),
        package_json=scope.path if scope is not None else None,
        written_as=found.written_as,
        offence=found.construct.text if found.construct else "",
        line=line,
        error=found.construct.error if found.construct else "",
        doubt=found.doubt,
    )


def _because(files: NodeFiles, path: str, found: Format) -> str:
    if found.loaded_as == "esm" and files.loaded_as(path) == "commonjs":
        return "its own syntax, which this Node.js looks at"
    extension = posixpath.splitext(path)[1]
    if extension != ".js":
        return f"the extension {extension}" if extension else "the file has no extension"
    scope = files.scope(path)
    if scope is None:
        return "no package.json"
    if scope.data is None:
        return f"{scope.path} is not valid JSON"
    kind = scope.text("type")
    return f'{scope.path} says "type": "{kind}"' if kind else f'{scope.path} has no "type"'


def format_of(files: NodeFiles, runtime: RuntimeModel, path: str, loader: str) -> Format:
    """How the file at `path` (real) fares with `loader`: `require` or `import`. Raises `Unparsed`."""
    system = files.loaded_as(path)
    if system == "other":
        return Format(system, "either")
    scope = files.scope(path)
    if path.endswith(".js") and scope is not None and scope.data is None:
        return Format(system, "unparsed", doubt=f"{scope.path} is no JSON object, which Node does not go past")
    script = files.script(path)
    esm = esm_construct(script)
    broken = script.broken_at
    if broken is not None and (esm is None or esm.position >= broken):
        return Format(system, "unparsed", doubt="its syntax is not understood")
    if system == "commonjs" and esm is None:
        return Format(system, "commonjs" if uses_commonjs(script) else "either")
    if system == "commonjs" and esm is not None:
        detected = _detected(files, runtime, path, loader)
        if detected is False:
            return Format(system, "esm", esm)
        if detected is None:
            return Format(system, "esm", doubt="whether this Node.js loads ES module syntax here is not known")
    return _as_esm(files, runtime, script, esm, loader)


def system_of(files: NodeFiles, runtime: RuntimeModel, path: str, loader: str) -> str:
    """`esm`, `commonjs` or `other`: what the file becomes, its own syntax included where Node looks at that."""
    system = files.loaded_as(path)
    if system != "commonjs" or _detected(files, runtime, path, loader) is not True:
        return system
    return "esm" if esm_construct(files.script(path)) is not None else system


def _detected(files: NodeFiles, runtime: RuntimeModel, path: str, loader: str) -> bool | None:
    """Whether a file that would be CommonJS is loaded as an ES module if its syntax is that of one."""
    scope = files.scope(path)
    stated = scope is not None and scope.text("type") in ("commonjs", "module")
    if path.endswith(".cjs") or (path.endswith(".js") and stated):
        return False
    features = loading(runtime, files.tree)
    decides = [features.require_module if loader == "require" else features.detect_module]
    if is_lambda_node(runtime) and runtime.version[:1] >= (23,):
        decides = [features.require_module, features.detect_module]
    if all(d is False for d in decides):
        return False
    return True if decides[0] else None


def _as_esm(files: NodeFiles, runtime: RuntimeModel, script: Script, esm: Construct | None, loader: str) -> Format:
    """A file that is loaded as an ES module."""
    cjs = uses_commonjs(script)
    refused = cjs_construct(script) if script.broken_at is None else None
    written = ("both" if refused or cjs else "esm") if esm else "commonjs" if cjs else "either"
    if loader == "require" and loading(runtime, files.tree).require_module is not True:
        return Format("esm", written, doubt="require() is given an ES module")
    if loader == "require" and awaits(script):
        return Format("esm", written, doubt="require() is given an ES module that awaits at its top level")
    if refused is not None and _made_global(files, runtime, script, refused):
        return Format("esm", written, doubt="a module that it imports may provide what it lacks")
    if refused is None and written == "commonjs":
        return Format("esm", written, doubt="whether it gets as far as its CommonJS code shows only when it runs")
    return Format("esm", "esm" if esm and refused is None else written, refused)


def _made_global(files: NodeFiles, runtime: RuntimeModel, script: Script, refused: Construct) -> bool:
    """Whether a file that is imported first may put the missing name into the global scope."""
    name = re.search(r"ReferenceError: (\w+)", refused.error)
    if name is None:
        return False
    pattern = re.compile(rb"global(?:This)?\b[^;\n]{0,40}\b%b\b" % name[1].encode())
    resolver = Resolver(files, runtime)
    for want in wanted(script):
        if want.kind == "import":
            found = resolver.imports(want.specifier, posixpath.dirname(script.path))
            content = files.tree.read(found.path) if found.outcome is Outcome.FILE else None
            if content is not None and pattern.search(content):
                return True
    return False


def _refused(files: NodeFiles, runtime: RuntimeModel, path: str, loader: str) -> Iterator[tuple[str, Format]]:
    """Own files, reached for certain while the handler's file loads, that their loader refuses."""
    resolver = Resolver(files, runtime)
    todo, seen = [(path, loader)], {path}
    while todo and len(seen) <= MAX_FILES:
        path, loader = todo.pop(0)
        try:
            script = files.script(path)
            esm = system_of(files, runtime, path, loader) == "esm"
        except Unparsed:
            continue
        if script.broken_at is not None:
            continue
        for want in wanted(script):
            if want.runs is not Runs.ALWAYS or (esm and want.kind in ("require", "shim")):
                continue
            loader = "import" if want.kind in ("import", "dynamic") else "require"
            look = resolver.imports if loader == "import" else resolver.require
            found = look(want.specifier, posixpath.dirname(path))
            if found.outcome is not Outcome.FILE or "/node_modules/" in found.path or found.path in seen:
                continue
            seen.add(found.path)
            if files.loaded_as(found.path) == "other":
                continue
            todo.append((found.path, loader))
            try:
                fared = format_of(files, runtime, found.path, loader)
            except Unparsed:
                continue
            if fared.construct is not None:
                yield found.path, fared
