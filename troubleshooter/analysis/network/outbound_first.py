"""The first thing outside that a Python handler is certain to ask, whatever its event. Pure.

A client that stands in a file need not be called. Here the handler's own statements are followed in order, as long as none of
them branches, loops, or calls what may take its time elsewhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from troubleshooter.analysis.python.scope import dotted

_QUIET = re.compile(
    r"(?:print|logg(?:er|ing)|log|len|str|int|float|bool|dict|list|set|tuple|repr|sorted|min|max|sum|json|re|uuid|base64|math"
    r"|datetime|timedelta|hashlib|[dD]ecimal|event|context|os\.environ|os\.getenv|os\.path|time\.time|time\.monotonic)(?:\.|$)"
)
"""First words of calls that wait for nothing."""
_MAKES = frozenset(("Table", "Bucket", "Object", "Queue", "Topic"))
_UNSENT = _MAKES | {
    "generate_presigned_url",
    "generate_presigned_post",
    "get_paginator",
    "get_waiter",
    "can_paginate",
    "close",
}
"""Methods of clients that send nothing."""
_FETCHES = frozenset(("requests", "httpx", "urllib.request", "urllib3", "urlopen"))
_WRAPPERS = frozenset(("logger", "tracer", "metrics"))
"""Decorators that call nobody before the handler."""

Host = Callable[[ast.Call], str | None]


def first_call(module: ast.Module, handler: str, client: Host, address: Host) -> ast.Call | None:
    """The call of the client, or of the address, that the handler begins with; None where that is not certain."""
    found = [n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == handler]
    if len(found) != 1 or any(_word(d) not in _WRAPPERS for d in found[0].decorator_list):
        return None
    clients = _clients(module, module.body, client)
    for statement in _straight(found[0].body):
        if statement is None:
            return None
        for call in _in_order(statement):
            if _goes_out(call, clients, client, address):
                return call
            if not _is_quiet(call, clients, client):
                return None
        clients |= _clients(module, [statement], client, clients)
    return None


def _word(node: ast.AST) -> str:
    inner = node.func if isinstance(node, ast.Call) else node
    return dotted(inner).partition(".")[0]


def _clients(
    module: ast.Module, statements: list[ast.stmt], client: Host, known: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Names that are bound once in the module, to a client or to what one makes without asking."""
    stores = [n.id for n in ast.walk(module) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    found = known
    for statement in statements:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target, value = statement.targets[0], statement.value
        if isinstance(target, ast.Name) and isinstance(value, ast.Call) and stores.count(target.id) == 1:
            made = isinstance(value.func, ast.Attribute) and value.func.attr in _MAKES
            if client(value) or (made and _of_client(value, found, client)):
                found |= {target.id}
    return found


def _straight(body: list[ast.stmt]) -> Iterator[ast.stmt | None]:
    """The statements that are executed one after the other; None where that ends."""
    for statement in body:
        if isinstance(statement, ast.Try):
            yield from _straight(statement.body)
            yield None
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.Return):
            yield statement
        elif not isinstance(statement, ast.Pass | ast.Import | ast.Global):
            yield None


def _in_order(node: ast.AST) -> Iterator[ast.Call]:
    """Calls in the order of evaluation; what may not be evaluated is passed on as a call that is not known."""
    if isinstance(node, ast.Lambda):
        return
    open_ended = isinstance(node, ast.IfExp | ast.BoolOp | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
    for child in _certain(node) if open_ended else ast.iter_child_nodes(node):
        yield from _in_order(child)
    if isinstance(node, ast.Call):
        yield node
    elif open_ended:
        yield ast.Call(func=ast.Constant(None), args=[], keywords=[])


def _certain(node: ast.AST) -> Iterator[ast.AST]:
    """The part that is evaluated in any case."""
    if isinstance(node, ast.IfExp):
        yield node.test
    elif isinstance(node, ast.BoolOp):
        yield node.values[0]
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        yield node.generators[0].iter


def _of_client(call: ast.Call, clients: frozenset[str], client: Host) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    of = call.func.value
    return (isinstance(of, ast.Name) and of.id in clients) or (isinstance(of, ast.Call) and client(of) is not None)


def _goes_out(call: ast.Call, clients: frozenset[str], client: Host, address: Host) -> bool:
    if _of_client(call, clients, client) and isinstance(call.func, ast.Attribute):
        return call.func.attr not in _UNSENT
    name = dotted(call.func)
    fetches = name in _FETCHES or name.rpartition(".")[0] in _FETCHES
    return fetches and address(call) is not None


def _is_quiet(call: ast.Call, clients: frozenset[str], client: Host) -> bool:
    if client(call) is not None or _of_client(call, clients, client):
        return True
    func = call.func
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Constant | ast.JoinedStr):
        return True
    return _QUIET.match(dotted(func)) is not None
