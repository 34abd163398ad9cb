"""Functions of JavaScript files: their own code, whether they are asynchronous, and which one a call calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.exports import variable
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path
from troubleshooter.analysis.javascript.syntax import Script, arguments, has_token, unwrap
from troubleshooter.analysis.javascript.values import Sort, Value, unknown
from troubleshooter.analysis.node.exports import Exports

if TYPE_CHECKING:
    from tree_sitter import Node

EACH = frozenset({"forEach", "map", "flatMap", "filter", "some", "every", "find", "reduce", "sort"})
"""Array methods, which call their argument at once and wait for nothing."""


@dataclass(frozen=True, eq=False)
class Function:
    """One function: `path` leads from its file's program to it."""

    script: Script
    path: Path

    @property
    def key(self) -> tuple[str, int]:
        return (self.script.path, self.path[-1].start_byte)

    @property
    def name(self) -> str:
        """The name that it is written under; `an anonymous function` where there is none."""
        node = self.path[-1]
        for holder, field in ((node, "name"), (self.path[-2], "name"), (self.path[-2], "key"), (self.path[-2], "left")):
            found = holder.child_by_field_name(field)
            if found is not None and (holder is node or not found.end_byte > node.start_byte):
                return self.script.text(found)[:80]
        return "an anonymous function"

    @property
    def is_async(self) -> bool:
        return has_token(self.path[-1], "async") or self.awaiter is not None

    @property
    def awaiter(self) -> Path | None:
        """The generator that TypeScript's `__awaiter` runs in place of an async function's body."""
        body = self.path[-1].child_by_field_name("body")
        path = (*self.path, body) if body is not None else ()
        if body is not None and body.type == "statement_block":
            statements = [c for c in body.named_children if c.type != "comment"]
            if len(statements) != 1 or statements[0].type != "return_statement" or not statements[0].named_children:
                return None
            path = (*path, statements[0], statements[0].named_children[0])
        call = path[-1] if path else None
        if call is None or call.type != "call_expression":
            return None
        callee = unwrap(call.child_by_field_name("function"))
        given = arguments(call)
        if callee is None or not given or self.script.text(callee).rpartition(".")[2] != "__awaiter":
            return None
        held = call.child_by_field_name("arguments")
        return (*path, held, given[-1]) if held is not None and given[-1].type == "generator_function" else None

    @property
    def body(self) -> Path | None:
        """The code that a call runs."""
        path = self.awaiter or self.path
        body = path[-1].child_by_field_name("body")
        return (*path, body) if body is not None else None


def own_code(function: Function) -> Iterator[Path]:
    """Every node of a function's own code, and of the plain callbacks that array methods run for it at once."""
    start = function.body
    todo = [start] if start is not None else []
    while todo:
        path = todo.pop()
        node = path[-1]
        if node.type in FUNCTIONS and len(path) > len(start or ()) and not _runs_at_once(function.script, path):
            continue
        if node.type in ("class_body", "template_string", "string", "comment"):
            continue
        yield path
        todo.extend((*path, child) for child in reversed(node.named_children))


def _runs_at_once(script: Script, path: Path) -> bool:
    """Whether the function at the end of `path` is a plain callback of an array method, or called where it stands."""
    node = path[-1]
    if has_token(node, "async") or node.type.startswith("generator"):
        return False
    return array_method(script, path) is not None


def array_method(script: Script, path: Path) -> str | None:
    """The array method whose callback the function at the end of `path` is."""
    if len(path) < 3 or path[-2].type != "arguments" or path[-3].type != "call_expression":
        return None
    callee = path[-3].child_by_field_name("function")
    name = callee.child_by_field_name("property") if callee is not None and callee.type == "member_expression" else None
    text = script.text(name) if name is not None else ""
    return text if text in EACH else None


def awaits_call(script: Script, node: Node) -> bool:
    """Whether a call is really an `await` of something in parentheses, which the grammar takes for a function's name."""
    callee = node.child_by_field_name("function") if node.type == "call_expression" else None
    return callee is not None and callee.type == "identifier" and script.text(callee) == "await"


class Calls:
    """Which function a call calls, in its own file or another one."""

    def __init__(self, exports: Exports) -> None:
        self.exports = exports

    def target(self, script: Script, path: Path) -> Function | None:
        """The function that the call at the end of `path` calls; None for what is not in the project's own files."""
        callee = unwrap(path[-1].child_by_field_name("function"))
        if callee is None:
            return None
        if callee.type in FUNCTIONS:
            return Function(script, _down(path, callee))
        if callee.type == "identifier":
            return self.named(script, script.text(callee), callee.start_byte)
        if callee.type == "member_expression":
            return self._method(script, path, callee)
        return None

    def named(self, script: Script, name: str, offset: int) -> Function | None:
        """The function that a variable holds at `offset`."""
        declaration = script.names(name).declaration_of(offset)
        if declaration is None or declaration.kind == "parameter":
            return None
        holder = declaration.path[-2]
        if declaration.kind == "function":
            return Function(script, declaration.path[:-1])
        value = holder.child_by_field_name("value") if holder.type == "variable_declarator" else None
        if value is not None and value.type in FUNCTIONS and not _rewritten(script, name, offset):
            return Function(script, (*declaration.path[:-1], value))
        return self.function(variable(script, name)) if declaration.start == 0 else None

    def function(self, value: Value) -> Function | None:
        """A value as a function of the project's own files."""
        settled = self.exports.settle(value)
        if settled.sort is not Sort.FUNCTION or settled.path is None or settled.script is None:
            return None
        own = "/node_modules/" not in settled.script.path and settled.path[-1].type in FUNCTIONS
        return Function(settled.script, settled.path) if own else None

    def value(self, script: Script, node: Node) -> Value:
        """What a name at module level stands for."""
        if node.type != "identifier":
            return unknown()
        declaration = script.names(script.text(node)).declaration_of(node.start_byte)
        if declaration is None or declaration.start != 0:
            return unknown()
        return variable(script, script.text(node))

    def _method(self, script: Script, path: Path, callee: Node) -> Function | None:
        base, name = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if base is None or name is None:
            return None
        if base.type == "this":
            body = next((p for p in range(len(path) - 1, 0, -1) if path[p].type == "class_body"), None)
            return _class_method(script, path[: body + 1], script.text(name)) if body is not None else None
        if base.type != "identifier":
            return None
        declaration = script.names(script.text(base)).declaration_of(base.start_byte)
        value = declaration.path[-2].child_by_field_name("value") if declaration is not None else None
        if declaration is not None and value is not None and value.type == "new_expression":
            return self._of_class(script, value, script.text(name))
        settled = self.exports.settle(self.value(script, base))
        return self.function(self.exports.get(settled, script.text(name)))

    def _of_class(self, script: Script, made: Node, method: str) -> Function | None:
        constructor = made.child_by_field_name("constructor")
        if constructor is None or constructor.type != "identifier":
            return None
        declaration = script.names(script.text(constructor)).declaration_of(constructor.start_byte)
        if declaration is None or declaration.kind != "class":
            settled = self.exports.settle(self.value(script, constructor))
            if settled.script is None or settled.path is None or "/node_modules/" in settled.script.path:
                return None
            script, path = settled.script, settled.path
        else:
            path = declaration.path[:-1]
        body = path[-1].child_by_field_name("body")
        return _class_method(script, (*path, body), method) if body is not None else None


def _down(path: Path, to: Node) -> Path:
    """The path to a node inside the parentheses that are called."""
    node = path[-1].child_by_field_name("function")
    while node is not None and node.id != to.id:
        path = (*path, node)
        node = node.named_children[-1] if node.named_children else None
    return (*path, to)


def _class_method(script: Script, path: Path, name: str) -> Function | None:
    for member in path[-1].named_children:
        held = member.child_by_field_name("name") if member.type == "method_definition" else None
        if held is not None and script.text(held) == name:
            return Function(script, (*path, member))
    return None


def _rewritten(script: Script, name: str, offset: int) -> bool:
    names = script.names(name)
    declaration = names.declaration_of(offset)
    return declaration is not None and any(use.writes for use in names.of(declaration))


def parameters(function: Function) -> list[str]:
    """Names of the plain parameters."""
    node = function.path[-1]
    single = node.child_by_field_name("parameter")
    held = node.child_by_field_name("parameters")
    found = [single] if single is not None else held.named_children if held is not None else []
    return [function.script.text(p) if p.type == "identifier" else "" for p in found if p.type != "comment"]
