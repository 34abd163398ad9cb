"""What a Python function certainly does when it is loaded or called: ends the process, or writes where nothing can be written.

Certain is only what no branch, loop, early return or handled exception stands before. Own functions that are called on
that way are followed; everything else is left out.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from troubleshooter.analysis.python_handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python_lookup import Lookup
from troubleshooter.analysis.python_project import Function, Module, Project
from troubleshooter.analysis.python_reach import _top
from troubleshooter.analysis.python_scope import Scope
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import CertainEffects, Effect
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.launch import EffectiveLaunch
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

DEEP = 6
"""Most own functions that call each other."""
MODULES = 50
WRITABLE = ("/tmp", "/dev", "/proc", "/mnt", "/run")  # noqa: S108 - a place on Lambda, not here
"""Where writing may succeed: /tmp, devices, and where file systems are mounted."""

_EXITS = frozenset({"sys.exit", "os._exit", "os.abort", "exit", "quit"})
_PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath"})
_METHODS = frozenset({"write_text", "write_bytes", "touch", "mkdir"})
_FOLDERS = frozenset({"os.mkdir", "os.makedirs"})
_CATCH_ALL = frozenset({"BaseException", ""})
_CATCH_WRITES = _CATCH_ALL | {"Exception", "OSError", "IOError", "EnvironmentError", "PermissionError"}
_CATCH_EXITS = _CATCH_ALL | {"SystemExit"}
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
    walk = _Walk(project, resolver, code, folder if code.kind != "source" else "")
    try:
        walk.load(module)
        found = project.named(module, resolution.export)
        if isinstance(found, Function) and not getattr(found.node, "decorator_list", ()):
            walk.call(found, "handler", frozenset(), 0)
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")
    return CertainEffects(reading=reading_of(code), language="python", effects=tuple(walk.found))


@dataclass(slots=True)
class _Walk:
    """One way through the code."""

    project: Project
    resolver: Resolver
    code: CodeTree
    folder: str
    """Working directory; empty where it is not known."""
    found: list[Effect] = field(default_factory=list)
    _loaded: set[str] = field(default_factory=set)

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
        self._body(function.node.body, function, when, caught, depth)
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
            names = frozenset(name for handler in node.handlers for name in _caught(handler))
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
            for call in _calls(item.context_expr):
                if inside.module.canonical(call.func) == "contextlib.suppress":
                    return not _leaves(node.body)
                if not self._call(call, inside, when, caught, depth):
                    return False
        return self._body(node.body, inside, when, caught, depth)

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
            path = _written(node, name, _Constants(inside, self.folder))
            made = name in _FOLDERS or (isinstance(node.func, ast.Attribute) and node.func.attr == "mkdir")
            if made and path and self.code.tree.exists(path):
                path = ""
            if path and not self._rebound(name, inside) and read_only(self.code, path):
                self._note("write", path, node, inside, when)
        found = self.project.callee(node.func, inside)
        if isinstance(found, Function) and not getattr(found.node, "decorator_list", ()):
            return self.call(found, when, caught, depth + 1)
        return True

    def _rebound(self, name: str, inside: Function) -> bool:
        """Whether a built-in's name means something else here."""
        own = inside.module
        plain = "." not in name
        return plain and (
            name in own.functions or name in own.assigned or name in inside.assigned or name in inside.parameters
        )

    def _note(self, kind: str, what: str, node: ast.stmt | ast.expr, inside: Function, when: str) -> None:
        path = inside.module.path
        text = self.resolver.sources.line(path, node.lineno)
        self.found.append(Effect(kind, what, path, node.lineno, text, when))


def read_only(code: CodeTree, path: str) -> bool:
    """Whether a file at that path cannot be made because of Lambda's read-only file system, and for no other reason."""
    if any((path + "/").startswith(place + "/") for place in WRITABLE):
        return False
    if code.kind == "source":
        return path.startswith("/var/task/") and path.count("/") == 3
    parent = posixpath.dirname(path)
    if code.kind == "zip" and not (parent + "/").startswith("/var/task/"):
        return False
    return parent == "/var/task" or code.tree.is_dir(parent)


# ---------------------------------------------------------------- syntax


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


def _caught(handler: ast.ExceptHandler) -> Iterator[str]:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    for each in types:
        yield "" if each is None else ast.unparse(each).rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class _Constants:
    """Paths that a function's expressions certainly are."""

    inside: Function
    folder: str

    def path(self, node: ast.expr, depth: int = 0) -> str:
        """The absolute path of an expression; empty where it is not certain."""
        text = self._text(node, depth)
        if not text or "\0" in text or "://" in text:
            return ""
        if not text.startswith("/") and (not self.folder or self._changes_folder()):
            return ""
        return posixpath.normpath(posixpath.join(self.folder or "/", text))

    def _text(self, node: ast.expr, depth: int = 0) -> str:
        if depth > DEEP:
            return ""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else ""
        if isinstance(node, ast.Name):
            return self._named(node.id, depth)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Add)):
            left, right = self._text(node.left, depth + 1), self._text(node.right, depth + 1)
            joined = posixpath.join(left, right) if isinstance(node.op, ast.Div) else left + right
            return joined if left and right else ""
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return posixpath.dirname(self._text(node.value, depth + 1))
        return ""

    def _named(self, name: str, depth: int) -> str:
        if name == "__file__":
            return self.inside.module.path
        if name in self.inside.parameters:
            return ""
        values = self.inside.assigned.get(name) or self.inside.module.assigned.get(name) or []
        declared = any(isinstance(n, ast.Global) and name in n.names for n in ast.walk(self.inside.module.tree))
        return self._text(values[0], depth + 1) if len(values) == 1 and not declared else ""

    def _called(self, node: ast.Call, depth: int) -> str:
        name = self.inside.module.canonical(node.func)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("resolve", "absolute") and not node.args:
            return self._text(node.func.value, depth + 1)
        parts = [self._text(each, depth + 1) for each in node.args]
        if node.keywords or not parts or not all(parts):
            return ""
        if name in _PATHS or name == "os.path.join":
            return posixpath.join(*parts)
        if name in ("os.path.abspath", "os.path.realpath"):
            return parts[0]
        return posixpath.dirname(parts[0]) if name == "os.path.dirname" else ""

    def _changes_folder(self) -> bool:
        return any(
            isinstance(n, ast.Attribute) and n.attr in ("chdir", "fchdir") for n in ast.walk(self.inside.module.tree)
        )


def _written(node: ast.Call, name: str, constants: _Constants) -> str:
    """The path that a call certainly writes to; empty where it writes to none, or that is not certain."""
    first = node.args[0] if node.args else None
    if name in ("open", "io.open", "codecs.open") and first is not None:
        return constants.path(first) if _opens_to_write(node.args[1:2], node.keywords) else ""
    if name in _FOLDERS and first is not None:
        return constants.path(first)
    if name == "logging.FileHandler" and first is not None and not any(k.arg == "delay" for k in node.keywords):
        return constants.path(first)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, (ast.Call, ast.Name, ast.BinOp)):
        if not _is_path(node.func.value, constants):
            return ""
        if node.func.attr in _METHODS:
            return constants.path(node.func.value)
        if node.func.attr == "open" and _opens_to_write(node.args[:1], node.keywords):
            return constants.path(node.func.value)
    return ""


def _is_path(node: ast.expr, constants: _Constants) -> bool:
    """Whether an expression is certainly a path object, not another thing with methods of these names."""
    inside = constants.inside
    if isinstance(node, ast.Name):
        values = inside.assigned.get(node.id) or inside.module.assigned.get(node.id) or []
        return len(values) == 1 and not isinstance(values[0], ast.Name) and _is_path(values[0], constants)
    if isinstance(node, ast.BinOp):
        return _is_path(node.left, constants)
    if isinstance(node, ast.Attribute):
        return node.attr == "parent" and _is_path(node.value, constants)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("resolve", "absolute")
    ):
        return _is_path(node.func.value, constants)
    return isinstance(node, ast.Call) and inside.module.canonical(node.func) in _PATHS


def _opens_to_write(mode: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    given = [*mode, *(k.value for k in keywords if k.arg == "mode")]
    value = given[0] if given else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(set(value.value) & set("wax+"))
