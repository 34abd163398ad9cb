"""What becomes of a promise where it is made: awaited, returned, handed on, or dropped."""

from __future__ import annotations

from enum import StrEnum

from troubleshooter.analysis.javascript.functions import array_method, awaits_call
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path, is_field, same
from troubleshooter.analysis.javascript.syntax import Script, has_token, unwrap

MAX_NAMES = 4
"""Variables that are followed from one promise."""
JOINS = frozenset({"Promise.all", "Promise.allSettled", "Promise.race", "Promise.any"})
_COLLECTS = frozenset({"push", "unshift", "add", "set"})
_LOOKED_AT = frozenset({"length", "size"})


class Fate(StrEnum):
    """What becomes of a value."""

    AWAITED = "awaited"
    RETURNED = "returned"
    USED = "used"
    """Stored, compared, handed to a function: somebody else may wait for it."""
    DROPPED = "dropped"


def fate(script: Script, path: Path, function: Path, names: int = 0) -> Fate:
    """The fate of the value of the expression at the end of `path`, in the function at the end of `function`."""
    at = len(path) - 1
    while at > len(function) - 1:
        child, parent = path[at], path[at - 1]
        kind = parent.type
        if kind in ("await_expression", "yield_expression"):
            return Fate.AWAITED
        if kind == "return_statement" or (kind in FUNCTIONS and is_field(parent, "body", child)):
            index = next(i for i in range(at - 1, -1, -1) if path[i].type in FUNCTIONS)
            method = array_method(script, path[: index + 1])
            if method is None:
                return Fate.RETURNED
            if method not in ("map", "flatMap"):
                return Fate.DROPPED if method == "forEach" else Fate.USED
            at = index - 2
            continue
        if kind == "expression_statement":
            return Fate.DROPPED
        step = _through(script, path, at)
        if isinstance(step, Fate):
            return step
        if isinstance(step, str):
            return _named(script, path, at, step, function, names)
        at = step
    return Fate.USED


def _through(script: Script, path: Path, at: int) -> int | str | Fate:
    """The index to go on from; a name that takes the value; or its fate."""
    child, parent = path[at], path[at - 1]
    kind = parent.type
    if kind in ("parenthesized_expression", "spread_element", "array"):
        return at - 1
    if kind == "ternary_expression":
        return Fate.USED if is_field(parent, "condition", child) else at - 1
    if kind == "binary_expression":
        passes = any(has_token(parent, sign) for sign in ("&&", "||", "??"))
        return at - 1 if passes and is_field(parent, "right", child) else Fate.USED
    if kind == "sequence_expression":
        return at - 1 if same(unwrap(parent), child) else Fate.DROPPED
    if kind == "unary_expression" and has_token(parent, "void"):
        return at - 1
    if kind == "arguments" and path[at - 2].type == "call_expression":
        return _handed(script, path, at)
    if kind == "member_expression" and is_field(parent, "object", child) and path[at - 2].type == "call_expression":
        name = parent.child_by_field_name("property")
        chained = name is not None and script.text(name) in ("then", "catch", "finally")
        return at - 2 if chained and is_field(path[at - 2], "function", parent) else Fate.USED
    if kind == "variable_declarator" and is_field(parent, "value", child):
        name = parent.child_by_field_name("name")
        return script.text(name) if name is not None and name.type == "identifier" else Fate.USED
    if kind == "assignment_expression" and is_field(parent, "right", child):
        left = parent.child_by_field_name("left")
        return script.text(left) if left is not None and left.type == "identifier" else Fate.USED
    return Fate.USED


def _handed(script: Script, path: Path, at: int) -> int | str | Fate:
    """A value that is an argument: of something that joins promises, of a collection, or of anything."""
    callee = path[at - 2].child_by_field_name("function")
    if callee is None:
        return Fate.USED
    if awaits_call(script, path[at - 2]):
        return Fate.AWAITED
    if script.text(callee) in JOINS:
        return at - 2
    if callee.type == "member_expression":
        base, name = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if base is not None and base.type == "identifier" and name is not None and script.text(name) in _COLLECTS:
            return script.text(base)
    return Fate.USED


def _named(script: Script, path: Path, at: int, name: str, function: Path, depth: int) -> Fate:
    """The fate of what a variable holds: that of its best use."""
    if depth >= MAX_NAMES:
        return Fate.USED
    names = script.names(name)
    declaration = names.declaration_of(path[at].start_byte)
    if declaration is None or declaration.kind == "parameter" or declaration.start == 0:
        return Fate.USED
    fates = []
    for use in names.of(declaration):
        if use.writes or _only_looked_at(script, use.path) or _shallow(use.path, function):
            continue
        fates.append(fate(script, use.path, function, depth + 1))
    order = (Fate.AWAITED, Fate.RETURNED, Fate.USED)
    return next((f for f in order if f in fates), Fate.DROPPED)


def _shallow(path: Path, function: Path) -> bool:
    return len(path) <= len(function)


def _only_looked_at(script: Script, path: Path) -> bool:
    """A use that neither waits nor hands on: `list.push(…)`, `list.length`, `typeof x`."""
    parent = path[-2]
    if parent.type == "member_expression" and is_field(parent, "object", path[-1]):
        name = parent.child_by_field_name("property")
        text = script.text(name) if name is not None else ""
        return text in _LOOKED_AT or (text in _COLLECTS and path[-3].type == "call_expression")
    return parent.type == "unary_expression" and has_token(parent, "typeof")
