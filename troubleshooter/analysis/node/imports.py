"""The imports that are reached from a Node.js handler, and which of them nothing provides."""

from __future__ import annotations

import posixpath
import re
import time
from dataclasses import dataclass, field

from troubleshooter.analysis.javascript.imports import Wanted, awaits, wanted
from troubleshooter.analysis.javascript.loading import Runs
from troubleshooter.analysis.javascript.syntax import Unparsed
from troubleshooter.analysis.node.files import NodeFiles, loading
from troubleshooter.analysis.node.location import ask_node, handler_file, locate
from troubleshooter.analysis.node.module_format import format_of, system_of
from troubleshooter.analysis.node.resolution import Found, Outcome, Resolver, package_name
from troubleshooter.analysis.python.finder import Access
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.code import Import, ImportClosure, Loaded
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import Distribution, InstalledPackages
from troubleshooter.facts.runtime import NOT_BUILT, RuntimeModel

MAX_FILES = 6000
MAX_TEXT = 96 << 20
MAX_SECONDS = 10.0
MAX_PACKAGES = 4000
MAX_OWN = 2000
"""Imports that are listed of own files."""

_IMPORTS = re.compile(rb"\b(?:require|import|export)\b")
_REWIRED = re.compile(
    rb"_resolveFilename\s*=(?!=)|_initPaths\s*\(|module\.paths\.(?:push|unshift|splice)|addPath\s*\("
    rb"|registerHooks\s*\(|module-alias|app-module-path|tsconfig-paths|\.pnp\.c?js|require-hacker|_nodeModulePaths\s*=(?!=)"
)
"""Code that changes where Node looks for modules."""
_LOADERS = re.compile(
    r"^--(?:experimental-)?loader|^--import|pnp|ts-node|\btsx\b|tsconfig-paths|module-alias|swc|babel"
)


@provides()
def node_imports(runtime: RuntimeModel, code: CodeTree) -> ImportClosure | Unavailable:
    """Follows what loads with the handler, through node_modules too. `imports` lists those of own files."""
    files = NodeFiles(code.tree)
    path, loader = handler_file(runtime, files)
    walk = Walk(files, Resolver(files, runtime), runtime, Access(code.tree, obeyed=code.kind != "source"))
    walk.follow(path, loader)
    doubts = tuple(dict.fromkeys((*runtime.open_ends, *walk.doubts())))
    lacking = (*walk.missing, *walk.deferred)
    settled = not doubts or (doubts == (NOT_BUILT,) and not lacking)
    return ImportClosure(
        reading=reading_of(code),
        language="node",
        imports=tuple(walk.imports),
        missing=() if doubts else tuple(walk.missing),
        missing_deferred=() if doubts else tuple(walk.deferred),
        complete=settled and not walk.unread,
        unread=(*doubts, *dict.fromkeys(walk.unread)),
        unseen=lacking if doubts else (),
        loaded=tuple(walk.own_files.values()),
        esm_required=tuple(walk.esm_required),
    )


@dataclass
class Walk:
    """Loading one module and everything that it loads, as far as that is certain."""

    files: NodeFiles
    resolver: Resolver
    runtime: RuntimeModel
    access: Access
    imports: list[Import] = field(default_factory=list)
    missing: list[Import] = field(default_factory=list)
    deferred: list[Import] = field(default_factory=list)
    esm_required: list[Import] = field(default_factory=list)
    own_files: dict[str, Loaded] = field(default_factory=dict)
    """Own files that are loaded, by path."""
    unread: list[str] = field(default_factory=list)
    rewired: str = ""
    text: int = 0

    def follow(self, path: str, loader: str) -> None:
        """Depth first, in the order of loading."""
        deadline = time.monotonic() + MAX_SECONDS
        todo = [(path, loader)]
        seen: set[str] = set()
        while todo:
            path, loader = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            if len(seen) > MAX_FILES or self.text > MAX_TEXT or time.monotonic() > deadline:
                self.unread.append(
                    f"{len(todo) + 1} more files after {len(seen) - 1}: there are too many to be followed"
                )
                return
            try:
                todo += reversed(self.file(path, loader))
            except Unparsed as error:
                self.unread.append(f"{path}: {error}")

    def doubts(self) -> list[str]:
        """Why nothing may be called missing."""
        flags = [f for f in self.runtime.flags if _LOADERS.search(f)]
        found = [f"{flag} changes how modules are found" for flag in flags[:1]]
        return found + ([f"{self.rewired} changes where Node looks for modules"] if self.rewired else [])

    def file(self, path: str, loader: str) -> list[tuple[str, str]]:
        """Reads one file; returns the files that loading it is sure to load, in order."""
        system = self.files.loaded_as(path)
        if system == "other":
            return []
        content = self.files.tree.read(path)
        if content is None:
            raise Unparsed("its content was not read")
        if not self.access.readable(path):
            raise Unparsed("Lambda's user may not read it")
        self.text += len(content)
        if _REWIRED.search(content):
            self.rewired = self.rewired or path
        if _IMPORTS.search(content) is None:
            return []
        own = "/node_modules/" not in path
        script = self.files.script(path, keep=own)
        if script.broken_at is not None:
            raise Unparsed("its syntax is not understood")
        system = system_of(self.files, self.runtime, path, loader)
        if system == "esm" and loader == "require" and self.never_required():
            raise Unparsed("it is an ES module, which require() refuses")
        if system == "esm" and loader == "require" and awaits(script):
            raise Unparsed("it awaits at its top level, which require() refuses")
        fared = format_of(self.files, self.runtime, path, loader) if own else None
        if fared is not None and fared.written_as == "unparsed":
            raise Unparsed(fared.doubt)
        refused = fared.construct if fared is not None else None
        if refused is not None and (system != "esm" or refused.error.startswith("SyntaxError")):
            return []
        following = []
        for want in wanted(script):
            if system == "esm" and (want.kind == "require" or (refused is not None and want.kind != "import")):
                continue
            target = self.want(path, want, own)
            if target is not None:
                following.append(target)
        return following

    def want(self, path: str, want: Wanted, own: bool) -> tuple[str, str] | None:
        """Looks one import up and notes it; returns the file to go on with."""
        loader = "import" if want.kind in ("import", "dynamic") else "require"
        look = self.resolver.imports if loader == "import" else self.resolver.require
        found = look(want.specifier, posixpath.dirname(path))
        noted = Import(
            module=package_name(want.specifier),
            full=want.specifier,
            path=path,
            line=want.line,
            guarded=want.runs is Runs.PERHAPS,
            deferred=want.runs is Runs.LATER,
        )
        if own and len(self.imports) < MAX_OWN:
            self.imports.append(noted)
        certain = want.runs is Runs.ALWAYS
        if found.outcome is Outcome.MISSING:
            if certain:
                self.missing.append(noted)
            elif own and noted.deferred:
                self.deferred.append(noted)
        elif certain:
            self.doubt(want, path, found)
        if found.outcome is not Outcome.FILE or not certain:
            return None
        if loader == "require" and self.files.loaded_as(found.path) == "esm" and self.never_required():
            self.esm_required.append(noted)
            return None
        if own and "/node_modules/" not in found.path:
            self.own_files.setdefault(found.path, Loaded(found.path, want.specifier, f"{path}:{want.line}"))
        return found.path, loader

    def never_required(self) -> bool:
        """Whether `require` refuses ES modules for certain."""
        return loading(self.runtime, self.files.tree).require_module is False

    def doubt(self, want: Wanted, path: str, found: Found) -> None:
        if found.outcome is Outcome.REFUSED:
            self.unread.append(f"{want.specifier} of {path}: {found.detail}")
        elif found.outcome is Outcome.PERHAPS:
            self.unread.append(f"{want.specifier}: the runtime may bring it")
        elif want.kind in ("import", "dynamic") and found.path.endswith((".json", ".wasm", ".node")):
            self.unread.append(f"{want.specifier} of {path}: no JavaScript, which `import` takes on conditions only")


@provides()
def node_packages(runtime: RuntimeModel, code: CodeTree) -> InstalledPackages | Unavailable:
    """Packages in the node_modules folders on the way up from the handler, and along NODE_PATH."""
    ask_node(runtime)
    files = NodeFiles(code.tree)
    start = runtime.task_root
    if runtime.handler is not None:
        location = locate(runtime.handler, runtime.task_root, files, runtime)
        start = posixpath.dirname(location.path) if location.path else start
    folders = [posixpath.join(start, "node_modules")]
    while start not in ("/", ""):
        start = posixpath.dirname(start)
        folders.append(posixpath.join(start, "node_modules"))
    found: list[Distribution] = []
    for folder in dict.fromkeys([*folders, *(p for p in runtime.search_path if p.endswith("/node_modules"))]):
        found += _packages(files, folder, MAX_PACKAGES - len(found))
    return InstalledPackages(reading=reading_of(code), language="node", distributions=tuple(found))


def _packages(files: NodeFiles, folder: str, limit: int) -> list[Distribution]:
    names = []
    for name in files.tree.children(folder)[: max(0, limit)]:
        if name.startswith("@"):
            names += [f"{name}/{inner}" for inner in files.tree.children(posixpath.join(folder, name))]
        elif not name.startswith("."):
            names.append(name)
    found = []
    for name in names[: max(0, limit)]:
        package = files.package(posixpath.join(folder, name))
        if package is not None:
            found.append(Distribution(package.text("name") or name, package.text("version") or "", package.path))
    return found
