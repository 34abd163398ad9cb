"""Own Python modules that take the place of an installed package of their name, and what the code then does not find."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.project import Module, Project
from troubleshooter.analysis.python.replaced import replaced
from troubleshooter.analysis.python.scope import Bound, binds
from troubleshooter.analysis.python.settings import certain_nodes
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import Distribution, InstalledPackages, Shadow, ShadowedPackages
from troubleshooter.facts.python_modules import loaded_by_client, runtime_provided, standard_library
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel


@provides()
def shadowed_packages(
    runtime: RuntimeModel,
    resolution: HandlerResolution,
    code: CodeTree,
    closure: ImportClosure,
    installed: InstalledPackages,
) -> ShadowedPackages | Unavailable:
    """Imports of own code, at load time, that end in an own module instead of the package that lies further back."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if code.kind == "source" or closure.language != "python":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is installed")
    if not closure.complete or runtime.open_ends:
        return Unavailable(Reason.UNSUPPORTED, f"imports may lead elsewhere: {'; '.join(closure.unread[:2])}")
    search = _Search(runtime, Resolver.of(runtime, code), code)
    first = search.project.module(resolution.module)
    found = [each for each in closure.imports if not each.guarded and not each.deferred]
    try:
        shadows = [shadow for each in found for shadow in search.shadows(each, installed)]
        if shadows and first is not None:
            other = replaced(search.project, first)
            shadows = [each for each in shadows if not other.may_be(each.attribute)]
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")
    return ShadowedPackages(reading=reading_of(code), shadows=tuple(shadows) if first is not None else ())


@dataclass
class _Search:
    runtime: RuntimeModel
    resolver: Resolver
    code: CodeTree

    def __post_init__(self) -> None:
        self.project = Project(Lookup(self.runtime, self.resolver.finder, self.resolver.sources))

    def shadows(self, wanted: Import, installed: InstalledPackages) -> Iterator[Shadow]:
        """What one import does not find in the own module that it leads to, and would in the package."""
        name = wanted.module
        own = self.project.module(name)
        brought = next((d for d in installed.distributions if name in d.provides), None)
        if own is None or brought is None or name in self._preloaded() or own.path == wanted.path:
            return
        hidden = self._behind(name, own, brought)
        importing = self.resolver.sources.module(wanted.path)
        if not hidden or importing is None:
            return
        for attribute, node in _wanted(importing, wanted):
            if self._lacks(own, attribute) and self._has(hidden, attribute):
                text = self.resolver.sources.line(wanted.path, node.lineno)
                place = f"{wanted.path}:{node.lineno}"
                label = f"{brought.name} {brought.version}".strip()
                yield Shadow(name, attribute, own.path, hidden, label, place, text, isinstance(node, ast.ImportFrom))

    def _preloaded(self) -> frozenset[str]:
        """Modules that the runtime client may have loaded before the handler: their own file is not looked at again."""
        brought = runtime_provided() | runtime_provided(perhaps=True)
        return standard_library(self.runtime.version[:2]) | loaded_by_client() | brought | {"simplejson"}

    def _behind(self, name: str, own: Module, brought: Distribution) -> str:
        """The package's own file, in a folder that is searched after the own module's."""
        folder = posixpath.dirname(brought.path)
        paths = (f"{folder}/{name}/__init__.py", f"{folder}/{name}.py")
        there = next((self.code.tree.resolve(p).path for p in paths if self.code.tree.is_file(p)), "")
        return there if there != own.path else ""

    def _lacks(self, own: Module, attribute: str) -> bool:
        """Whether the own module certainly has no such name."""
        sub = self.project.lookup.finder.find(f"{own.name}.{attribute}").found
        text = self.resolver.sources.text(own.path) or "__getattr__"
        open_to_more = any(word in text for word in ("__getattr__", "sys.modules", "__path__"))
        return not open_to_more and sub is None and binds(own.tree, attribute, self.runtime.version[:2]) is Bound.NO

    def _has(self, path: str, attribute: str) -> bool:
        """Whether the package may have it."""
        tree = self.resolver.sources.module(path)
        return tree is None or binds(tree, attribute, self.runtime.version[:2]) is not Bound.NO


def _wanted(importing: ast.Module, wanted: Import) -> Iterator[tuple[str, ast.stmt | ast.expr]]:
    """Names that the importing module certainly asks the imported one for while it is loaded."""
    aliases: set[str] = set()
    for node in importing.body:
        if isinstance(node, ast.ImportFrom) and node.lineno == wanted.line and node.module == wanted.module:
            yield from ((alias.name, node) for alias in node.names if alias.name != "*" and not node.level)
        elif isinstance(node, ast.Import) and node.lineno == wanted.line:
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == wanted.module}
    aliases -= {n.id for n in ast.walk(importing) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for each in certain_nodes(importing.body):
        of = each.value if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Load) else None
        if isinstance(each, ast.Attribute) and isinstance(of, ast.Name) and of.id in aliases:
            yield each.attr, each
