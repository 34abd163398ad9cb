"""Modules that ask for the metadata of a distribution while they are loaded, where no such metadata is there."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.packages import ELSEWHERE
from troubleshooter.analysis.python.scope import dotted
from troubleshooter.analysis.python.settings import certain_nodes
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.distributions import distributions_of
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import InstalledPackages, LostMetadata, MetadataUse
from troubleshooter.facts.python_modules import runtime_provided
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

_ASKING = frozenset(
    f"{module}.{name}"
    for module in ("importlib.metadata", "importlib_metadata")
    for name in ("version", "metadata", "distribution", "requires", "files")
) | {"pkg_resources.get_distribution"}
"""Calls that raise where a distribution has no metadata."""
_MODULES = frozenset({"importlib", "importlib_metadata", "pkg_resources"})


@provides()
def lost_metadata(
    runtime: RuntimeModel,
    resolution: HandlerResolution,
    code: CodeTree,
    closure: ImportClosure,
    installed: InstalledPackages,
) -> LostMetadata | Unavailable:
    """Looks at the handler's file, at own modules and at the packages that these are sure to import."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if code.kind == "source" or closure.language != "python":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is installed")
    packed = any(folder.endswith((".egg", ".zip")) and code.tree.exists(folder) for folder in runtime.search_path)
    if not closure.complete or runtime.open_ends or packed or len(installed.elsewhere) >= ELSEWHERE:
        return Unavailable(Reason.UNSUPPORTED, f"metadata may lie elsewhere: {'; '.join(closure.unread[:2])}")
    search = _Search(Resolver.of(runtime, code), _present(installed, code))
    try:
        return LostMetadata(reading=reading_of(code), uses=tuple(search.uses(resolution, closure)))
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")


def _present(installed: InstalledPackages, code: CodeTree) -> frozenset[str]:
    """Distributions with metadata anywhere in the tree, and those that a managed runtime may have outside a package."""
    found = [*installed.distributions, *installed.elsewhere]
    names = {name for each in found for name in (each.name, posixpath.basename(each.path).partition("-")[0])}
    if code.kind == "zip":
        for each in runtime_provided() | runtime_provided(perhaps=True):
            names |= {each, *distributions_of(each)}
    return frozenset(
        canonicalize_name(posixpath.splitext(name)[0] if name.endswith("-info") else name) for name in names
    )


@dataclass(frozen=True, slots=True)
class _Search:
    resolver: Resolver
    present: frozenset[str]

    def uses(self, resolution: HandlerResolution, closure: ImportClosure) -> Iterator[MetadataUse]:
        """Each module once, in the order in which they are reached."""
        seen: set[str] = set()
        for name, path, importer in self._loaded(resolution, closure):
            module = None if path in seen else self.resolver.sources.module(path)
            seen.add(path)
            for line, asked in _asked(module, name) if module is not None else ():
                if canonicalize_name(asked) not in self.present:
                    yield MetadataUse(asked, path, line, self.resolver.sources.line(path, line), importer)

    def _loaded(self, resolution: HandlerResolution, closure: ImportClosure) -> Iterator[tuple[str, str, str]]:
        """Name, file and importer of modules that loading the handler is sure to load."""
        if resolution.path is not None and resolution.path.endswith(".py"):
            yield resolution.module, resolution.path, ""
        for each in closure.imports:
            if not (each.guarded or each.deferred):
                yield from self._modules(each)

    def _modules(self, each: Import) -> Iterator[tuple[str, str, str]]:
        parts = each.full.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            found = self.resolver.finder.find(name).found
            if found is None:
                return
            if found.path and found.path.endswith(".py"):
                yield name, found.path, f"{each.path}:{each.line}"


def _asked(module: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    """Line and distribution of each certain request for metadata."""
    called = _imported(module)
    for node in certain_nodes(module.body):
        if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords:
            continue
        first, _, rest = dotted(node.func).partition(".")
        meant = {f"{base}.{rest}" if rest else base for base in called.get(first, ())}
        if meant and meant <= _ASKING:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value:
                yield node.lineno, argument.value
            elif isinstance(argument, ast.Name) and argument.id == "__name__":
                yield node.lineno, name


def _imported(module: ast.Module) -> dict[str, set[str]]:
    """What each name may mean by the imports of a module; none that is bound to anything else besides."""
    meant: dict[str, set[str]] = {}
    others: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                meant.setdefault(bound, set()).add(alias.name if alias.asname else bound)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}" if node.module and not node.level else ""
                meant.setdefault(alias.asname or alias.name, set()).add(full)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            others.add(node.name)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            others.add(node.id)
    return {
        name: full
        for name, full in meant.items()
        if name not in others and all(each.partition(".")[0] in _MODULES for each in full)
    }
