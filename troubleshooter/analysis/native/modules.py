"""Native modules of a Python function: which of them the handler's imports reach, and which could not be loaded.

Installed packages are followed too, but only where the search path has a native file with a fault at all: a sound image is
not walked. What is imported under a guard, in a function, or not at all is told apart from what is sure to be imported.
"""

from __future__ import annotations

import ast
import posixpath
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from troubleshooter.analysis.native.linking import Linking, chain_to, linking_of, native_file, programs_of, unloadable
from troubleshooter.analysis.python.finder import Found
from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.imports import _Fails, _Module, _State, _Walk
from troubleshooter.analysis.python.lookup import Lookup, Target
from troubleshooter.analysis.python.scope import Bound, binds
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.facts.python_modules import runtime_provided, standard_library
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.tree import Kind

FILES = 4000
"""Most native files of the search path looked at."""
SECONDS = 6.0
"""Time for following the imports of installed packages; beyond it no module is certain."""
OCI = {"x86_64": "amd64"}

_ENDINGS = (".so", ".pyd")


@provides(rank=0)
def python_native_modules(
    runtime: RuntimeModel,
    resolution: HandlerResolution,
    code: CodeTree,
    config: ImageConfig | Unavailable,
    function: FunctionRecord | Unavailable,
    spawn: SpawnResult | Unavailable,
) -> NativeModules | Unavailable:
    """Native modules on the search path, with what the handler's imports do with them."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if code.kind == "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is installed")
    linking = linking_of(code, config, function, spawn, runtime)
    scan = Scan(runtime, code, linking)
    faulty = list(scan.faulty())
    modules: tuple[NativeModule, ...] = ()
    unread: tuple[str, ...] = runtime.open_ends
    if faulty:
        modules, unread = _reached(scan, resolution, faulty)
    programs = [linking.program(path) for path in programs_of(code.tree, spawn, runtime)]
    return NativeModules(
        reading=reading_of(code),
        language="python",
        modules=(*(each for each in programs if each is not None), *modules),
        suffixes=scan.resolver.finder.extension_suffixes,
        architecture=scan.machine,
        unread=tuple(dict.fromkeys(unread)),
        system=linking.system,
        system_unknown=linking.unknown,
        library_path=linking.origin,
    )


@dataclass
class Scan:
    """The native files on the search path."""

    runtime: RuntimeModel
    code: CodeTree
    linking: Linking
    resolver: Resolver = field(init=False)
    machine: str = field(init=False)

    def __post_init__(self) -> None:
        self.resolver = Resolver.of(self.runtime, self.code)
        self.machine = OCI.get(self.runtime.architecture, self.runtime.architecture)

    def faulty(self) -> Iterator[NativeModule]:
        """Every module of the search path of which no file can be loaded, or whose file lacks a library."""
        finder = self.resolver.finder
        if not finder.extension_suffixes:
            return
        seen: set[str] = set()
        for folder in finder.search_path:
            root = self.code.tree.resolve(folder).path
            for name, paths in self._modules(root):
                if name in seen or len(seen) > FILES:
                    continue
                seen.add(name)
                module = self.module(name, tuple(paths))
                if module.chosen is None or unloadable(module.chosen, self.machine) or module.unlinked:
                    yield module

    def _modules(self, root: str) -> Iterator[tuple[str, list[str]]]:
        """Dotted names of the native modules below one folder of the search path, with their files."""
        tree = self.code.tree
        if root in ("/", "") or tree.entry(root) is None:
            return
        found: dict[str, list[str]] = {}
        nested = [p.rstrip("/") for p in self.resolver.finder.search_path if p.startswith(root + "/")]
        for path in tree.walk(root):
            entry = tree.entry(path)
            if not path.endswith(_ENDINGS) or entry is None or entry.kind not in (Kind.FILE, Kind.SYMLINK):
                continue
            if any(path.startswith(other + "/") for other in nested):
                continue
            folder, _, name = path[len(root) + 1 :].rpartition("/")
            parts = [*(folder.split("/") if folder else ()), name.partition(".")[0]]
            if all(part.isidentifier() for part in parts):
                found.setdefault(".".join(parts), []).append(path)
        yield from found.items()

    def module(self, name: str, paths: tuple[str, ...]) -> NativeModule:
        finder = self.resolver.finder
        files = tuple(native_file(self.code.tree, path, finder.extension_suffixes) for path in paths)
        order = {suffix: i for i, suffix in enumerate(finder.extension_suffixes)}
        usable = [f for f in files if f.named_for_us and not f.path.endswith(".pyd")]
        usable.sort(key=lambda f: order.get("." + posixpath.basename(f.path).partition(".")[2], 99))
        taken = usable[0].path if usable else ""
        module = NativeModule(name, name.partition(".")[0], files, taken, False)
        return module if not taken or unloadable(usable[0], self.machine) else self.linking.link(module)


def _reached(
    scan: Scan, resolution: HandlerResolution, faulty: list[NativeModule]
) -> tuple[tuple[NativeModule, ...], tuple[str, ...]]:
    """The faulty modules, those that loading the handler is sure to import marked and first; and what is in doubt."""
    by_name = {module.name: module for module in faulty}
    finder = replace(scan.resolver.finder, _listings={})
    lookup = _Lookup(scan.runtime, finder, scan.resolver.sources, faulty=by_name)
    walk = _NativeWalk(lookup, time.monotonic() + SECONDS)
    doubts = list(scan.runtime.open_ends)
    try:
        walk.start(resolution)
    except RecursionError:
        doubts.append("the imports of the installed packages are nested too deeply to be followed")
    if walk.late:
        doubts.append(f"{walk.followed} files were followed in {SECONDS:.0f} seconds, and more is imported")
    own = [change for path, change in walk.changes.items() if lookup.own_path(path)]
    doubts += [f"{place} changes what can be imported" for change in own for place in change.doubts]
    doubts += [f"{path} adds a folder to sys.path" for path, c in walk.changes.items() if c.folders][:3]
    certain = not doubts
    hits: dict[str, NativeModule] = {}
    for each in walk.missing:
        known = by_name.get(each.full)
        if known is not None and known.name not in hits:
            place = f"{each.path}:{each.line}"
            chain = chain_to(place, walk.origins)
            hits[known.name] = replace(known, certain=certain, importer=place, chain=chain)
    rest = [module for module in faulty if module.name not in hits]
    return (*hits.values(), *rest), tuple(doubts)


@dataclass(slots=True)
class _Lookup(Lookup):
    """Enters installed packages too, and calls a faulty native module missing."""

    faulty: dict[str, NativeModule] = field(default_factory=dict)

    def target(self, full: str, names: tuple[str, ...]) -> Target:
        found = Lookup.target(self, full, names)
        parts = full.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name in self.faulty and self._is_native(name):
                return Target(tuple(f for f in found.own if not f.name.startswith(name)), name)
        for name in names:
            child = f"{full}.{name}"
            if child in self.faulty and self._is_native(child) and self._unbound(full, name):
                return Target(found.own, child)
        # What an installed package does not find may be brought in another way.
        return Target(found.own, "", found.doubt or found.missing)

    def _is_native(self, name: str) -> bool:
        """Whether the import system ends at one of the faulty module's files, or has nothing but those."""
        search = self.finder.find(name)
        files = {self.finder.tree.resolve(f.path).path for f in self.faulty[name].files}
        found = search.found
        if found is None:
            return search.missing == name and self._beside(search.chain, name, files)
        redirected = any(self._redirects(parent) for parent in search.chain[:-1])
        return found.kind in ("extension", "foreign") and found.path in files and not redirected

    def _beside(self, chain: tuple[Found, ...], name: str, files: set[str]) -> bool:
        """Whether files of other systems lie where the missing module would."""
        folders = chain[-1].folders if chain else self.finder.search_path
        return len(chain) == name.count(".") and bool({posixpath.dirname(f) for f in files} & set(folders))

    def _redirects(self, parent: Found) -> bool:
        """Whether a package's own code may change where its parts are looked for."""
        text = self.sources.text(parent.path) if parent.kind == "source" and parent.path else ""
        return text is None or any(word in text for word in ("__path__", "meta_path", "find_spec"))

    def _unbound(self, package: str, name: str) -> bool:
        """Whether `from package import name` can only mean the submodule."""
        found = self.finder.find(package).found
        module: ast.Module | None = self.sources.module(found.path) if found is not None and found.path else None
        if module is None or binds(module, name, self.runtime.version[:2]) is Bound.NO:
            return True
        # What binds it is the import of the submodule itself.
        return not {".", package}.isdisjoint(self.imported(module, found.path if found else "").get(name, ()))

    def is_own(self, found: Found) -> bool:
        top = found.name.partition(".")[0]
        if top in standard_library(self.runtime.version[:2]):
            return False
        managed = self.runtime.client in ("zip", "aws-base") and top in runtime_provided(perhaps=True)
        return not managed or found.path.startswith(self.runtime.task_root.rstrip("/") + "/")

    def own_path(self, path: str) -> bool:
        """Whether a file is the function's own code."""
        return Lookup.is_own(self, Found(posixpath.basename(path).partition(".")[0], "source", path))


@dataclass(slots=True)
class _NativeWalk(_Walk):
    """The walk at load time alone."""

    def statement(self, node: ast.stmt, module: _Module, state: _State) -> _Fails:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return _Fails.NO
        return _Walk.statement(self, node, module, state)
