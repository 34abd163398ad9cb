"""What a Python handler imports, and which of it nothing provides.

Follows the handler's own modules as importing them would: what runs at load time, in order, with the guards around it.
Installed distributions are not entered. Whatever could not be read or followed makes the answer incomplete, and where
it could change where modules are looked for, nothing is called missing.
"""

from __future__ import annotations

import ast
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.paths import PathChange, path_changes
from troubleshooter.analysis.python.scope import IMPORTING_CALLS, chain, dotted, leaves, traits, truth, walk_scope
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import Import, ImportClosure, Loaded, NewerSyntax
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import NOT_BUILT, HandlerResolution, RuntimeModel

MODULES = 3000
"""Most own modules followed."""
SECONDS = 6.0
"""Time for all rounds together; what was not followed by then is said, and nothing is called missing."""
ROUNDS = 4
"""Times that the walk is repeated because it found folders added to sys.path."""

NOT_READABLE = "may not be read by Lambda's user"
_CATCHING = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_TRANSPARENT = frozenset({"warnings.catch_warnings", "catch_warnings", "open", "threading.Lock", "Lock"})


@provides()
def python_imports(runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree) -> ImportClosure | Unavailable:
    """Imports reached from the handler's file."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if resolution.path is None or not resolution.path.endswith(".py"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's module was not found as a source file")
    try:
        return _closure(runtime, resolution, code)
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")


def _closure(runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree) -> ImportClosure:
    resolver = Resolver.of(runtime, code)
    folders: tuple[str, ...] = ()
    assigned: tuple[str, ...] = ()
    deadline = time.monotonic() + SECONDS
    for _ in range(ROUNDS):
        finder = replace(resolver.finder, search_path=(*runtime.search_path, *folders), _listings={})
        walk = _Walk(Lookup(runtime, finder, resolver.sources, frozenset(assigned)), deadline)
        walk.start(resolution)
        if walk.late:
            break
        added = tuple(f for change in walk.changes.values() for f in change.folders)
        modules = tuple(m for change in walk.changes.values() for m in change.modules)
        if set(added) <= set(folders) and set(modules) <= set(assigned):
            break
        folders, assigned = tuple(dict.fromkeys((*folders, *added))), tuple(dict.fromkeys((*assigned, *modules)))
    doubts = [d for change in walk.changes.values() for d in change.doubts]
    late = (f"{walk.followed} files were followed in {SECONDS:.0f} seconds, and more is imported",) if walk.late else ()
    open_ends = (*runtime.open_ends, *late, *(f"{place} changes what can be imported" for place in doubts))
    certain = not open_ends
    lacking = tuple(dict.fromkeys((*walk.missing, *walk.missing_deferred)))
    # What the build of a source folder installs cannot matter where nothing that it might install is imported.
    settled = certain or (set(open_ends) == {NOT_BUILT} and not lacking)
    return ImportClosure(
        reading=reading_of(code),
        language="python",
        imports=tuple(_strongest(walk.imports)),
        missing=tuple(dict.fromkeys(walk.missing)) if certain else (),
        missing_deferred=tuple(dict.fromkeys(walk.missing_deferred)) if certain else (),
        complete=settled and not walk.unread,
        unread=tuple(dict.fromkeys((*open_ends, *walk.unread))),
        unseen=() if certain else lacking,
        loaded=tuple(walk.loaded(resolution)),
        newer_syntax=tuple(walk.newer),
    )


def _strongest(imports: list[Import]) -> Iterable[Import]:
    """Each import once: a module that is reached twice counts as it counts most."""
    best: dict[tuple[str, int, str], Import] = {}
    for each in imports:
        key = (each.path, each.line, each.full)
        if key not in best or (each.deferred, each.guarded) < (best[key].deferred, best[key].guarded):
            best[key] = each
    return best.values()


class _Fails(IntEnum):
    """Whether importing raises ImportError."""

    NO = 0
    PERHAPS = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class _State:
    """Where in the run an import stands."""

    guarded: bool = False
    deferred: bool = False

    @property
    def rank(self) -> int:
        return 2 * self.deferred + self.guarded


@dataclass(frozen=True, slots=True)
class _Module:
    """The module whose code is being walked."""

    name: str
    path: str
    package: bool

    @property
    def parent(self) -> str:
        return self.name if self.package else self.name.rpartition(".")[0]


@dataclass(slots=True)
class _Walk:
    """One walk over the own modules, in the order in which they would run."""

    lookup: Lookup
    deadline: float = math.inf
    late: bool = False
    """Whether the time was over before everything was followed."""
    imports: list[Import] = field(default_factory=list)
    missing: list[Import] = field(default_factory=list)
    missing_deferred: list[Import] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    newer: list[NewerSyntax] = field(default_factory=list)
    changes: dict[str, PathChange] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """`path:line` of the import that first led to a file."""
    names: dict[str, str] = field(default_factory=dict)
    """Module by file."""
    _seen: dict[str, int] = field(default_factory=dict)
    _failing: dict[str, _Fails] = field(default_factory=dict)
    _importing: set[int] = field(default_factory=set)
    """Identities of the nodes that hold an import: the others are passed over."""

    @property
    def followed(self) -> int:
        return len(self._seen)

    def start(self, resolution: HandlerResolution) -> None:
        target = self.lookup.module(resolution.module)
        for found in target.own:
            self.enter(found.name, found.path, found.is_package, _State())
        if resolution.path not in {found.path for found in target.own} and resolution.path:
            self.enter(resolution.module, resolution.path, resolution.path.endswith("/__init__.py"), _State())

    def loaded(self, resolution: HandlerResolution) -> Iterable[Loaded]:
        """Files that are loaded for certain, but the handler's own."""
        for path, rank in self._seen.items():
            if rank == 0 and path != resolution.path:
                yield Loaded(path, self.names.get(path, ""), self.origins.get(path, ""))

    def enter(self, name: str, path: str, package: bool, state: _State) -> _Fails:
        """Walks a module's code unless that was done at least as seriously; whether importing it fails."""
        if self._seen.get(path, 9) <= state.rank:
            return self._failing.get(path, _Fails.NO)
        if time.monotonic() > self.deadline:
            self.late = True
            return _Fails.PERHAPS
        if len(self._seen) >= MODULES:
            self.unread.append(f"{path}: more than {MODULES} modules")
            return _Fails.PERHAPS
        self._seen[path] = state.rank
        self.names[path] = name
        sources = self.lookup.sources
        parsed = sources.parsed(path)
        readable = self.lookup.finder.access.readable(path)
        if parsed.tree is None or not readable:
            if not state.deferred:
                self.unread.append(f"{path} {parsed.problem if readable else NOT_READABLE}")
            self._failing[path] = _Fails.PERHAPS
            return _Fails.PERHAPS
        if path not in self.changes:
            text = sources.text(path) or ""
            self.changes[path] = path_changes(parsed.tree, text, path, self.lookup.runtime.task_root)
            self._importing |= traits(parsed.tree).importing
        if state.rank == 0:
            self.newer += [
                NewerSyntax(path, n.line, sources.line(path, n.line), n.construct, n.since) for n in parsed.newer
            ]
        self._failing[path] = self.block(parsed.tree.body, _Module(name, path, package), state)
        return self._failing[path]

    # ------------------------------------------------------------ statements

    def block(self, body: Iterable[ast.stmt], module: _Module, state: _State) -> _Fails:
        """Walks statements; whether one of them raises ImportError at load time."""
        importing = [each for each in body if id(each) in self._importing]
        return max([self.statement(each, module, state) for each in importing], default=_Fails.NO)

    def statement(self, node: ast.stmt, module: _Module, state: _State) -> _Fails:
        unsure = replace(state, guarded=True)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            return self.imported(node, module, state)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.block(node.body, module, replace(state, deferred=True))
            return _Fails.NO
        if isinstance(node, ast.ClassDef):
            return self.block(node.body, module, state)
        if isinstance(node, ast.If):
            return self.condition(node, module, state)
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self.attempt(node, module, state)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            plain = all(_transparent(item.context_expr) for item in node.items)
            fails = self.block(node.body, module, state if plain else unsure)
            return fails if plain else min(fails, _Fails.PERHAPS)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return min(self.block([*node.body, *node.orelse], module, unsure), _Fails.PERHAPS)
        if isinstance(node, ast.Match):
            parts = [self.block(case.body, module, unsure) for case in node.cases]
            return min(max(parts, default=_Fails.NO), _Fails.PERHAPS)
        return self.calls(node, module, state)

    def condition(self, node: ast.If, module: _Module, state: _State) -> _Fails:
        """An `if` and its `elif`s: what certainly runs, what certainly does not, and what may."""
        unsure = replace(state, guarded=True)
        result, here, certain, closed = _Fails.NO, state, True, False
        links = chain(node)
        for link in links:
            # After a branch that is taken none is: the rest is looked at for what it names.
            taken = False if closed else truth(link.test, self.lookup.runtime.version[:2])
            fails = self.block(link.body, module, here if taken else unsure)
            if taken is not False:
                result = max(result, fails if taken and certain else min(fails, _Fails.PERHAPS))
                here, certain, closed = unsure, False, taken is True
        last = self.block(links[-1].orelse, module, here)
        return result if closed else max(result, last if certain else min(last, _Fails.PERHAPS))

    def attempt(self, node: ast.Try | ast.TryStar, module: _Module, state: _State) -> _Fails:
        unsure = replace(state, guarded=True)
        catching = [h for h in node.handlers if _catches(h)]
        # A handler that raises again gives no protection.
        swallowed = bool(catching) and not leaves(catching[0].body)
        fails = self.block(node.body, module, unsure if swallowed else state)
        again = _Fails.NO
        for handler in node.handlers:
            first = catching[:1] == [handler]
            inside = self.block(handler.body, module, state if first and fails is _Fails.YES else unsure)
            # Another kind of error may lead into a handler too.
            again = max(again, min(inside, fails if first else _Fails.PERHAPS))
        later = self.block(node.orelse, module, state if fails is _Fails.NO else unsure)
        final = self.block(node.finalbody, module, state)
        after = later if fails is _Fails.NO else min(later, _Fails.PERHAPS if fails is _Fails.PERHAPS else _Fails.NO)
        return max(_Fails.NO if swallowed else fails, again, after, final)

    def calls(self, node: ast.stmt, module: _Module, state: _State) -> _Fails:
        """Imports by function call, with a literal name."""
        fails = _Fails.NO
        for each in walk_scope(node):
            if not isinstance(each, ast.Call) or not each.args or not isinstance(each.args[0], ast.Constant):
                continue
            name = each.args[0].value
            if dotted(each.func) not in IMPORTING_CALLS or not isinstance(name, str) or not name:
                continue
            level = len(name) - len(name.lstrip("."))
            full = _absolute(name[level:], level, module) if level else name
            if full is not None:
                fails = max(fails, self.reach(full, (), each.lineno, module, state))
        return fails

    # ------------------------------------------------------------ imports

    def imported(self, node: ast.Import | ast.ImportFrom, module: _Module, state: _State) -> _Fails:
        if isinstance(node, ast.Import):
            return max(self.reach(alias.name, (), node.lineno, module, state) for alias in node.names)
        full = _absolute(node.module or "", node.level, module) if node.level else node.module or ""
        if not full:
            # More dots than packages above, or a module without package: an ImportError, but no missing package.
            return _Fails.NO if state.deferred else _Fails.YES
        names = tuple(alias.name for alias in node.names)
        return self.reach(full, names, node.lineno, module, state)

    def reach(self, full: str, names: tuple[str, ...], line: int, module: _Module, state: _State) -> _Fails:
        """Records one import, enters the own modules it loads, and says whether it fails."""
        target = self.lookup.target(full, names)
        written = target.missing or full
        entry = Import(written.partition(".")[0], written, module.path, line, state.guarded, state.deferred)
        if (
            target.missing
            and target.missing.partition(".")[0] == target.missing
            and len(names) == 1
            and names[0] != "*"
        ):
            # The whole name as written tells the distribution: google.cloud.storage, not google.
            entry = replace(entry, full=f"{full}.{names[0]}" if names[0].islower() else full)
        self.imports.append(entry)
        for found in target.own:
            self.origins.setdefault(found.path, f"{module.path}:{line}")
        entered = [self.enter(found.name, found.path, found.is_package, state) for found in target.own]
        if target.doubt and not state.deferred:
            self.unread.append(target.doubt)
        if target.missing and not state.guarded:
            (self.missing_deferred if state.deferred else self.missing).append(entry)
        if state.deferred:
            return _Fails.NO
        if target.missing or target.unnamed:
            return _Fails.YES
        return max([_Fails.PERHAPS if target.doubt else _Fails.NO, *entered])


def _absolute(name: str, level: int, module: _Module) -> str | None:
    """The absolute name of a relative import; None where it leaves the top-level package."""
    parts = module.parent.split(".") if module.parent else []
    if level > len(parts):
        return None
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, name] if name else base)


def _catches(handler: ast.ExceptHandler) -> bool:
    """Whether an except clause catches ImportError."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(dotted(kind).split(".")[-1] in _CATCHING for kind in kinds)


def _transparent(context: ast.expr) -> bool:
    """Whether a context manager lets every exception through."""
    return isinstance(context, ast.Call) and dotted(context.func) in _TRANSPARENT
