"""The function's own Python modules as one program: what is defined where, and which function a call reaches."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.scope import FunctionNode, Scope, dotted, truth, walk_scope

HOPS = 8
"""Most re-exports and base classes followed for one name."""


@dataclass(frozen=True, eq=False, slots=True)
class Class:
    """One class of the program."""

    module: Module
    node: ast.ClassDef
    methods: dict[str, FunctionNode]


@dataclass(frozen=True, eq=False)
class Function:
    """One function of the program, in the place where it is defined."""

    module: Module
    node: FunctionNode | ast.Lambda
    owner: Class | None = None
    outer: Function | None = None

    @property
    def name(self) -> str:
        own = getattr(self.node, "name", "<lambda>")
        return f"{self.owner.node.name}.{own}" if self.owner else own

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @cached_property
    def scope(self) -> list[ast.AST]:
        """Nodes that run when the function runs, comprehensions included, nested functions left out."""
        body = self.node.body if isinstance(self.node.body, list) else [self.node.body]
        found: list[ast.AST] = []
        for statement in body:
            found.append(statement)
            if not isinstance(statement, Scope):
                found.extend(walk_scope(statement))
        return found

    @cached_property
    def nested(self) -> dict[str, FunctionNode]:
        return {n.name: n for n in self.scope if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}

    @cached_property
    def assigned(self) -> dict[str, list[ast.expr]]:
        """Values that the function assigns to its plain local names."""
        return _assignments(self.scope)

    @property
    def parameters(self) -> list[str]:
        arguments = self.node.args
        return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _assignments(nodes: list[ast.AST]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            pairs = [(item.optional_vars, item.context_expr) for item in node.items if item.optional_vars]
        for target, value in pairs:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(value)
    return found


@dataclass(eq=False)
class Module:
    """One own module."""

    name: str
    path: str
    tree: ast.Module
    package: bool = False
    version: tuple[int, ...] = ()

    @cached_property
    def top(self) -> list[ast.AST]:
        """Nodes of the top level, those of branches that are not taken left out."""
        return list(_live(self.tree.body, self.version))

    @cached_property
    def functions(self) -> dict[str, FunctionNode]:
        return {n.name: n for n in self.top if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}

    @cached_property
    def classes(self) -> dict[str, Class]:
        return {n.name: Class(self, n, _methods(n)) for n in self.top if isinstance(n, ast.ClassDef)}

    @cached_property
    def assigned(self) -> dict[str, list[ast.expr]]:
        return _assignments(self.top)

    @cached_property
    def has_star(self) -> bool:
        """Whether it imports everything of another module: any name may be from there."""
        return any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in self.top)

    def is_sole(self, name: str) -> bool:
        """Whether a name of the top level is one function, defined once and never bound to anything else."""
        made = [n for n in self.top if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and n.name == name]
        others = name in self.assigned or name in self.imports or name in self.classes or self.has_star
        declared = any(isinstance(n, ast.Global) and name in n.names for n in ast.walk(self.tree))
        return len(made) == 1 and not others and not declared

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def imports(self) -> dict[str, str]:
        """Local names of imports, wherever they stand → the dotted name they mean."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                base = self.base_of(node)
                for alias in node.names:
                    if base is not None and alias.name != "*":
                        found[alias.asname or alias.name] = f"{base}.{alias.name}" if base else alias.name
        return found

    def base_of(self, node: ast.ImportFrom) -> str | None:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".") if self.package else self.name.split(".")[:-1]
        if node.level > len(parts):
            return None
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, node.module] if node.module else base)

    def canonical(self, node: ast.AST) -> str:
        """The dotted name that an expression means, its first part read through the imports; empty where it is none."""
        name = dotted(node)
        first, dot, rest = name.partition(".")
        return f"{self.imports[first]}{dot}{rest}" if first in self.imports else name


def _live(body: list[ast.stmt], version: tuple[int, ...]) -> Iterator[ast.AST]:
    for node in body:
        yield node
        if isinstance(node, ast.If):
            taken = truth(node.test, version)
            yield from _live([*(node.body if taken is not False else ()), *(node.orelse if not taken else ())], version)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for field_name in ("body", "handlers", "orelse", "finalbody"):
                for each in getattr(node, field_name, ()):
                    yield from _live(each.body if isinstance(each, ast.ExceptHandler) else [each], version)


def _methods(node: ast.ClassDef) -> dict[str, FunctionNode]:
    return {n.name: n for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}


@dataclass(eq=False)
class Project:
    """All own modules that are asked for, read on demand."""

    lookup: Lookup
    modules: dict[str, Module | None] = field(default_factory=dict)
    _functions: dict[int, Function] = field(default_factory=dict)
    _asked: set[tuple[str | int, int]] = field(default_factory=set)

    def module(self, name: str) -> Module | None:
        """An own module by its dotted name; None where it is not the function's own source or cannot be read."""
        if name not in self.modules:
            self.modules[name] = None
            found = self.lookup.finder.find(name).found
            if found is not None and found.kind == "source" and self.lookup.is_own(found):
                tree = self.lookup.sources.module(found.path)
                if tree is not None:
                    version = self.lookup.runtime.version[:2]
                    self.modules[name] = Module(name, found.path, tree, found.is_package, version)
        return self.modules[name]

    def loaded(self) -> list[Module]:
        return [module for module in self.modules.values() if module is not None]

    def function(
        self, module: Module, node: FunctionNode | ast.Lambda, owner: Class | None = None, outer: Function | None = None
    ) -> Function:
        """The function that a definition makes, always the same object."""
        if id(node) not in self._functions:
            self._functions[id(node)] = Function(module, node, owner, outer)
        return self._functions[id(node)]

    # ------------------------------------------------------------ names

    def named(self, module: Module, name: str, hops: int = 0) -> Function | Class | Module | None:
        """What a module-level name of an own module is."""
        if name in module.functions:
            return self.function(module, module.functions[name])
        if name in module.classes:
            return module.classes[name]
        if name in module.imports and hops < HOPS:
            return self.absolute(module.imports[name], hops + 1)
        return self.module(f"{module.name}.{name}") if module.package else None

    def absolute(self, full: str, hops: int = 0) -> Function | Class | Module | None:
        """What a dotted name means: an own module, or something in one."""
        parts = full.split(".")
        for end in range(len(parts), 0, -1):
            module = self.module(".".join(parts[:end]))
            if module is None:
                continue
            found: Function | Class | Module | None = module
            for part in parts[end:]:
                if isinstance(found, Module):
                    found = self.named(found, part, hops)
                elif isinstance(found, Class):
                    found = self.method(found, part)
                else:
                    return None
            return found
        return None

    def method(self, owner: Class, name: str, hops: int = 0) -> Function | None:
        """A method of a class or of its own base classes."""
        if name in owner.methods:
            return self.function(owner.module, owner.methods[name], owner)
        for base in owner.node.bases:
            found = self._class(owner.module, base) if hops < HOPS else None
            inherited = self.method(found, name, hops + 1) if found is not None else None
            if inherited is not None:
                return inherited
        return None

    def _class(self, module: Module, node: ast.expr) -> Class | None:
        name = dotted(node)
        found = (
            self.named(module, name)
            if name and "." not in name
            else self.absolute(module.canonical(node))
            if name
            else None
        )
        return found if isinstance(found, Class) else None

    def bases(self, owner: Class, hops: int = 0) -> Iterator[str]:
        """Canonical names of everything that a class derives from."""
        for base in owner.node.bases:
            yield owner.module.canonical(base)
            found = self._class(owner.module, base) if hops < HOPS else None
            if found is not None:
                yield from self.bases(found, hops + 1)

    # ------------------------------------------------------------ expressions

    def callee(self, node: ast.expr, inside: Function) -> Function | Class | None:
        """The own function or class that an expression in a function refers to."""
        if isinstance(node, ast.Lambda):
            return self.function(inside.module, node, inside.owner, inside)
        if isinstance(node, ast.Call):
            if inside.module.canonical(node.func) in ("functools.partial", "asyncio.coroutine") and node.args:
                return self.callee(node.args[0], inside)
            return None
        if isinstance(node, ast.Name):
            return self._local(node.id, inside)
        if isinstance(node, ast.Attribute):
            owner = self.instance(node.value, inside)
            if owner is not None:
                return self.method(owner, node.attr)
            name = inside.module.canonical(node)
            found = self.absolute(name) if name else None
            return found if isinstance(found, (Function, Class)) else None
        return None

    def _local(self, name: str, inside: Function) -> Function | Class | None:
        here: Function | None = inside
        while here is not None:
            if name in here.nested:
                return self.function(here.module, here.nested[name], here.owner, here)
            if name in here.parameters:
                return None
            lambdas = [v for v in here.assigned.get(name, ()) if isinstance(v, ast.Lambda)]
            if lambdas:
                return self.function(here.module, lambdas[-1], here.owner, here)
            here = here.outer
        found = self.named(inside.module, name)
        return found if isinstance(found, (Function, Class)) else None

    def instance(self, node: ast.expr, inside: Function) -> Class | None:
        """The own class of which an expression is an instance, or which it names."""
        # `text = text.strip()`: a value may be made of what is asked for.
        asked = (dotted(node) or id(node), id(inside.node))
        if asked in self._asked:
            return None
        self._asked.add(asked)
        try:
            return self._instance(node, inside)
        finally:
            self._asked.discard(asked)

    def _instance(self, node: ast.expr, inside: Function) -> Class | None:
        if isinstance(node, ast.Name) and node.id in ("self", "cls") and inside.owner is not None:
            return inside.owner
        if isinstance(node, ast.Call):
            if dotted(node.func) == "super" and inside.owner is not None:
                bases = [self._class(inside.owner.module, base) for base in inside.owner.node.bases]
                return next((base for base in bases if base is not None), None)
            found = self.callee(node.func, inside)
            return found if isinstance(found, Class) else None
        for value in self._values(node, inside):
            if isinstance(value, ast.Call):
                found = self.callee(value.func, inside)
                if isinstance(found, Class):
                    return found
        if isinstance(node, ast.Name):
            found = self._local(node.id, inside)
            return found if isinstance(found, Class) else None
        return None

    def _values(self, node: ast.expr, inside: Function) -> list[ast.expr]:
        """Values assigned to a name in the function, around it or in its module, or to an attribute of its own object."""
        if isinstance(node, ast.Name):
            here: Function | None = inside
            while here is not None:
                if node.id in here.assigned:
                    return here.assigned[node.id]
                here = here.outer
            return inside.module.assigned.get(node.id, [])
        if isinstance(node, ast.Attribute) and dotted(node.value) == "self" and inside.owner is not None:
            return [
                each.value
                for method in inside.owner.methods.values()
                for each in ast.walk(method)
                if isinstance(each, ast.Assign) and any(dotted(t) == f"self.{node.attr}" for t in each.targets)
            ]
        return []

    def made_by(self, node: ast.expr, inside: Function) -> set[str]:
        """Canonical names of the calls whose results an expression may hold: `asyncio.get_event_loop`."""
        if isinstance(node, ast.Call):
            return {inside.module.canonical(node.func)}
        names: set[str] = set()
        for value in self._values(node, inside):
            if isinstance(value, ast.Await):
                value = value.value
            if isinstance(value, ast.Call):
                names.add(inside.module.canonical(value.func))
        if isinstance(node, ast.Name) and node.id in inside.module.imports:
            origin = self.absolute(inside.module.imports[node.id].rpartition(".")[0])
            if isinstance(origin, Module):
                attribute = inside.module.imports[node.id].rpartition(".")[2]
                values = origin.assigned.get(attribute, [])
                names.update(origin.canonical(v.func) for v in values if isinstance(v, ast.Call))
        return names
