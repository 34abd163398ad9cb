"""Follows the objects that stand for started work, to see whether anything waits for them.

A task, a future or a thread is followed through names, containers, attributes, calls and returns. What is awaited anywhere
on its way counts as waited for; what leaves sight is undecided; only what is dropped, or bound and never waited for, floats.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from troubleshooter.analysis.python.project import Class, Function, Module, Project
from troubleshooter.analysis.python.scope import Scope, bound_names, dotted


class Fate(IntEnum):
    """What becomes of the object, weakest first: the highest of all its uses counts."""

    DROPPED = 0
    RETURNED = 1
    ESCAPED = 2
    WAITED = 3


@dataclass(frozen=True, eq=False, slots=True)
class Started:
    """One expression that starts work and gives an object to wait on."""

    node: ast.expr
    construct: str
    kind: str
    """`task`, `future` (a concurrent one), `results` (an iterator of them), or `thread`."""
    inside: Function
    work: ast.expr | None = None
    """The coroutine or function that is the work."""


WAITING = frozenset(
    {
        "asyncio.gather",
        "asyncio.wait",
        "asyncio.wait_for",
        "asyncio.as_completed",
        "asyncio.shield",
        "asyncio.wrap_future",
        "asyncio.run",
        "asyncio.timeout",
        "concurrent.futures.wait",
        "concurrent.futures.as_completed",
        "anyio.wait_all_tasks_blocked",
        "tqdm.asyncio.tqdm.gather",
        "tqdm.asyncio.tqdm.as_completed",
    }
)
_AWAITABLE = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.wait_for", "asyncio.shield", "asyncio.wrap_future"})
"""Of these, those whose own result has to be awaited in turn."""
_THROUGH = frozenset(
    {
        "list",
        "tuple",
        "set",
        "frozenset",
        "dict",
        "sorted",
        "reversed",
        "enumerate",
        "zip",
        "iter",
        "next",
        "filter",
        "map",
    }
    | {"cast", "typing.cast", "asyncio.ensure_future", "itertools.chain", "collections.deque", "deque"}
)
_NEUTRAL_CALLS = frozenset(
    {"print", "len", "str", "repr", "isinstance", "type", "id", "bool", "hash", "any", "all", "hasattr"}
)
_ADDS = frozenset(
    {"append", "add", "put", "put_nowait", "insert", "extend", "appendleft", "update", "setdefault", "push"}
)
_TAKES = frozenset({"pop", "popleft", "get", "values", "items", "copy", "get_nowait", "popitem", "union"})
_NEUTRAL = frozenset(
    {"add_done_callback", "set_name", "get_name", "done", "result", "exception", "cancelled", "get_coro", "get_loop"}
    | {
        "start",
        "is_alive",
        "name",
        "daemon",
        "ident",
        "native_id",
        "setDaemon",
        "setName",
        "getName",
        "running",
        "clear",
    }
    | {"discard", "remove", "remove_done_callback", "args", "sort"}
    | _ADDS
)
_WAITS = {
    "task": frozenset({"cancel"}),
    "future": frozenset({"result", "exception", "cancel"}),
    "thread": frozenset({"join", "cancel", "terminate", "kill", "communicate"}),
}
"""Methods that wait for the object, or end it on purpose."""
DEPTH = 12


@dataclass(slots=True)
class Flow:
    """One object being followed."""

    project: Project
    kind: str
    methods: set[str] = field(default_factory=set)
    """Methods of the object that are called anywhere on its way."""
    _seen: set[tuple[int, str]] = field(default_factory=set)

    def fate(self, node: ast.AST, inside: Function, depth: int = 0) -> Fate:
        """What becomes of the value of an expression."""
        parent = inside.module.parents.get(node)
        if parent is None or depth > DEPTH:
            return Fate.ESCAPED
        if isinstance(parent, ast.Await):
            return Fate.WAITED
        if isinstance(parent, ast.Expr):
            return Fate.DROPPED
        if isinstance(parent, ast.Return):
            return Fate.RETURNED
        if isinstance(parent, ast.YieldFrom):
            return Fate.WAITED
        if isinstance(parent, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return self._assigned(parent, node, inside, depth)
        if isinstance(parent, ast.NamedExpr):
            return max(self.name(parent.target.id, inside, depth + 1), self.fate(parent, inside, depth + 1))
        if isinstance(parent, ast.Attribute):
            return self._attribute(parent, inside, depth)
        if isinstance(parent, (ast.Call, ast.keyword)):
            return self._argument(parent, node, inside, depth)
        return self._structure(parent, node, inside, depth)

    def _structure(self, parent: ast.AST, node: ast.AST, inside: Function, depth: int) -> Fate:
        if self.kind == "results" and isinstance(parent, (ast.For, ast.comprehension, ast.Starred)):
            return Fate.WAITED
        if isinstance(parent, (ast.For, ast.AsyncFor)) and node is parent.iter:
            return max(
                (self.name(n, inside, depth + 1, parent) for n in bound_names(parent.target)), default=Fate.ESCAPED
            )
        if isinstance(parent, ast.comprehension):
            return self._comprehension(parent, node, inside, depth)
        if isinstance(parent, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            return self.fate(parent, inside, depth + 1)
        if isinstance(parent, (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp, ast.BinOp)):
            if isinstance(parent, ast.IfExp) and node is parent.test:
                return Fate.DROPPED
            return self.fate(parent, inside, depth + 1)
        if isinstance(parent, ast.Subscript):
            return self.fate(parent, inside, depth + 1) if node is parent.value else Fate.DROPPED
        if isinstance(
            parent, (ast.Compare, ast.UnaryOp, ast.If, ast.While, ast.Assert, ast.FormattedValue, ast.Delete)
        ):
            return Fate.DROPPED
        return Fate.ESCAPED

    # ------------------------------------------------------------ names

    def name(self, name: str, inside: Function, depth: int = 0, within: ast.AST | None = None) -> Fate:
        """What becomes of an object bound to a name: the best of all uses of the name in the function."""
        key = (id(within or inside.node), name)
        if key in self._seen or depth > DEPTH:
            return Fate.DROPPED
        self._seen.add(key)
        if any(isinstance(n, (ast.Global, ast.Nonlocal)) and name in n.names for n in inside.scope):
            return self._outside(name, inside, depth)
        nodes = inside.scope if within is None else list(ast.walk(within))
        return max(self._uses(nodes, name, inside, depth), self._captured(name, inside, depth))

    def _uses(self, nodes: Iterable[ast.AST], name: str, inside: Function, depth: int) -> Fate:
        result = Fate.DROPPED
        for node in nodes:
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                result = max(result, self.fate(node, inside, depth + 1))
                if result is Fate.WAITED:
                    break
        return result

    def _captured(self, name: str, inside: Function, depth: int) -> Fate:
        """Uses in functions defined inside: awaiting there counts, as it is not known to come too late."""
        result = Fate.DROPPED
        for node in inside.scope:
            if not isinstance(node, Scope) or isinstance(node, ast.ClassDef):
                continue
            inner = self.project.function(inside.module, node, inside.owner, inside)
            if name not in inner.parameters and name not in inner.assigned:
                uses = self._uses(inner.scope, name, inner, depth)
                result = max(result, Fate.ESCAPED if uses is Fate.RETURNED else uses)
        return result

    def _outside(self, name: str, inside: Function, depth: int) -> Fate:
        """An object bound to a name of the module or of the function around."""
        module = inside.module
        if inside.outer is not None:
            return Fate.ESCAPED
        return self.module_name(name, module, depth)

    def module_name(self, name: str, module: Module, depth: int = 0) -> Fate:
        """What becomes of an object in a module-level name: uses anywhere in the module, escape where others import it."""
        if (id(module), name) in self._seen:
            return Fate.DROPPED
        self._seen.add((id(module), name))
        result = Fate.DROPPED
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
                result = max(result, self.fate(node, self._around(node, module), depth + 1))
        full = f"{module.name}.{name}"
        for other in self.project.loaded():
            if other is not module and (full in other.imports.values() or module.name in other.imports.values()):
                result = max(result, Fate.ESCAPED)
        return result

    def _around(self, node: ast.AST, module: Module) -> Function:
        """The function that a node of a module stands in; a stand-in for the top level."""
        chain: list[ast.AST] = []
        here: ast.AST | None = node
        while here is not None:
            if isinstance(here, Scope):
                chain.append(here)
            here = module.parents.get(here)
        outer: Function | None = None
        owner: Class | None = None
        for each in reversed(chain):
            if isinstance(each, ast.ClassDef):
                owner = module.classes.get(each.name)
            elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                outer = self.project.function(module, each, owner, outer)
        if outer is not None:
            return outer
        top = ast.parse("def top(): pass").body[0]
        assert isinstance(top, ast.FunctionDef)  # noqa: S101 - what was just parsed
        return Function(module, top)

    # ------------------------------------------------------------ bindings

    def _assigned(
        self, parent: ast.Assign | ast.AnnAssign | ast.AugAssign, node: ast.AST, inside: Function, depth: int
    ) -> Fate:
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        return max(self._target(target, inside, depth) for target in targets)

    def _target(self, target: ast.expr, inside: Function, depth: int) -> Fate:
        if isinstance(target, (ast.Tuple, ast.List)):
            return max((self._target(each, inside, depth) for each in target.elts), default=Fate.ESCAPED)
        if isinstance(target, ast.Starred):
            return self._target(target.value, inside, depth)
        if isinstance(target, ast.Name):
            return self.name(target.id, inside, depth + 1)
        if isinstance(target, ast.Subscript):
            return self._container(target.value, inside, depth)
        if isinstance(target, ast.Attribute):
            return self._member(target.attr, depth)
        return Fate.ESCAPED

    def _container(self, node: ast.expr, inside: Function, depth: int) -> Fate:
        """An object put into a container: what becomes of the container."""
        if isinstance(node, ast.Name):
            local = node.id in inside.assigned or node.id in inside.parameters
            if node.id in inside.parameters and node.id not in inside.assigned:
                return Fate.ESCAPED
            if local:
                return self.name(node.id, inside, depth + 1)
            if inside.outer is not None and node.id in inside.outer.assigned:
                return max(self.name(node.id, inside.outer, depth + 1), Fate.DROPPED)
            if node.id in inside.module.assigned:
                return self.module_name(node.id, inside.module, depth + 1)
            return Fate.ESCAPED
        if isinstance(node, ast.Attribute):
            return self._member(node.attr, depth)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self._container(node.func.value, inside, depth)
        if isinstance(node, ast.Subscript):
            return self._container(node.value, inside, depth)
        return Fate.ESCAPED

    def _member(self, attribute: str, depth: int) -> Fate:
        """An object in an attribute: waited for where any code waits on an attribute of that name, else undecided."""
        if (0, attribute) in self._seen or depth > DEPTH:
            return Fate.ESCAPED
        self._seen.add((0, attribute))
        for module in self.project.loaded():
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.Attribute) or node.attr != attribute or not isinstance(node.ctx, ast.Load):
                    continue
                if self.fate(node, self._around(node, module), depth + 1) is Fate.WAITED:
                    return Fate.WAITED
        return Fate.ESCAPED

    # ------------------------------------------------------------ uses

    def _attribute(self, node: ast.Attribute, inside: Function, depth: int) -> Fate:
        call = inside.module.parents.get(node)
        called = isinstance(call, ast.Call) and call.func is node
        if called:
            self.methods.add(node.attr)
        if node.attr in _WAITS.get(self.kind, ()):
            return Fate.WAITED if called else Fate.ESCAPED
        if node.attr in ("done", "is_alive"):
            return Fate.WAITED if self._polled(node, inside) else Fate.DROPPED
        if called and self.kind == "task" and node.attr in ("result", "exception"):
            # Of a task that is not done they raise: whoever calls them has waited in some way.
            return Fate.ESCAPED
        if called and node.attr in _TAKES and call is not None:
            return self.fate(call, inside, depth + 1)
        if node.attr in _NEUTRAL:
            return Fate.DROPPED
        return Fate.ESCAPED

    @staticmethod
    def _polled(node: ast.AST, inside: Function) -> bool:
        """Whether a test stands in the condition or body of a loop that goes on until it holds."""
        here: ast.AST | None = node
        while here is not None and not isinstance(here, Scope):
            if isinstance(here, ast.While):
                return True
            here = inside.module.parents.get(here)
        return False

    def _comprehension(self, parent: ast.comprehension, node: ast.AST, inside: Function, depth: int) -> Fate:
        whole = inside.module.parents.get(parent)
        if node is not parent.iter or whole is None:
            return Fate.DROPPED
        names = set(bound_names(parent.target))
        result = Fate.DROPPED
        for each in ast.walk(whole):
            if isinstance(each, ast.Name) and each.id in names and isinstance(each.ctx, ast.Load):
                result = max(result, self.fate(each, inside, depth + 1))
        return result

    def _argument(self, parent: ast.Call | ast.keyword, node: ast.AST, inside: Function, depth: int) -> Fate:
        call = inside.module.parents.get(parent) if isinstance(parent, ast.keyword) else parent
        if not isinstance(call, ast.Call):
            return Fate.ESCAPED
        if node is call.func:
            return Fate.DROPPED
        name = inside.module.canonical(call.func)
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name in WAITING or method in ("run_until_complete", "run_coroutine_threadsafe"):
            return self.fate(call, inside, depth + 1) if name in _AWAITABLE else Fate.WAITED
        if name in _THROUGH:
            return Fate.WAITED if self.kind == "results" else self.fate(call, inside, depth + 1)
        if self.kind == "results" and name in ("any", "all"):
            return Fate.ESCAPED
        if name in _NEUTRAL_CALLS or _is_logging(call.func):
            return Fate.DROPPED
        if method in ("discard", "remove"):
            return Fate.DROPPED
        if method in _ADDS and isinstance(call.func, ast.Attribute):
            kept = self._container(call.func.value, inside, depth)
            return max(kept, self.fate(call, inside, depth + 1)) if method == "setdefault" else kept
        return self._passed(call, parent, node, inside, depth)

    def _passed(self, call: ast.Call, parent: ast.AST, node: ast.AST, inside: Function, depth: int) -> Fate:
        """An object handed to a function: followed into own ones, out of sight in others."""
        callee = self.project.callee(call.func, inside)
        if not isinstance(callee, Function) or isinstance(callee.node, ast.Lambda):
            return Fate.ESCAPED
        names = callee.parameters[1:] if callee.owner is not None else callee.parameters
        if isinstance(parent, ast.keyword):
            name = parent.arg if parent.arg in callee.parameters else None
        else:
            index = next((i for i, each in enumerate(call.args) if each is node), None)
            starred = any(isinstance(each, ast.Starred) for each in call.args)
            name = names[index] if index is not None and index < len(names) and not starred else None
        if name is None:
            return Fate.ESCAPED
        inner = self.name(name, callee, depth + 1)
        return self.fate(call, inside, depth + 1) if inner is Fate.RETURNED else inner


def _is_logging(node: ast.expr) -> bool:
    parts = dotted(node).split(".")
    return len(parts) > 1 and parts[-1] in ("debug", "info", "warning", "error", "exception", "log", "critical")
