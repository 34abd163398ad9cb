"""What a Python module's top level binds when it is imported, and which of its branches are taken on Lambda.

Read from the syntax tree alone, in the order of execution. Where that does not decide, the answer is `MAYBE`.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

STATIC = {"os.name": "posix", "sys.platform": "linux", "platform.system()": "Linux", "__name__": ""}
"""Expressions whose value is known inside a Lambda function. A module that is imported is never `__main__`."""

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Bound(Enum):
    """Whether a name is bound after the module was imported."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


Version = tuple[int, ...]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def truth(test: ast.expr, version: Version = ()) -> bool | None:
    """Whether a condition holds inside the function; None where that is not known before it runs."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = truth(test.operand, version)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        return _joined([truth(each, version) for each in test.values], isinstance(test.op, ast.And))
    if isinstance(test, (ast.Name, ast.Attribute)) and dotted(test).split(".")[-1] == "TYPE_CHECKING":
        return False
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test.left, test.ops[0], test.comparators[0], version)
    if isinstance(test, ast.Call) and dotted(test.func) == "sys.platform.startswith" and len(test.args) == 1:
        argument = test.args[0]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return "linux".startswith(argument.value)
    return None


def _joined(values: list[bool | None], conjunction: bool) -> bool | None:
    if (not conjunction) in values:
        return not conjunction
    return None if None in values else conjunction


def _compared(left: ast.expr, op: ast.cmpop, right: ast.expr, version: Version) -> bool | None:
    name = dotted(left.func) + "()" if isinstance(left, ast.Call) and not left.args else dotted(left)
    if isinstance(left, ast.Subscript) and dotted(left.value) == "sys.version_info":
        return _version_item(left, op, right, version)
    if name == "sys.version_info" and version and type(op) in _COMPARE:
        wanted = _constants(right)
        if wanted is None or not all(isinstance(each, int) for each in wanted):
            return None
        if len(wanted) > len(version) and tuple(wanted[: len(version)]) == version:
            return None
        # A bare (3, 12) is less than any real (3, 12, x, …): the release itself counts as later than its own prefix.
        known = (*version, 0) if len(wanted) <= len(version) else version
        return _COMPARE[type(op)](known, tuple(wanted))
    if name in STATIC and type(op) in (ast.Eq, ast.NotEq) and isinstance(right, ast.Constant):
        if name == "__name__" and right.value != "__main__":
            return None
        return _COMPARE[type(op)](STATIC[name], right.value)
    if name in STATIC and isinstance(op, (ast.In, ast.NotIn)):
        members = _constants(right)
        return None if members is None or name == "__name__" else (STATIC[name] in members) is isinstance(op, ast.In)
    return None


def _version_item(left: ast.Subscript, op: ast.cmpop, right: ast.expr, version: Version) -> bool | None:
    """`sys.version_info[0] >= 3`, `sys.version_info[:2] < (3, 11)`."""
    if not version or type(op) not in _COMPARE:
        return None
    if isinstance(left.slice, ast.Constant) and isinstance(right, ast.Constant) and isinstance(right.value, int):
        index = left.slice.value
        if isinstance(index, int) and 0 <= index < len(version):
            return _COMPARE[type(op)](version[index], right.value)
    if isinstance(left.slice, ast.Slice) and left.slice.lower is None and isinstance(left.slice.upper, ast.Constant):
        wanted, upper = _constants(right), left.slice.upper.value
        if wanted and isinstance(upper, int) and 0 < upper <= len(version) and all(isinstance(w, int) for w in wanted):
            return _COMPARE[type(op)](version[:upper], tuple(wanted))
    return None


def _constants(node: ast.expr) -> list[Any] | None:
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)) and all(isinstance(e, ast.Constant) for e in node.elts):
        return [e.value for e in node.elts if isinstance(e, ast.Constant)]
    return None


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a chain of attributes on a name; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def bound_names(node: ast.AST) -> Iterator[str]:
    """Names that a target, an import or a definition binds."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Starred):
        yield from bound_names(node.value)
    elif isinstance(node, (ast.Tuple, ast.List)):
        for each in node.elts:
            yield from bound_names(each)
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name


def walk_scope(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` that run in its own scope: bodies of nested functions, lambdas and classes left out."""
    todo = list(ast.iter_child_nodes(node))
    while todo:
        each = todo.pop(0)
        yield each
        if not isinstance(each, Scope):
            todo[:0] = ast.iter_child_nodes(each)


@dataclass(slots=True)
class Traits:
    """What is asked of a module's whole syntax tree again and again, from one pass over it."""

    dynamic: bool = False
    """It can bind names in ways that its syntax does not show."""
    declared: set[str] = field(default_factory=set)
    """Names that some function declares global."""
    named: set[str] = field(default_factory=set)
    """Names bound by `:=` anywhere."""
    importing: set[int] = field(default_factory=set)
    """Identities of the nodes with an import in them, as a statement or by call."""
    known: dict[tuple[str, Version], Bound] = field(default_factory=dict)


def traits(module: ast.Module) -> Traits:
    """The module's traits, worked out once."""
    found: Traits | None = getattr(module, "own_traits", None)
    if found is None:
        found = _survey(module)
        # Kept with the tree, and gone with it.
        module.own_traits = found  # type: ignore[attr-defined]
    return found


def _survey(module: ast.Module) -> Traits:
    found = Traits()
    nodes: list[ast.AST] = [module]
    above = [-1]
    inner = [False]
    for index, node in enumerate(nodes):
        # The list grows while it is walked.
        _note(node, inner[index], found)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (
            isinstance(node, ast.Call) and dotted(node.func) in IMPORTING_CALLS
        ):
            here = index
            while here >= 0 and id(nodes[here]) not in found.importing:
                found.importing.add(id(nodes[here]))
                here = above[here]
        scoped = inner[index] or isinstance(node, Scope)
        for name in node._fields:
            value = getattr(node, name, None)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST) and not isinstance(child, (ast.expr_context, ast.operator, ast.Constant)):
                    nodes.append(child)
                    above.append(index)
                    inner.append(scoped)
    return found


IMPORTING_CALLS = frozenset({"importlib.import_module", "import_module", "__import__"})
_DYNAMIC = frozenset({"exec", "eval", "globals", "vars", "locals", "setattr"})
_DYNAMIC_ANYWHERE = frozenset({"globals", "exec"})
"""A function that is called while the module loads may bind names of the module by these."""


def _note(node: ast.AST, inner: bool, found: Traits) -> None:
    if isinstance(node, ast.Global):
        found.declared.update(node.names)
    elif isinstance(node, ast.NamedExpr):
        found.named.add(node.target.id)
    elif isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        found.dynamic = found.dynamic or name in (_DYNAMIC_ANYWHERE if inner else _DYNAMIC)
    elif inner:
        return
    elif isinstance(node, ast.FunctionDef):
        found.dynamic = found.dynamic or node.name == "__getattr__"
    elif isinstance(node, ast.Attribute):
        found.dynamic = found.dynamic or (node.attr == "modules" and dotted(node) == "sys.modules")
    elif isinstance(node, ast.Name):
        found.dynamic = found.dynamic or (node.id == "__getattr__" and isinstance(node.ctx, ast.Store))
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        names = {name for alias in node.names for name in bound_names(alias)}
        found.dynamic = found.dynamic or "__getattr__" in names


def binds(module: ast.Module, name: str, version: Version = ()) -> Bound:
    """Whether importing the module leaves `name` bound in it."""
    own = traits(module)
    if (name, version) not in own.known:
        found = _block(module.body, name, version, Bound.NO)
        if name in own.named and found is Bound.NO:
            # `:=` may be skipped by a short circuit, or stand in a scope of its own.
            found = Bound.MAYBE
        if found is Bound.NO and (own.dynamic or name in own.declared):
            found = Bound.MAYBE
        own.known[name, version] = found
    return own.known[name, version]


def _block(body: list[ast.stmt], name: str, version: Version, state: Bound) -> Bound:
    for statement in body:
        state = _statement(statement, name, version, state)
    return state


def _either(first: Bound, second: Bound) -> Bound:
    return first if first is second else Bound.MAYBE


def _statement(node: ast.stmt, name: str, version: Version, state: Bound) -> Bound:
    if isinstance(node, ast.If):
        return _condition(node, name, version, state)
    if isinstance(node, (ast.Try, ast.TryStar)):
        return _try(node, name, version, state)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        inner = _block(node.body, name, version, state)
        if isinstance(node, (ast.For, ast.AsyncFor)) and name in bound_names(node.target):
            inner = Bound.YES
        return _block(node.orelse, name, version, _either(state, inner))
    if isinstance(node, (ast.With, ast.AsyncWith)):
        targets = [t for item in node.items if item.optional_vars for t in bound_names(item.optional_vars)]
        return _block(node.body, name, version, Bound.YES if name in targets else state)
    if isinstance(node, ast.Match):
        return _match(node, name, version, state)
    return _simple(node, name, state)


def chain(node: ast.If) -> list[ast.If]:
    """An `if` with its `elif`s, which the syntax tree nests as deeply as there are any."""
    links = [node]
    while len(links[-1].orelse) == 1 and isinstance(links[-1].orelse[0], ast.If):
        links.append(links[-1].orelse[0])
    return links


def _condition(node: ast.If, name: str, version: Version, state: Bound) -> Bound:
    links = chain(node)
    result = _block(links[-1].orelse, name, version, state)
    for link in reversed(links):
        taken = truth(link.test, version)
        inside = result if taken is False else _block(link.body, name, version, state)
        result = inside if taken is not None else _either(inside, result)
    return result


def _try(node: ast.Try | ast.TryStar, name: str, version: Version, state: Bound) -> Bound:
    whole = _block(node.orelse, name, version, _block(node.body, name, version, state))
    # Where the body stops is not known: what it binds may or may not be bound in a handler.
    partly = _either(state, _block(node.body, name, version, state))
    for handler in node.handlers:
        if leaves(handler.body):
            continue
        after = _block(handler.body, name, version, Bound.YES if handler.name == name else partly)
        whole = _either(whole, Bound.NO if handler.name == name else after)
    return _block(node.finalbody, name, version, whole)


def leaves(body: list[ast.stmt]) -> bool:
    """Whether a block certainly does not run to its end: it raises or exits."""
    return any(isinstance(each, ast.Raise) or _exits(each) for each in body)


def _exits(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and dotted(node.value.func) in ("sys.exit", "exit", "quit", "os._exit")
    )


def _match(node: ast.Match, name: str, version: Version, state: Bound) -> Bound:
    result: Bound | None = None
    for case in node.cases:
        captured = any(
            name in (getattr(each, "name", None), getattr(each, "rest", None)) for each in ast.walk(case.pattern)
        )
        after = _block(case.body, name, version, Bound.YES if captured else state)
        result = after if result is None else _either(result, after)
    last = node.cases[-1]
    whole = last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
    return result if whole and result is not None else _either(state, result or state)


def _simple(node: ast.stmt, name: str, state: Bound) -> Bound:
    if isinstance(node, ast.Delete):
        return Bound.NO if any(name in bound_names(target) for target in node.targets) else state
    if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
        return state if state is Bound.YES else Bound.MAYBE
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value is not None):
        targets = [node.target]
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        targets = list(node.names)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        targets = [node]
    elif type(node).__name__ == "TypeAlias":
        targets = [node.name]  # type: ignore[attr-defined]
    if any(name in bound_names(target) for target in targets):
        return Bound.YES
    return state


def find_function(body: list[ast.stmt], name: str) -> FunctionNode | None:
    """The last definition of a function of that name in a block, also inside its branches."""
    found: FunctionNode | None = None
    todo = list(body)
    while todo:
        node = todo.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found = node if node.name == name else found
        elif not isinstance(node, ast.ClassDef):
            todo[:0] = [each for each in ast.iter_child_nodes(node) if isinstance(each, (ast.stmt, ast.excepthandler))]  # type: ignore[misc]
    return found
