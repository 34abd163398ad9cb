"""The file that Node's runtime client loads for a handler: its own steps, one by one."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from troubleshooter.analysis.node.files import NodeFiles, is_lambda_node
from troubleshooter.analysis.node.resolution import Outcome, Resolver, is_builtin
from troubleshooter.facts import Reason, SourceError, Unavailable
from troubleshooter.facts.runtime import RuntimeModel

MAX_SEARCHED = 20_000
"""Paths that are looked through for a file of the handler's name elsewhere."""
_EXPRESSION = re.compile(r"([^.]*)\.(.*)")
_SUFFIXES = (".js", ".mjs", ".cjs")


@dataclass(frozen=True, slots=True)
class Location:
    """Where the look-up ends."""

    problem: str
    """As in `HandlerResolution`; empty where a file is loaded."""
    module: str = ""
    export: str = ""
    path: str | None = None
    """Real path of the file that is loaded."""
    loader: str = ""
    """`require` or `import`."""
    tried: tuple[str, ...] = ()
    detail: str = ""
    expected: str = ""
    """The path without extension that the handler names."""


def ask_node(runtime: RuntimeModel) -> None:
    """Raises SourceError where a question about JavaScript does not arise for a runtime."""
    if runtime.language != "node":
        raise SourceError(Unavailable(Reason.NOT_OF_THIS_KIND, "no Node.js runtime client runs here"))
    if runtime.client == "unknown":
        text = "the Node.js program that is started is no known runtime client"
        raise SourceError(Unavailable(Reason.NOT_OF_THIS_KIND, text))


def handler_text(runtime: RuntimeModel) -> str:
    """What Node's client is given as the handler. Raises SourceError where no question about it arises."""
    ask_node(runtime)
    if runtime.handler is None:
        raise SourceError(Unavailable(Reason.NOT_OF_THIS_KIND, "the launch gives the runtime client no handler"))
    return runtime.handler


def handler_file(runtime: RuntimeModel, files: NodeFiles) -> tuple[str, str]:
    """Path of the handler's file, and `require` or `import`. Raises SourceError where there is none."""
    found = locate(handler_text(runtime), runtime.task_root, files, runtime)
    if found.path is None:
        raise SourceError(Unavailable(Reason.NOT_OF_THIS_KIND, f"no file was found for the handler {runtime.handler}"))
    return found.path, found.loader


def locate(handler: str, root: str, files: NodeFiles, runtime: RuntimeModel) -> Location:
    """Follows the runtime client's steps (release 3.3.0) from the handler's text to one file."""
    if ".." in handler:
        return Location("malformed", detail="a handler with '..' in it is refused")
    base = posixpath.basename(handler.rstrip("/"))
    match = _EXPRESSION.fullmatch(base)
    if match is None:
        return Location("malformed", detail=f"'{base}' has no dot between module and function")
    folder, module, export = handler[: handler.find(base)], match[1], match[2]
    path = posixpath.normpath(posixpath.join(root, folder, module))
    search = _Search(files, Resolver(files, runtime), [])
    if is_lambda_node(runtime) and runtime.version[:1] >= (23,):
        there = [p for p in (path, *(path + s for s in _SUFFIXES)) if files.tree.exists(p)]
        if len(there) > 1:
            detail = f"which of {', '.join(there)} Node {runtime.version[0]}'s runtime client takes is not known"
            return Location("undecided", module, export, None, "", tuple(there), detail, path)
    found = search.steps(path) or search.by_name(module, root, posixpath.join(root, folder))
    return Location(found[0], module, export, found[1], found[2], tuple(search.tried), found[3], path)


_Step = tuple[str, str | None, str, str]
"""Problem, path, loader, detail."""


@dataclass
class _Search:
    files: NodeFiles
    resolver: Resolver
    tried: list[str]

    def steps(self, path: str) -> _Step | None:
        """The files that the handler names directly: without extension, .js, .mjs, .cjs."""
        if self.exists(path):
            return self.required(path)
        if self.exists(path + ".js"):
            loader = "import" if self.says_module(posixpath.dirname(path)) else "require"
            return self.loaded(path + ".js", loader)
        if self.exists(path + ".mjs"):
            return self.loaded(path + ".mjs", "import")
        if self.exists(path + ".cjs"):
            return self.loaded(path + ".cjs", "require")
        return None

    def exists(self, path: str) -> bool:
        self.tried.append(path)
        return self.files.tree.exists(path)

    def loaded(self, path: str, loader: str) -> _Step:
        real = self.files.real(path)
        return ("", real, loader, "") if real is not None else self.required(path)

    def required(self, path: str) -> _Step:
        """What `require` makes of a path that exists: a file, or a folder that needs a main file."""
        found = self.resolver.require(path, "/")
        if found.outcome is Outcome.FILE:
            return ("", found.path, "require", "")
        if found.outcome is Outcome.MISSING:
            return ("module missing", None, "", f"{path} is a folder without an index.js, and is tried first")
        return ("undecided", None, "", found.detail)

    def says_module(self, folder: str) -> bool:
        """The client's own reading of the nearest package.json: a broken one counts as no module, `null` as not there."""
        while posixpath.basename(folder) != "node_modules":
            package = self.files.package(folder)
            read = package.client_data if package is not None else None
            if package is not None and (read or read is False or isinstance(read, (dict, list))):
                return isinstance(read, dict) and read.get("type") == "module"
            if folder == "/":
                break
            folder = posixpath.dirname(folder)
        return False

    def by_name(self, module: str, *folders: str) -> _Step:
        """The last step: the bare name, in node_modules and along NODE_PATH."""
        if is_builtin(module):
            detail = f"there is no such file, and Node's own module '{module}' is loaded in its place"
            return ("module missing", None, "", detail)
        self.tried += [posixpath.join(p, module) for p in self.resolver.search_path]
        for folder in folders:
            found = self.resolver.require(module, posixpath.normpath(folder))
            if found.outcome is Outcome.FILE:
                detail = f"{self.tried[0]} does not exist; {found.path} is found by its bare name along NODE_PATH"
                return ("", found.path, "require", detail)
            if found.outcome is Outcome.REFUSED:
                return ("undecided", None, "", found.detail)
        return ("module missing", None, "", f"Cannot find module '{module}'")


def same_name(files: NodeFiles, root: str, module: str) -> list[str]:
    """Files below `root` of the module's name, shallow ones first; case differences come last."""
    exact: list[str] = []
    other: list[str] = []
    todo, seen = [root], 0
    while todo and seen < MAX_SEARCHED:
        folder = todo.pop(0)
        for name in files.tree.children(folder):
            seen += 1
            path = posixpath.join(folder, name)
            stem, suffix = posixpath.splitext(name)
            if suffix in _SUFFIXES and stem.lower() == module.lower():
                (exact if stem == module else other).append(path)
            elif name not in ("node_modules", ".git") and suffix == "" and files.tree.is_dir(path):
                todo.append(path)
    return exact + other
