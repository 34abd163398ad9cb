"""What a Python function certainly does when it is loaded or called: ends the process, or writes where nothing can be written.

Certain is only what no branch, loop, early return or handled exception stands before. Own functions that are called on
that way are followed; everything else is left out.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.project import Function, Module, Project
from troubleshooter.analysis.python.reach import _top
from troubleshooter.analysis.python.replaced import Replaced, replaced
from troubleshooter.analysis.python.scope import Scope
from troubleshooter.analysis.python.writes import FOLDERS, Constants, written
from troubleshooter.analysis.read_only import read_only
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import CertainEffects, Effect
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

DEEP = 6
"""Most own functions that call each other."""
MODULES = 50

_EXITS = frozenset({"sys.exit", "os._exit", "os.abort", "exit", "quit"})
_CATCH_ALL = frozenset({"BaseException", ""})
_CATCH_WRITES = _CATCH_ALL | {"Exception", "OSError", "IOError", "EnvironmentError", "PermissionError"}
_CATCH_EXITS = _CATCH_ALL | {"SystemExit"}
_CLASS = re.compile(r"^[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit|Timeout)$")
_LETS_THROUGH = frozenset(
    f"{module}.{name}".lstrip(".")
    for module, names in {
        "": "open",
        "io": "open BytesIO StringIO",
        "codecs": "open",
        "gzip": "open GzipFile",
        "threading": "Lock RLock Semaphore Condition",
        "contextlib": "closing nullcontext redirect_stdout redirect_stderr",
        "tempfile": "TemporaryDirectory NamedTemporaryFile TemporaryFile",
        "zipfile": "ZipFile",
        "tarfile": "open",
        "sqlite3": "connect",
        "urllib.request": "urlopen",
    }.items()
    for name in names.split()
)
"""Context managers that are known to swallow no exception."""
_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom)


@provides()
def python_effects(
    runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree, launch: EffectiveLaunch | Unavailable
) -> CertainEffects | Unavailable:
    """What the handler's module does at its top level, and the handler when it is called."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if resolution.path is None or not resolution.path.endswith(".py"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's module was not found as a source file")
    resolver = Resolver.of(runtime, code)
    project = Project(Lookup(runtime, resolver.finder, resolver.sources))
    module = project.module(resolution.module)
    if module is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler is not the function's own source code")
    folder = launch.workdir if isinstance(launch, EffectiveLaunch) else runtime.task_root
    # What runs before the handler in a way that is not followed may change the folder as well.
    known = code.kind != "source" and not runtime.open_ends
    walk = _Walk(project, resolver, code, module, folder if known else "")
    try:
        walk.load(module)
        found = project.named(module, resolution.export)
        plain = isinstance(found, Function) and found.module.is_sole(found.name)
        if isinstance(found, Function) and plain and not getattr(found.node, "decorator_list", ()):
            walk.call(found, "handler", frozenset(), 0)
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")
    return CertainEffects(reading=reading_of(code), language="python", effects=tuple(walk.found))


@dataclass
class _Walk:
    """One way through the code."""

    project: Project
    resolver: Resolver
    code: CodeTree
    first: Module
    """The handler's own."""
    folder: str
    """Working directory; empty where it is not known."""
    found: list[Effect] = field(default_factory=list)
    _loaded: set[str] = field(default_factory=set)
    _trail: list[Function] = field(default_factory=list)
    """Functions that are being followed."""

    @cached_property
    def replaced(self) -> Replaced:
        """Asked only where something was found: it reads every own module."""
        return replaced(self.project, self.first)

    def load(self, module: Module) -> None:
        """The top level of a module and, first, of the own modules that it imports."""
        if module.path in self._loaded or len(self._loaded) >= MODULES:
            return
        self._loaded.add(module.path)
        self._body(module.tree.body, _top(module), "import", frozenset(), 0)

    def call(self, function: Function, when: str, caught: frozenset[str], depth: int) -> bool:
        """The body of a function that is certainly called. Whether what follows the call is certain, too."""
        if depth > DEEP or isinstance(function.node, ast.Lambda) or function.is_async:
            return True
        if any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in function.scope):
            return True
        self._trail.append(function)
        self._body(function.node.body, function, when, caught, depth)
        self._trail.pop()
        return not _ends(function.node.body)

    def _body(self, body: list[ast.stmt], inside: Function, when: str, caught: frozenset[str], depth: int) -> bool:
        """Statements in turn. False where what comes after them is not certain to be reached."""
        return all(self._statement(node, inside, when, caught, depth) for node in body)

    def _statement(self, node: ast.stmt, inside: Function, when: str, caught: frozenset[str], depth: int) -> bool:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, inside, when, caught)
            return True
        if isinstance(node, Scope):
            return True
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return self._with(node, inside, when, caught, depth)
        if isinstance(node, (ast.Try, ast.TryStar)):
            names = frozenset(name for handler in node.handlers for name in self._caught(handler, inside))
            # What leaves a `finally` takes the place of the exception that was on its way.
            names |= {""} if _leaves(node.finalbody) else set()
            done = self._body(node.body, inside, when, caught | names, depth)
            self._body(node.finalbody, inside, when, caught, depth)
            return done and not _leaves([*node.handlers, *node.orelse, *node.finalbody])
        if isinstance(node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Match)):
            return not _leaves([node])
        if isinstance(node, ast.Raise):
            self._raise(node, inside, when, caught)
            return False
        certain = all(self._call(call, inside, when, caught, depth) for call in _calls(node))
        return certain and not isinstance(node, _LEAVES)

    def _with(
        self, node: ast.With | ast.AsyncWith, inside: Function, when: str, caught: frozenset[str], depth: int
    ) -> bool:
        for item in node.items:
            if not all(self._call(call, inside, when, caught, depth) for call in _calls(item.context_expr)):
                return False
            if isinstance(node, ast.AsyncWith) or not self._lets_through(item.context_expr, inside):
                return not _leaves(node.body)
        return self._body(node.body, inside, when, caught, depth)

    def _lets_through(self, node: ast.expr, inside: Function) -> bool:
        """Whether a context manager certainly swallows no exception."""
        if isinstance(node, ast.Name):
            values = inside.assigned.get(node.id) or inside.module.assigned.get(node.id) or []
            known = len(values) == 1 and isinstance(values[0], ast.Call) and node.id not in inside.parameters
            return known and self._lets_through(values[0], inside)
        if not isinstance(node, ast.Call):
            return False
        name = inside.module.canonical(node.func)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "open" and isinstance(node.func.value, ast.Call):
            return inside.module.canonical(node.func.value.func) == "pathlib.Path"
        known = name in _LETS_THROUGH and not self._rebound(name, inside)
        return known and self.project.callee(node.func, inside) is None

    def _caught(self, handler: ast.ExceptHandler, inside: Function) -> Iterator[str]:
        """Names of the exceptions that are handled; empty where that may be any."""
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for each in types:
            name = "" if each is None else inside.module.canonical(each)
            built_in = getattr(builtins, name, None) if name and not self._rebound(name, inside) else None
            if isinstance(built_in, type) and issubclass(built_in, BaseException):
                yield name
            else:
                # A class of a library, by its name, is none of those that matter; anything else may be a tuple of them.
                last = name.rpartition(".")[2]
                own = "." not in name or self.project.module(name.partition(".")[0]) is not None
                yield last if not own and _CLASS.match(last) else ""

    def _import(self, node: ast.Import | ast.ImportFrom, inside: Function, when: str, caught: frozenset[str]) -> None:
        if when != "import" or caught:
            return
        for alias in node.names:
            full = inside.module.imports.get(alias.asname or alias.name.partition(".")[0], "")
            for name in (alias.name if isinstance(node, ast.Import) else full, full.rpartition(".")[0]):
                module = self.project.module(name) if name else None
                if module is not None:
                    self.load(module)

    def _raise(self, node: ast.Raise, inside: Function, when: str, caught: frozenset[str]) -> None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if isinstance(raised, ast.Name) and raised.id == "SystemExit" and not caught & _CATCH_EXITS:
            self._note("exit", "SystemExit", node, inside, when)

    def _call(self, node: ast.Call, inside: Function, when: str, caught: frozenset[str], depth: int) -> bool:
        """One call that is certainly made. False where it does not come back."""
        name = inside.module.canonical(node.func)
        if name in _EXITS and not self._rebound(name, inside):
            if name in ("os._exit", "os.abort") or not caught & _CATCH_EXITS:
                self._note("exit", name, node, inside, when)
            return False
        if not caught & _CATCH_WRITES:
            path = written(node, name, Constants(inside, self.folder, lambda each: self.replaced.may_be(each)))
            made = name in FOLDERS or (isinstance(node.func, ast.Attribute) and node.func.attr == "mkdir")
            if made and path and self.code.tree.exists(path):
                path = ""
            certain = bool(path) and not self._rebound(name, inside) and read_only(self.code, path)
            if certain and not (self._is_relative(node, name, inside) and self.replaced.changes_folder):
                self._note("write", path, node, inside, when)
        found = self._followed(node.func, inside)
        return self.call(found, when, caught, depth + 1) if found is not None else True

    def _is_relative(self, node: ast.Call, name: str, inside: Function) -> bool:
        """Whether the path of a write depends on the working directory."""
        return not written(node, name, Constants(inside, "", lambda each: False))

    def _followed(self, node: ast.expr, inside: Function) -> Function | None:
        """The own function that a call certainly reaches; None where another may stand in its place."""
        found = self.project.callee(node, inside)
        if not isinstance(found, Function) or isinstance(found.node, ast.Lambda) or found.node.decorator_list:
            return None
        base = node
        while isinstance(base, ast.Attribute):
            base = base.value
        if isinstance(base, ast.Call):
            return found if isinstance(base.func, ast.Name) and base.func.id in inside.module.classes else None
        if not isinstance(base, ast.Name) or any(base.id in each.parameters for each in _around(inside)):
            own = isinstance(base, ast.Name) and base.id in ("self", "cls") and getattr(node, "value", None) is base
            return found if own else None
        here = [each.assigned[base.id] for each in _around(inside) if base.id in each.assigned]
        here = here or [v for v in (inside.module.assigned.get(base.id),) if v]
        if found.owner is not None:
            return found if not here or [len(values) for values in here] == [1] else None
        if found.outer is not None:
            return found if not here else None
        return found if not here and found.module.is_sole(found.name) else None

    def _rebound(self, name: str, inside: Function) -> bool:
        """Whether a built-in's name means something else here."""
        own = inside.module
        plain = "." not in name
        return plain and (
            own.has_star
            or any(name in names for names in (own.functions, own.classes, own.assigned, own.imports))
            or any(name in each.assigned or name in each.parameters for each in _around(inside))
        )

    def _note(self, kind: str, what: str, node: ast.stmt | ast.expr, inside: Function, when: str) -> None:
        names = [what] if kind == "exit" else ["open", "mkdir", "makedirs", "write_text", "write_bytes", "touch"]
        if any(self.replaced.may_be(name) for name in names if name != "SystemExit"):
            return
        for each in self._trail:
            name = getattr(each.node, "name", "")
            if self.replaced.is_overridden(name) if each.owner else self.replaced.may_be(name):
                return
        path = inside.module.path
        text = self.resolver.sources.line(path, node.lineno)
        self.found.append(Effect(kind, what, path, node.lineno, text, when))


# ---------------------------------------------------------------- syntax


def _around(function: Function) -> Iterator[Function]:
    """A function and those around it."""
    here: Function | None = function
    while here is not None:
        yield here
        here = here.outer


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """Calls that are certainly made when a statement or expression is evaluated, the inner ones first."""
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return
    if isinstance(node, ast.IfExp):
        yield from _calls(node.test)
        return
    if isinstance(node, ast.BoolOp):
        yield from _calls(node.values[0])
        return
    if isinstance(node, ast.Assert):
        yield from _calls(node.test)
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)
    if isinstance(node, ast.Call):
        yield node


def _leaves(nodes: Sequence[ast.AST]) -> bool:
    """Whether something in these statements may leave the way: a return, an exception, or a call that ends the process."""
    todo: list[ast.AST] = list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, Scope):
            continue
        if isinstance(node, _LEAVES):
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _EXITS:
            return True
        todo.extend(ast.iter_child_nodes(node))
    return False


def _ends(nodes: list[ast.stmt]) -> bool:
    """Whether something in a function's statements may keep its caller from going on."""
    todo: list[ast.AST] = list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, Scope):
            continue
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and ast.unparse(node.func) in _EXITS):
            return True
        todo.extend(ast.iter_child_nodes(node))
    return False
