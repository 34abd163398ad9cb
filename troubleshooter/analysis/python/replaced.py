"""What own Python code may put in another's place: functions that it replaces, attributes that it sets, the folder.

Asked before something is called certain: code that patches `sys.exit`, overrides a method or changes the working
directory may stand in any module that is loaded.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.analysis.python.project import Module, Project
from troubleshooter.analysis.python.scope import dotted

MODULES = 300
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_PATCHES = re.compile(r"attr|patch|^object$|^multiple$|stub|mock|replac|wrap|swap|overrid", re.IGNORECASE)
_NAMESPACES = frozenset({"globals", "vars", "locals"})
_FOLDER = frozenset({"chdir", "fchdir"})
_LOADED_FIRST = ("sitecustomize", "usercustomize")


@dataclass(slots=True)
class Replaced:
    """Everything of the kind in the own modules that one module can load."""

    anything: bool = False
    """Code was not read, or may load modules that are not known."""
    changes_folder: bool = False
    names: set[str] = field(default_factory=set)
    """Last parts of names that are assigned as attributes, or handed as text to what patches."""
    methods: dict[str, int] = field(default_factory=dict)
    """How many classes define a method."""

    def may_be(self, name: str) -> bool:
        """Whether a function or constant may be another one than the one of that name."""
        return self.anything or name.rpartition(".")[2] in self.names

    def is_overridden(self, method: str) -> bool:
        return self.may_be(method) or self.methods.get(method, 0) > 1

    def read(self, node: ast.AST) -> None:
        """Takes in one node of a module."""
        if isinstance(node, ast.Attribute):
            self.changes_folder = self.changes_folder or node.attr in _FOLDER
            if isinstance(node.ctx, (ast.Store, ast.Del)) and dotted(node.value) not in ("self", "cls"):
                self.names.add(node.attr)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
            self._entry(node)
        elif isinstance(node, ast.Call):
            self._handed(node)
        elif isinstance(node, ast.ImportFrom):
            self.changes_folder = self.changes_folder or any(alias.name in _FOLDER for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.methods[each.name] = self.methods.get(each.name, 0) + 1

    def _entry(self, node: ast.Subscript) -> None:
        """`sys.modules[…] = …`, `globals()["open"] = …`."""
        if dotted(node.value).endswith("sys.modules"):
            self.anything = True
            return
        called = node.value.func if isinstance(node.value, ast.Call) else None
        space = called is not None and dotted(called) in _NAMESPACES
        if space or dotted(node.value).rpartition(".")[2] in ("__dict__", "__builtins__"):
            known = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
            self.anything = self.anything or not known
            if isinstance(node.slice, ast.Constant):
                self.names.add(str(node.slice.value))

    def _handed(self, node: ast.Call) -> None:
        """`setattr(sys, "exit", …)`, `patch("sys.exit")`."""
        called = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
        patches = bool(_PATCHES.search(called))
        for argument in (*node.args, *(k.value for k in node.keywords)):
            text = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(text, str) and (patches or _DOTTED.fullmatch(text)):
                self.names.add(text.rpartition(".")[2])
        if called in ("setattr", "delattr") and len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
            self.anything = self.anything or dotted(node.args[0]) not in ("self", "cls")
        if patches:
            self.names.update(k.arg for k in node.keywords if k.arg)
        if called in ("import_module", "__import__") and not (node.args and isinstance(node.args[0], ast.Constant)):
            self.anything = True


def replaced(project: Project, module: Module) -> Replaced:
    """What the own modules do that a module can load, wherever in them their imports stand."""
    found = Replaced()
    first = (project.module(name) for name in _LOADED_FIRST)
    todo = [module, *(each for each in first if each is not None)]
    seen = {each.path for each in todo}
    while todo:
        here = todo.pop()
        for node in ast.walk(here.tree):
            found.read(node)
        for name in _imported(here):
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                each = project.module(".".join(parts[:end]))
                if each is not None and each.path not in seen:
                    seen.add(each.path)
                    todo.append(each)
        if len(seen) > MODULES:
            return Replaced(anything=True, changes_folder=True)
    return found


def _imported(module: Module) -> Iterator[str]:
    """Dotted names of everything that a module imports, by statement or by a call with a text."""
    yield from module.imports.values()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield module.base_of(node) or ""
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func)
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.args[0].value.lstrip(".")
