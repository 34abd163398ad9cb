"""Which path a call of Python code certainly writes to, where the code states it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from troubleshooter.analysis.python.project import Function
from troubleshooter.analysis.python.scope import Scope, walk_scope

DEEP = 6
"""Most names that stand for each other."""

_PATHS = frozenset({"pathlib.Path", "pathlib.PosixPath"})
_METHODS = frozenset({"write_text", "write_bytes", "touch", "mkdir"})
FOLDERS = frozenset({"os.mkdir", "os.makedirs"})


@dataclass(frozen=True, slots=True)
class Constants:
    """Paths that a function's expressions certainly are."""

    inside: Function
    folder: str
    """Working directory; empty where it is not known."""
    is_set_elsewhere: Callable[[str], bool]
    """Whether other code may set an attribute of that name."""

    def path(self, node: ast.expr, depth: int = 0) -> str:
        """The absolute path of an expression; empty where it is not certain."""
        text = self._text(node, depth)
        if not text or "\0" in text or "://" in text:
            return ""
        if not text.startswith("/") and not self.folder:
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
        own, module = self.inside.assigned.get(name), self.inside.module
        outer = self.inside.outer
        while outer is not None and not own:
            if name in outer.parameters or stored(outer.scope, name):
                return ""
            outer = outer.outer
        values = own or module.assigned.get(name) or []
        if len(values) != 1 or name in module.imports or module.has_star:
            return ""
        # What is bound in another way as well, by `for`, `+=` or `global`, is not what stands there alone.
        bound = stored(self.inside.scope if own else module.top, name)
        declared = any(isinstance(n, ast.Global) and name in n.names for n in ast.walk(module.tree))
        if bound != 1 or declared or (not own and self.is_set_elsewhere(name)):
            return ""
        return self._text(values[0], depth + 1)

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


def written(node: ast.Call, name: str, constants: Constants) -> str:
    """The path that a call certainly writes to; empty where it writes to none, or that is not certain."""
    first = node.args[0] if node.args else None
    if name in ("open", "io.open", "codecs.open") and first is not None:
        return constants.path(first) if _opens_to_write(node.args[1:2], node.keywords) else ""
    if name in FOLDERS and first is not None:
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


def _is_path(node: ast.expr, constants: Constants) -> bool:
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


def stored(nodes: Iterable[ast.AST], name: str) -> int:
    """How often statements bind a plain name, nested functions and classes left out."""
    found: set[int] = set()
    for node in nodes:
        if not isinstance(node, Scope):
            found.update(
                id(each)
                for each in (node, *walk_scope(node))
                if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, (ast.Store, ast.Del))
            )
    return len(found)
