"""Calls whose effect on exported objects is known: the language's own, and the helpers that compilers write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.scopes import Path
from troubleshooter.analysis.javascript.syntax import Script, arguments, literal, unwrap
from troubleshooter.analysis.javascript.values import Sort, Value, member, unknown

if TYPE_CHECKING:
    from tree_sitter import Node

    from troubleshooter.analysis.javascript.expressions import Expressions

MAX_HELPER = 700
"""Bytes of a compiler's helper; a longer function is none."""
_GETTERS = re.compile(rb"get\s*:\s*(?:\(\)\s*=>\s*)?[\w$]+\[[\w$]+\]")
"""esbuild's helper that makes getters of `{ name: () => value }`."""
_MARKS = re.compile(rb"[\"']__esModule[\"']")
"""A helper that hands an exported object on, marked as an ES module."""


def known_call(evaluation: Expressions, path: Path) -> Value | None:
    """The value of a call that is understood, its effects applied; None for any other."""
    script = evaluation.script
    callee = unwrap(path[-1].child_by_field_name("function"))
    if callee is None:
        return None
    given = arguments(path[-1])
    name = script.text(callee) if callee.end_byte - callee.start_byte < 80 else ""
    if callee.type == "identifier" and name == "require" and "require" not in evaluation.env:
        specifier = literal(script, given[0]) if given else None
        return evaluation.imported(specifier, None, "require") if specifier is not None else unknown()
    if callee.type == "member_expression" and name.startswith("Object."):
        return _object_call(evaluation, path, name.removeprefix("Object."), given)
    last = name.rpartition(".")[2]
    if last == "__exportStar" and len(given) == 2:
        evaluation.copy(_argument(evaluation, path, given[0]), _argument(evaluation, path, given[1]))
        return unknown()
    if last in ("__importStar", "__toESM", "_interopRequireWildcard") and given:
        return _argument(evaluation, path, given[0])
    if callee.type == "identifier":
        return _helper(evaluation, path, name, given)
    return None


def _argument(evaluation: Expressions, path: Path, node: Node) -> Value:
    return evaluation.value((*path, node))


def _object_call(evaluation: Expressions, path: Path, name: str, given: list[Node]) -> Value | None:
    if not given:
        return None
    if name in ("freeze", "seal", "preventExtensions"):
        return _argument(evaluation, path, given[0])
    if name == "assign":
        target = _argument(evaluation, path, given[0])
        for source in given[1:]:
            evaluation.copy(_argument(evaluation, path, source), target)
        return target
    if name == "defineProperty" and len(given) == 3:
        target = _argument(evaluation, path, given[0])
        key = literal(evaluation.script, given[1])
        if key is None:
            target.open = True
        else:
            target.props[key] = _described(evaluation, (*path, given[2]))
        return target
    return None


def _described(evaluation: Expressions, path: Path) -> Value:
    """What a property descriptor describes."""
    if path[-1].type != "object":
        return unknown()
    described = evaluation.object(path)
    if "value" in described.props:
        return described.props["value"]
    getter = described.props.get("get")
    if getter is None or getter.path is None or getter.sort is not Sort.FUNCTION:
        return unknown()
    return evaluation.getter(getter.path)


def _helper(evaluation: Expressions, path: Path, name: str, given: list[Node]) -> Value | None:
    source = _definition(evaluation.script, name)
    if name == "__reExport" and len(given) >= 2:
        evaluation.copy(_argument(evaluation, path, given[1]), _argument(evaluation, path, given[0]))
        return unknown()
    if len(given) == 2 and given[1].type == "object" and (name == "__export" or _GETTERS.search(source)):
        target, made = _argument(evaluation, path, given[0]), evaluation.object((*path, given[1]))
        for field, value in made.props.items():
            getter = value.sort is Sort.FUNCTION and value.path is not None
            target.props[field] = evaluation.getter(value.path) if getter and value.path else unknown()
        target.open = target.open or made.open
        return unknown()
    if len(given) == 1 and (name == "__toCommonJS" or _MARKS.search(source)):
        handed = _argument(evaluation, path, given[0])
        return handed if handed.sort is Sort.OBJECT else None
    if name == "__createBinding" and len(given) >= 3:
        target, source_value = _argument(evaluation, path, given[0]), _argument(evaluation, path, given[1])
        key = literal(evaluation.script, given[2])
        outer = literal(evaluation.script, given[3]) if len(given) > 3 else key
        if key is not None and outer is not None:
            target.props[outer] = member(source_value, key)
            return unknown()
    return None


def _definition(script: Script, name: str) -> bytes:
    """Text of a small function declared under `name` in the file; empty where there is none."""
    for declaration in script.names(name).declarations:
        node = declaration.path[-2]
        if node.type in ("variable_declarator", "function_declaration") and declaration.start == 0:
            size = node.end_byte - node.start_byte
            return script.source[node.start_byte : node.end_byte] if size <= MAX_HELPER else b""
    return b""
