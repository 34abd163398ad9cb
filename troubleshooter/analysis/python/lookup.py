"""Answers for one import whether anything provides it, and which of the function's own modules it loads."""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass, field

from troubleshooter.analysis.python.finder import Finder, Found
from troubleshooter.analysis.python.packages import provided_names
from troubleshooter.analysis.python.scope import Bound, binds
from troubleshooter.analysis.python.source import Sources
from troubleshooter.facts.python_modules import built_in, runtime_provided, standard_library
from troubleshooter.facts.runtime import NOT_BUILT, RuntimeModel

_INSTALLED = re.compile(r"/(?:site-packages|dist-packages)/")
_VERSION = re.compile(r"\b__version__\b")
_SIGNED = re.compile(r"^__(version|author)__\s*(?::\s*\w+\s*)?=", re.MULTILINE)
_REDIRECTS = ("__path__", "sys.modules", "meta_path", "__getattr__", "find_spec")
"""Words in a package's `__init__` after which its submodules cannot be told from its folder."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one import leads."""

    own: tuple[Found, ...] = ()
    """Modules of the function's own code that are loaded, in order."""
    missing: str = ""
    """The name that nothing provides; empty where all is provided or it could not be told."""
    doubt: str = ""
    unnamed: bool = False
    """The module is there and does not have a name that is imported from it: an ImportError of another kind."""


@dataclass(slots=True)
class Lookup:
    """Everything that can provide a module to one target."""

    runtime: RuntimeModel
    finder: Finder
    sources: Sources
    assigned: frozenset[str] = frozenset()
    """Names that the code itself puts into sys.modules."""
    _brought: dict[str, frozenset[str]] = field(default_factory=dict)
    _own: dict[str, bool] = field(default_factory=dict)
    _from: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def module(self, name: str) -> Target:
        """What importing a module by its dotted name loads."""
        return self.target(name, ())

    def target(self, full: str, names: tuple[str, ...]) -> Target:
        """What `import full`, or `from full import names`, loads."""
        parts = full.split(".")
        if self._assigned(full):
            return Target()
        first = self.finder.child(parts[0], parts[0], self.finder.search_path)
        if first is None:
            return self._absent(parts[0])
        own: list[Found] = []
        here = first
        for index in range(len(parts)):
            if index:
                name = ".".join(parts[: index + 1])
                child = self.finder.child(name, parts[index], here.folders) if here.is_package else None
                if child is None:
                    return self._no_part(here, name, tuple(own))
                here = child
            if self._stops(here):
                return Target(tuple(own))
            if here.path:
                own.append(here)
        return self._named(here, names, own)

    def _assigned(self, full: str) -> bool:
        parts = full.split(".")
        return any(".".join(parts[: end + 1]) in self.assigned for end in range(len(parts)))

    def _stops(self, found: Found) -> bool:
        """Whether what lies below is not looked into: it is not the function's own source."""
        return found.kind not in ("source", "namespace") or (found.kind == "source" and not self.is_own(found))

    def _absent(self, top: str) -> Target:
        """A top-level name that no folder has."""
        if self._given(top) or not top.isidentifier():
            return Target()
        unseen = self.runtime.client == "zip" or NOT_BUILT in self.runtime.open_ends
        if unseen and top in runtime_provided(perhaps=True):
            return Target(doubt=f"whether the runtime brings {top} is not known")
        if top == "distutils" and self.finder.find("_distutils_hack").found:
            return Target()
        search = self.finder.find(top)
        if search.hidden:
            return Target(doubt=f"{search.hidden} may not be read by Lambda's user")
        return Target(missing=top)

    def _given(self, top: str) -> bool:
        """Whether a top-level name is there without anybody installing it."""
        managed = self.runtime.client in ("zip", "aws-base")
        library = standard_library(self.runtime.version[:2])
        return top in library or top in built_in() or (managed and top in runtime_provided())

    def _no_part(self, parent: Found, name: str, own: tuple[Found, ...]) -> Target:
        """A submodule that its package's folders do not have. Only own and namespace packages are known well enough."""
        if self._given(parent.name.partition(".")[0]):
            return Target(own)
        if parent.kind == "namespace":
            if any(self.finder.access.tree.entry(f) and not self.finder.access.listable(f) for f in parent.folders):
                return Target(own, doubt=f"{parent.folders[0]} may not be read by Lambda's user")
            return Target(own, name)
        text = self.sources.text(parent.path)
        if text is None or any(word in text for word in _REDIRECTS):
            return Target(own, doubt=f"{parent.path} may change where its submodules are")
        return Target(own, name)

    def _named(self, here: Found, names: tuple[str, ...], own: list[Found]) -> Target:
        """Submodules that `from package import names` loads, and whether a name is certainly not there."""
        module = self.sources.module(here.path) if here.path else None
        unnamed = False
        for name in names:
            if name == "*":
                continue
            child = self.finder.child(f"{here.name}.{name}", name, here.folders) if here.is_package else None
            if child is None:
                if here.kind == "namespace" and not self._given(here.name.partition(".")[0]):
                    return self._no_part(here, f"{here.name}.{name}", tuple(own))
                unnamed = unnamed or (module is not None and self._lacks(module, here, name))
                continue
            taken = module is not None and self._binds_other(module, here, name)
            if not taken and child.path and not self._stops(child):
                own.append(child)
        return Target(tuple(own), unnamed=unnamed)

    def _binds_other(self, module: ast.Module, package: Found, name: str) -> bool:
        """Whether the package's own code binds the name to something else than its submodule."""
        if not {".", package.name}.isdisjoint(self.imported(module, package.path).get(name, ())):
            return False
        return binds(module, name, self.runtime.version[:2]) is Bound.YES

    def imported(self, module: ast.Module, path: str) -> dict[str, set[str]]:
        """Names that `from … import name` binds anywhere in a module, with where from."""
        if path not in self._from:
            found: dict[str, set[str]] = {}
            for node in ast.walk(module):
                if isinstance(node, ast.ImportFrom):
                    whole = node.module or "" if not node.level else f"{'.' * node.level}{node.module or ''}"
                    for alias in node.names:
                        if alias.asname in (None, alias.name):
                            found.setdefault(alias.name, set()).add(whole)
            self._from[path] = found
        return self._from[path]

    def _lacks(self, module: ast.Module, found: Found, name: str) -> bool:
        """Whether a module certainly has no such name."""
        text = self.sources.text(found.path)
        redirected = text is None or any(word in text for word in _REDIRECTS)
        return (
            not redirected and not name.startswith("__") and binds(module, name, self.runtime.version[:2]) is Bound.NO
        )

    def is_own(self, found: Found) -> bool:
        """Whether a source file is the function's own code and no installed distribution's."""
        known = self._own.get(found.path)
        if known is None:
            known = self._own[found.path] = self._decide_own(found)
        return known

    def _decide_own(self, found: Found) -> bool:
        root = self.runtime.task_root.rstrip("/") + "/"
        if not found.path.startswith(root) or _INSTALLED.search(found.path[len(root) - 1 :]):
            return False
        top = found.name.partition(".")[0]
        place = found.path
        for _ in range(found.name.count(".") + (2 if posixpath.basename(place).startswith("__init__.") else 1)):
            place = posixpath.dirname(place)
        if place not in self._brought:
            self._brought[place] = provided_names(self.finder.tree, place)
        if top in self._brought[place]:
            return False
        return not self._vendored(posixpath.join(place, top))

    def _vendored(self, base: str) -> bool:
        """Whether a package, or a module, is a library whose metadata was left out: it states its version, or that it is typed."""
        tree, start = self.finder.tree, posixpath.join(base, "__init__.py")
        if tree.is_file(start):
            return tree.is_file(posixpath.join(base, "py.typed")) or bool(
                _VERSION.search(self.sources.text(start) or "")
            )
        text = self.sources.text(base + ".py") if tree.is_file(base + ".py") else None
        return text is not None and len(set(_SIGNED.findall(text))) > 1
