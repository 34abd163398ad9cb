"""Which of the function's own code runs when the handler is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.analysis.python.project import Class, Function, Module, Project
from troubleshooter.analysis.python.scope import Scope, dotted

FUNCTIONS = 3000
"""Most functions followed."""

_RUNNERS = frozenset(
    {"threading.Thread", "threading.Timer", "multiprocessing.Process", "functools.partial", "map", "filter", "sorted"}
    | {"asyncio.to_thread", "anyio.run", "anyio.to_thread.run_sync", "asgiref.sync.async_to_sync", "async_to_sync"}
)
"""Calls that run a function that they are handed."""
_RUNNING_METHODS = frozenset({"submit", "map", "run_in_executor", "start_soon", "run_sync", "call_soon", "add_task"})
_FRAMEWORKS = frozenset(
    {"FastAPI", "APIRouter", "Starlette", "Router", "Flask", "Blueprint", "Quart", "Sanic", "Litestar", "Chalice"}
    | {
        "APIGatewayRestResolver",
        "APIGatewayHttpResolver",
        "ALBResolver",
        "LambdaFunctionUrlResolver",
        "ApiGatewayResolver",
    }
    | {"VPCLatticeResolver", "VPCLatticeV2Resolver", "AppSyncResolver", "BedrockAgentResolver", "AppSyncEventsResolver"}
)
"""Classes whose instances register functions by decorator and call them from the handler."""


@dataclass(slots=True)
class Reach:
    """Functions that the handler's call reaches."""

    project: Project
    functions: dict[int, Function] = field(default_factory=dict)
    """By the identity of their definition, in the order of discovery."""
    uncertain: set[int] = field(default_factory=set)
    """Of these, those that are only handed around, so that they may never run."""
    sites: dict[int, list[tuple[ast.Call, Function]]] = field(default_factory=dict)
    """Calls of each function."""

    def start(self, module: Module, export: str) -> FunctionFound:
        """Follows everything from the handler on; what the handler itself is."""
        top = _top(module)
        found = self.project.named(module, export)
        entries: list[Function] = []
        if isinstance(found, Function):
            entries = [found, *self._decorators(found)]
        elif isinstance(found, Class):
            entries = [
                each
                for each in (self.project.method(found, "__init__"), self.project.method(found, "__call__"))
                if each
            ]
        framework = False
        for value in module.assigned.get(export, ()):
            entries += self._made(value, top)
            framework = framework or isinstance(value, ast.Call)
        for entry in entries:
            self._add(entry, certain=True)
        self._follow()
        if framework or any(self._uses_framework(each) for each in entries):
            for each in self._registered(module):
                self._add(each, certain=True)
            self._follow()
        return FunctionFound(found if isinstance(found, Function) else None, bool(entries))

    def _made(self, value: ast.expr, top: Function) -> Iterator[Function]:
        """Functions behind a handler that is the value of an expression: a lambda, a bound method, a wrapped function."""
        found = self.project.callee(value, top)
        if isinstance(found, Function):
            yield found
        if isinstance(value, ast.Call):
            wrapper = self.project.callee(value.func, top)
            if isinstance(wrapper, Function):
                yield wrapper
            for argument in (*value.args, *(k.value for k in value.keywords)):
                inner = self.project.callee(argument, top)
                if isinstance(inner, Function):
                    yield inner

    def _decorators(self, function: Function) -> Iterator[Function]:
        for node in getattr(function.node, "decorator_list", ()):
            inner = node.func if isinstance(node, ast.Call) else node
            found = self.project.callee(inner, _top(function.module))
            if isinstance(found, Function):
                yield found

    def _add(self, function: Function, *, certain: bool) -> None:
        key = id(function.node)
        if key not in self.functions:
            if len(self.functions) >= FUNCTIONS:
                return
            self.functions[key] = function
            if not certain:
                self.uncertain.add(key)
            self._todo.append(function)
        elif certain and key in self.uncertain:
            self.uncertain.discard(key)
            self._todo.append(function)

    _todo: list[Function] = field(default_factory=list)

    def _follow(self) -> None:
        while self._todo:
            function = self._todo.pop(0)
            certain = id(function.node) not in self.uncertain
            for node in function.scope:
                self._visit(node, function, certain)

    def _visit(self, node: ast.AST, function: Function, certain: bool) -> None:
        if isinstance(node, ast.Call):
            found = self.project.callee(node.func, function)
            if isinstance(found, Class):
                found = self.project.method(found, "__init__")
            if found is not None:
                sites = self.sites.setdefault(id(found.node), [])
                if (node, function) not in sites:
                    sites.append((node, function))
                self._add(found, certain=certain)
                for each in self._decorators(found):
                    self._add(each, certain=certain)
        elif isinstance(node, (ast.Name, ast.Attribute, ast.Lambda)) and isinstance(
            getattr(node, "ctx", ast.Load()), ast.Load
        ):
            parent = function.module.parents.get(node)
            if isinstance(parent, (ast.Attribute, ast.Call)) and getattr(parent, "func", None) is node:
                return
            found = self.project.callee(node, function)
            if isinstance(found, Function):
                self._add(found, certain=certain and self._runs(node, found, function))

    def _runs(self, node: ast.AST, found: Function, function: Function) -> bool:
        """Whether handing a function over certainly gets it run."""
        if found.outer is function and not isinstance(found.node, ast.Lambda):
            return True
        here: ast.AST | None = function.module.parents.get(node)
        while isinstance(here, (ast.keyword, ast.Starred, ast.Tuple, ast.List)):
            here = function.module.parents.get(here)
        if not isinstance(here, ast.Call):
            return False
        method = here.func.attr if isinstance(here.func, ast.Attribute) else ""
        return function.module.canonical(here.func) in _RUNNERS or method in _RUNNING_METHODS

    # ------------------------------------------------------------ frameworks

    def _uses_framework(self, entry: Function) -> bool:
        return any(self._is_framework(node, entry) for node in entry.scope if isinstance(node, ast.Name))

    def _is_framework(self, node: ast.expr, inside: Function) -> bool:
        return any(name.rpartition(".")[2] in _FRAMEWORKS for name in self.project.made_by(node, inside))

    def _registered(self, module: Module) -> Iterator[Function]:
        """Functions that own modules register with a framework's object."""
        self._load_all(module)
        for each in self.project.loaded():
            top = _top(each)
            for node in each.functions.values():
                for decorator in node.decorator_list:
                    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if isinstance(inner, ast.Attribute) and self._is_framework(inner.value, top):
                        yield self.project.function(each, node)

    def _load_all(self, module: Module) -> None:
        todo, seen = [module], {module.name}
        while todo and len(seen) < 300:
            for full in todo.pop().imports.values():
                for name in (full, full.rpartition(".")[0]):
                    found = self.project.module(name) if name and name not in seen else None
                    if found is not None:
                        todo.append(found)
                    seen.add(name)


@dataclass(frozen=True, slots=True)
class FunctionFound:
    """What the handler's name stands for."""

    function: Function | None
    """Its definition, where it is a plain function of the function's own code."""
    followed: bool
    """Whether any code of its was found to follow."""


def _top(module: Module) -> Function:
    """A stand-in for the top level of a module, to resolve names in."""
    node = ast.FunctionDef(
        name="<module>",
        args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
        body=[],
        decorator_list=[],
    )
    return Function(module, node)


def work_names(node: ast.AST | None) -> set[str]:
    """Plain names and own attributes that an expression mentions: what work was handed to coordinate through."""
    if node is None:
        return set()
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute) and dotted(each):
            found.add(dotted(each))
    return found


def endless(function: Function) -> bool:
    """Whether a function loops until it is stopped from outside: work that is not meant to be finished."""
    for node in function.scope:
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value:
            inside = [each for each in ast.walk(node) if not isinstance(each, Scope)]
            if not any(isinstance(each, (ast.Break, ast.Return)) for each in inside):
                return True
    return False
