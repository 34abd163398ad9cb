"""Mentions of an exported object that following a module's statements did not reach.

They are in functions, branches and loops, so what they do is not known to happen: each may add to the object, or makes
it unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.scopes import Path, is_field
from troubleshooter.analysis.javascript.syntax import has_token
from troubleshooter.analysis.javascript.values import Value, unknown

if TYPE_CHECKING:
    from tree_sitter import Node

    from troubleshooter.analysis.javascript.exports import Evaluation

_HARMLESS_MODULE = frozenset({"id", "children", "parent", "paths", "filename", "loaded", "hot", "require", "path"})


def account(evaluation: Evaluation) -> None:
    """Lets every mention of the exported object that was not followed have its effect."""
    for use in list(evaluation.script.names("module").free()):
        if use.offset not in evaluation.followed:
            _loose_module(evaluation, use.path)
    for name in sorted(evaluation.result.names | evaluation.initial.names):
        if evaluation.env.get(name, evaluation.exports) is not evaluation.result:
            continue
        names = evaluation.script.names(name)
        own = next((d for d in names.declarations if d.start == 0), None)
        for use in names.free() if own is None else names.of(own):
            if use.offset not in evaluation.followed:
                _loose(evaluation, use.path, evaluation.result)


def _loose_module(evaluation: Evaluation, path: Path) -> None:
    parent = path[-2]
    if parent.type == "member_expression" and is_field(parent, "object", path[-1]):
        key = evaluation.accessed(parent)
        if key == "exports":
            if _is_target(path[:-1]):
                evaluation.result = unknown()
            else:
                _loose(evaluation, path[:-1], evaluation.result)
            return
        if key in _HARMLESS_MODULE:
            return
    if not _is_compared(parent):
        evaluation.result = unknown()


def _loose(evaluation: Evaluation, path: Path, value: Value) -> None:
    """The node at the end of `path` stands for `value` somewhere that was not followed."""
    parent = path[-2]
    if parent.type in ("member_expression", "subscript_expression") and is_field(parent, "object", path[-1]):
        key = evaluation.accessed(parent)
        if _is_target(path[:-1]):
            if key is None:
                value.open = True
            else:
                value.props[key] = unknown()
        return
    if not _is_compared(parent):
        value.open = True


def _is_target(path: Path) -> bool:
    node, parent = path[-1], path[-2]
    if parent.type in ("assignment_expression", "augmented_assignment_expression"):
        return is_field(parent, "left", node)
    return parent.type == "update_expression" or (parent.type == "unary_expression" and has_token(parent, "delete"))


def _is_compared(node: Node) -> bool:
    """Whether an expression only looks at its operands: `typeof`, `===` and the like."""
    if node.type == "unary_expression":
        return True
    signs = ("===", "!==", "==", "!=", "instanceof", "in")
    return node.type == "binary_expression" and any(has_token(node, sign) for sign in signs)
