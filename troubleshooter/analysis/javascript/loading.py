"""What code runs while a JavaScript module loads: always, only perhaps, or not before somebody calls it."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path, is_field, nearest_function, same
from troubleshooter.analysis.javascript.syntax import Script, Unparsed, has_token

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_CALLS = 40
"""Calls that are followed from a function towards the module level."""


_STATEMENTS = frozenset(
    {
        "program",
        "statement_block",
        "if_statement",
        "else_clause",
        "for_statement",
        "for_in_statement",
        "while_statement",
        "do_statement",
        "try_statement",
        "catch_clause",
        "finally_clause",
        "switch_statement",
        "switch_body",
        "switch_case",
        "switch_default",
        "labeled_statement",
        "with_statement",
    }
)
"""Nodes in which a statement of the same function may stand."""


class Runs(IntEnum):
    """Whether a piece of code runs while its module loads."""

    LATER = 0
    """Only when a function is called, and nothing in the file shows that loading calls it."""
    PERHAPS = 1
    """Behind a condition, a loop, an early return, or where an exception is caught."""
    ALWAYS = 2


_LAZY = re.compile(r"^__(?:commonJS|esm)(?:Min)?$")
_LAZY_SHAPE = re.compile(rb"=>\s*(?:function\s*\w*\s*\(\)\s*\{|\(\)\s*=>)[^;]{0,160}exports\s*:\s*\{\s*\}", re.DOTALL)
"""A bundler's `(body, module) => () => (… body((module = { exports: {} }).exports, module) …)`."""


def runs(script: Script, path: Path) -> Runs:
    """Whether the node at the end of `path` runs when the module loads."""
    return _runs(script, path, frozenset())


def order(script: Script, path: Path) -> int:
    """Position at module level from which the node at the end of `path` runs, for sorting."""
    seen: set[int] = set()
    while True:
        index = nearest_function(path)
        if index is None or path[index].id in seen:
            return path[-1].start_byte
        seen.add(path[index].id)
        sites = [p for p in call_sites(script, path[: index + 1]) if _runs(script, p, frozenset()) is not Runs.LATER]
        if not sites:
            return path[-1].start_byte
        path = min(sites, key=lambda p: p[-1].start_byte)


def _runs(script: Script, path: Path, callers: frozenset[int]) -> Runs:
    best = Runs.ALWAYS
    for index in range(len(path) - 1, 0, -1):
        child, parent = path[index], path[index - 1]
        if parent.type in FUNCTIONS:
            if is_field(parent, "name", child):
                continue
            called = _called(script, path[:index], callers)
            if called is Runs.ALWAYS and _may_return(script, path, index - 1):
                called = Runs.PERHAPS
            return min(best, called)
        if parent.type == "field_definition" and is_field(parent, "value", child) and not has_token(parent, "static"):
            return Runs.LATER
        if _is_optional(parent, child):
            best = Runs.PERHAPS
    if best is Runs.ALWAYS and _may_return(script, path, None):
        best = Runs.PERHAPS
    return best


def _called(script: Script, path: Path, callers: frozenset[int]) -> Runs:
    """Whether loading the module calls the function at the end of `path`."""
    function = path[-1]
    key = ("called", function.id)
    known = script.memory.get(key)
    if isinstance(known, Runs):
        return known
    if function.id in callers or len(callers) >= MAX_CALLS or function.type.startswith("generator"):
        return Runs.LATER
    best = Runs.LATER
    for site in call_sites(script, path):
        found = _runs(script, site, callers | {function.id})
        best = max(best, found)
        if best is Runs.ALWAYS:
            break
    if best is Runs.ALWAYS and (has_token(function, "async") or has_token(function, "*")):
        best = Runs.PERHAPS
    if not callers:
        script.memory[key] = best
    return best


def call_sites(script: Script, path: Path) -> list[Path]:
    """Paths to the calls of the function at the end of `path`, as far as the file shows them plainly."""
    at = len(path) - 1
    while at > 0 and path[at - 1].type in ("parenthesized_expression", "unary_expression"):
        at -= 1
    node, parent = path[at], path[at - 1]
    if parent.type == "call_expression" and is_field(parent, "function", node):
        return [path[:at]]
    if parent.type == "member_expression" and is_field(parent, "object", node) and at >= 2:
        name = parent.child_by_field_name("property")
        call = path[at - 2]
        if name is not None and script.text(name) in ("call", "apply") and call.type == "call_expression":
            return [path[: at - 1]]
        return []
    declared = _declared_as(script, path, at)
    return [] if declared is None else _calls_of(script, *declared)


def _declared_as(script: Script, path: Path, at: int) -> tuple[str, int] | None:
    """Name under which the function is called, and the offset of that name's declaration."""
    node, parent = path[at], path[at - 1]
    if node.type == "function_declaration":
        name = node.child_by_field_name("name")
        return (script.text(name), name.start_byte) if name is not None else None
    if parent.type == "variable_declarator" and is_field(parent, "value", node):
        return _simple_name(script, parent)
    lazy = _lazy_wrapper(path, at)
    if lazy is not None and _is_lazy(script, path[lazy]):
        return _simple_name(script, path[lazy - 1])
    return None


def _simple_name(script: Script, declarator: Node) -> tuple[str, int] | None:
    name = declarator.child_by_field_name("name")
    return (script.text(name), name.start_byte) if name is not None and name.type == "identifier" else None


def _lazy_wrapper(path: Path, at: int) -> int | None:
    """Index of the call `wrap({ "file"() {…} })` or `wrap(() => {…})` whose result a variable takes."""
    if path[at - 1].type == "pair":
        at -= 1
    if path[at - 1].type == "object":
        at -= 1
    if at >= 3 and path[at - 1].type == "arguments" and path[at - 2].type == "call_expression":
        call, declarator = path[at - 2], path[at - 3]
        if declarator.type == "variable_declarator" and is_field(declarator, "value", call):
            return at - 2
    return None


def _is_lazy(script: Script, call: Node) -> bool:
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "identifier":
        return False
    name = script.text(callee)
    if _LAZY.match(name):
        return True
    for declaration in script.names(name).declarations:
        maker = declaration.path[-2]
        if maker.type == "variable_declarator" and maker.end_byte - maker.start_byte < 600:
            return _LAZY_SHAPE.search(script.source, maker.start_byte, maker.end_byte) is not None
    return False


def _calls_of(script: Script, name: str, offset: int) -> list[Path]:
    try:
        names = script.names(name)
    except Unparsed:
        return []
    own = next((d for d in names.declarations if d.node.start_byte == offset), None)
    if own is None:
        return []
    found = []
    for use in names.of(own):
        path = use.path
        if len(path) >= 2 and path[-2].type == "call_expression" and is_field(path[-2], "function", path[-1]):
            found.append(path[:-1])
    return found


def _is_optional(parent: Node, child: Node) -> bool:
    """Whether `child` is a part of `parent` that may be left out, be repeated, or fail unnoticed."""
    kind = parent.type
    if kind in ("if_statement", "while_statement", "ternary_expression", "switch_statement", "with_statement"):
        test = parent.child_by_field_name("condition") or parent.child_by_field_name("value")
        return not same(test, child)
    if kind == "binary_expression":
        return is_field(parent, "right", child) and any(has_token(parent, o) for o in ("&&", "||", "??"))
    if kind == "augmented_assignment_expression":
        return is_field(parent, "right", child) and any(has_token(parent, o) for o in ("&&=", "||=", "??="))
    if kind in ("for_statement", "for_in_statement"):
        return is_field(parent, "body", child) or is_field(parent, "increment", child)
    if kind == "do_statement":
        return is_field(parent, "body", child)
    if kind == "try_statement":
        return is_field(parent, "body", child) and parent.child_by_field_name("handler") is not None
    if kind == "catch_clause":
        return True
    if kind in ("assignment_pattern", "object_assignment_pattern"):
        return is_field(parent, "right", child)
    if kind == "call_expression":
        return is_field(parent, "arguments", child) and _has_optional_chain(parent)
    return False


def _has_optional_chain(call: Node) -> bool:
    node: Node | None = call
    while node is not None and node.type in ("call_expression", "member_expression", "subscript_expression"):
        if has_token(node, "optional_chain"):
            return True
        node = node.child_by_field_name("function") or node.child_by_field_name("object")
    return False


def module_returns(script: Script) -> Node | None:
    """The first `return` outside every function, which only a CommonJS module may have."""
    found = _own_returns(script.root) if b"return" in script.source else []
    return min(found, key=lambda n: n.start_byte, default=None)


def _may_return(script: Script, path: Path, function: int | None) -> bool:
    """Whether a `return` of the same function (or of the module itself) is over before the end of `path`."""
    owner = path[0] if function is None else path[function]
    key = ("returns", owner.id)
    if key not in script.memory:
        body = owner if function is None else owner.child_by_field_name("body")
        script.memory[key] = min((n.end_byte for n in _own_returns(body)), default=None)
    first: int | None = script.memory[key]
    return first is not None and first <= path[-1].start_byte


def _own_returns(body: Node | None) -> list[Node]:
    """The `return` statements below a body; those of functions inside it are not its own."""
    found = []
    todo = [body] if body is not None else []
    while todo:
        node = todo.pop()
        if node.type == "return_statement":
            found.append(node)
        elif node.type in _STATEMENTS:
            todo.extend(node.named_children)
    return found
