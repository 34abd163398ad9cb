"""What a Node.js function certainly does when it is loaded or called, and how its handler is written.

Certain is only what no branch, loop, early return or caught error stands before, in the handler's own file.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.functions import Calls, Function, parameters
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path
from troubleshooter.analysis.javascript.syntax import Script, Unparsed, arguments, has_token, literal, unwrap
from troubleshooter.analysis.javascript.values import Sort, Value
from troubleshooter.analysis.node.background import start_of
from troubleshooter.analysis.node.exports import Answer
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.handler import HandlerSearch
from troubleshooter.analysis.node.location import handler_text
from troubleshooter.analysis.node.replaced import is_replaced
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.analysis.read_only import read_only
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import CertainEffects, Effect, NodeHandlerShape
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import RuntimeModel

if TYPE_CHECKING:
    from tree_sitter import Node

_BRANCHES = frozenset(
    {"if_statement", "for_statement", "for_in_statement", "while_statement", "do_statement", "switch_statement"}
)
_LEAVES = frozenset({"return_statement", "throw_statement", "break_statement", "continue_statement"})
_WRITES = frozenset({"writeFileSync", "appendFileSync", "mkdirSync", "writeFile", "appendFile", "mkdir"})
_FS = frozenset({"fs", "node:fs", "fs/promises", "node:fs/promises"})
_PLAIN = ("awsRequestId", "functionName", "functionVersion", "log", "identity", "clientContext", "getRemaining")
_ONLY_WRITES = frozenset({"write", "setContentType", "cork", "uncork", "on", "once"})


@provides(rank=1)
def node_effects(runtime: RuntimeModel, code: CodeTree) -> CertainEffects | Unavailable:
    """What the handler's file does at its top level, and the handler when it is called."""
    found = _handler(runtime, code)
    if isinstance(found, Unavailable):
        return found
    calls, value, script = found
    try:
        walk = _Walk(calls, code)
        walk.block(script, (script.root,), "import", False)
        start = start_of(calls, value)
        body = start.function.body if start is not None else None
        if start is not None and body is not None and (not start.wrapped or start.streams):
            walk.function(start.function, body)
    except (Unparsed, RecursionError) as error:
        return Unavailable(Reason.UNSUPPORTED, f"the handler's file is not understood: {error}")
    return CertainEffects(reading=reading_of(code), language="node", effects=tuple(walk.found))


@provides()
def node_handler_shape(runtime: RuntimeModel, code: CodeTree) -> NodeHandlerShape | Unavailable:
    """The handler's own function, where it is read from the file."""
    found = _handler(runtime, code)
    if isinstance(found, Unavailable):
        return found
    calls, value, _ = found
    try:
        start = start_of(calls, value)
        if start is None:
            return Unavailable(Reason.UNSUPPORTED, f"what {runtime.handler} is shows only when it runs")
        function = start.function
        script, node = function.script, function.path[-1]
        names = tuple(parameters(function))
        return NodeHandlerShape(
            reading=reading_of(code),
            path=script.path,
            line=script.line(node),
            text=script.line_text(node),
            parameters=names,
            is_async=function.is_async,
            wrapped=start.wrapped,
            streams=start.streams,
            calls_back=_called(function, names[2]) if len(names) > 2 else 0,
            returns=_returns(function),
            stream_left_open=start.streams and len(names) > 1 and _left_open(function, names[1]),
        )
    except (Unparsed, RecursionError) as error:
        return Unavailable(Reason.UNSUPPORTED, f"the handler's file is not understood: {error}")


def _handler(runtime: RuntimeModel, code: CodeTree) -> tuple[Calls, Value, Script] | Unavailable:
    """What is exported as the handler, and the file that it is exported from."""
    handler = handler_text(runtime)
    search = HandlerSearch(NodeFiles(code.tree), runtime)
    location, answer = search.resolve(handler)
    if not isinstance(answer, Answer) or location.path is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler is not found in the code")
    try:
        return Calls(search.exports), answer.value, search.files.script(location.path)
    except Unparsed as error:
        return Unavailable(Reason.UNSUPPORTED, f"{location.path} is not understood: {error}")


@dataclass(slots=True)
class _Walk:
    """The certain way through one file's top level and one function."""

    calls: Calls
    code: CodeTree
    answered: bool = False
    """The handler may answer in another way than by what it returns."""
    found: list[Effect] = field(default_factory=list)

    def function(self, function: Function, body: Path) -> None:
        self.answered = _may_answer(function, body[-1])
        if body[-1].type == "statement_block":
            self.block(function.script, body, "handler", False)
        else:
            self.expression(function.script, body, "handler", False)

    def block(self, script: Script, path: Path, when: str, caught: bool) -> bool:
        """Statements in turn. False where what comes after them is not certain to be reached."""
        return all(self._statement(script, (*path, node), when, caught) for node in path[-1].named_children)

    def _statement(self, script: Script, path: Path, when: str, caught: bool) -> bool:
        node = path[-1]
        if node.type == "statement_block":
            return self.block(script, path, when, caught)
        if node.type == "try_statement":
            return self._try(script, path, when, caught)
        if node.type in _BRANCHES:
            return not _may_leave(script, node)
        if node.type in ("expression_statement", "variable_declaration", "lexical_declaration") or node.type in _LEAVES:
            going_on = self.expression(script, path, when, caught)
            return going_on and node.type not in _LEAVES
        return True

    def _try(self, script: Script, path: Path, when: str, caught: bool) -> bool:
        node = path[-1]
        body, handler = node.child_by_field_name("body"), node.child_by_field_name("handler")
        done = body is None or self.block(script, (*path, body), when, caught or handler is not None)
        return done and (handler is None or not _may_leave(script, handler))

    def expression(self, script: Script, path: Path, when: str, caught: bool) -> bool:
        """Calls that are certainly made. False where one does not come back."""
        for inner in _evaluated(path):
            node = inner[-1]
            if node.type == "call_expression":
                callee = node.child_by_field_name("function")
                if callee is not None and script.text(callee) == "process.exit" and _free(script, callee):
                    self._note("exit", "process.exit", script, node, when)
                    return False
                written = "" if caught else self._written(script, inner)
                if written and read_only(self.code, written):
                    self._note("write", written, script, node, when)
            if node.type == "new_expression" and _never_settles(script, node) and _waited_for(script, inner):
                if not self.answered:
                    self._note("wait", "new Promise", script, node, when)
                return False
        return True

    def _written(self, script: Script, path: Path) -> str:
        """The path that a call of Node's own fs certainly writes to; empty where that is not certain."""
        node = path[-1]
        callee, given = node.child_by_field_name("function"), arguments(node)
        if callee is None or not given:
            return ""
        name = callee.child_by_field_name("property") if callee.type == "member_expression" else callee
        word = script.text(name) if name is not None else ""
        if word not in _WRITES or not self._of_fs(script, callee):
            return ""
        if not word.endswith("Sync") and path[-2].type != "await_expression":
            return ""
        if word.startswith("mkdir") and len(given) > 1 and self.code.tree.exists(self._path(script, given[0]) or "/"):
            return ""
        return self._path(script, given[0])

    def _of_fs(self, script: Script, callee: Node) -> bool:
        base = callee
        while base.type == "member_expression":
            inner = base.child_by_field_name("object")
            if inner is None:
                return False
            base = inner
        value = self.calls.value(script, base)
        while value.sort is Sort.MEMBER and value.base is not None:
            value = value.base
        return value.sort is Sort.IMPORTED and value.specifier in _FS

    def _path(self, script: Script, node: Node) -> str:
        text = self._text(script, node)
        return posixpath.normpath(text) if text.startswith("/") else ""

    def _text(self, script: Script, node: Node | None, depth: int = 0) -> str:
        node = unwrap(node)
        if node is None or depth > 4:
            return ""
        known = literal(script, node)
        if known is not None:
            return known
        if node.type == "identifier":
            return self._constant(script, node, depth)
        callee = node.child_by_field_name("function") if node.type == "call_expression" else None
        if callee is not None and script.text(callee) in ("path.join", "path.resolve", "join", "resolve"):
            parts = [self._text(script, each, depth + 1) for each in arguments(node)]
            # Unlike Python's, `path.join` does not start again at a part that is absolute.
            return posixpath.join(parts[0], *(p.lstrip("/") for p in parts[1:])) if parts and all(parts) else ""
        return ""

    def _constant(self, script: Script, node: Node, depth: int) -> str:
        name = script.text(node)
        if name == "__dirname":
            return posixpath.dirname(script.path) if _free(script, node) else ""
        declaration = script.names(name).declaration_of(node.start_byte)
        if declaration is None or declaration.kind != "const" or len(declaration.path) < 2:
            return ""
        return self._text(script, declaration.path[-2].child_by_field_name("value"), depth + 1)

    def _note(self, kind: str, what: str, script: Script, node: Node, when: str) -> None:
        if (kind == "exit" and is_replaced(self.code, ("exit",))) or (
            kind == "write" and is_replaced(self.code, _WRITES)
        ):
            return
        self.found.append(Effect(kind, what, script.path, script.line(node), script.line_text(node), when))


# ---------------------------------------------------------------- syntax


def _evaluated(path: Path) -> Iterator[Path]:
    """Every node that is certainly evaluated with the last one, inner ones first; functions are only made, not run."""
    node = path[-1]
    if node.type in FUNCTIONS or node.type in ("class", "class_declaration"):
        return
    children = node.named_children
    lazy = node.type == "binary_expression" and any(has_token(node, sign) for sign in ("&&", "||", "??"))
    if lazy or node.type == "ternary_expression" or any(c.type == "optional_chain" for c in node.children):
        children = children[:1]
    for child in children:
        yield from _evaluated((*path, child))
    yield path


def _may_leave(script: Script, node: Node) -> bool:
    """Whether something in a branch may leave the way: a return, an error, or an end of the process."""
    todo = [node]
    while todo:
        each = todo.pop()
        if each.type in FUNCTIONS:
            continue
        if each.type in _LEAVES or script.text(each) == "process.exit":
            return True
        todo.extend(each.named_children)
    return False


def _free(script: Script, node: Node) -> bool:
    """Whether the first name of an expression is none of the file's own."""
    name = script.text(node).partition(".")[0]
    return script.names(name).declaration_of(node.start_byte) is None


def _mentions(script: Script, node: Node, name: str) -> bool:
    return any(node.start_byte <= offset < node.end_byte for offset in script.find(name))


def _never_settles(script: Script, node: Node) -> bool:
    """`new Promise(f)` with a function that has no way to settle it."""
    made, given = node.child_by_field_name("constructor"), arguments(node)
    if made is None or script.text(made) != "Promise" or not _free(script, made) or len(given) != 1:
        return False
    if given[0].type not in FUNCTIONS:
        return False
    body = given[0].child_by_field_name("body")
    names = parameters(Function(script, (script.root, given[0])))
    if body is None or "" in names or _mentions(script, body, "arguments") or _mentions(script, body, "throw"):
        return False
    return body.type == "statement_block" and not any(_mentions(script, body, name) for name in names)


def _may_answer(function: Function, body: Node) -> bool:
    """Whether a handler uses its callback, a stream, or the old methods of its context, or may by way of `arguments`."""
    script, names = function.script, parameters(function)
    if "" in names or _mentions(script, body, "arguments"):
        return True
    if any(_mentions(script, body, name) for name in names[2:]):
        return True
    return len(names) > 1 and _handed_on(script, body, names[1])


def _handed_on(script: Script, body: Node, name: str) -> bool:
    """Whether a context (or stream) is used for more than its plain values."""
    for offset in script.find(name):
        if body.start_byte <= offset < body.end_byte:
            held = script.trail(offset)[-2]
            member = held.child_by_field_name("property") if held.type == "member_expression" else None
            word = script.text(member) if member is not None else ""
            if not (
                word.startswith(_PLAIN)
                or word in ("invokedFunctionArn", "memoryLimitInMB", "callbackWaitsForEmptyEventLoop")
            ):
                return True
    return False


def _waited_for(script: Script, path: Path) -> bool:
    """Whether the promise at the end of `path` is awaited or returned where it is made."""
    at = len(path) - 2
    while at > 0 and path[at].type == "parenthesized_expression":
        at -= 1
    return path[at].type in ("await_expression", "return_statement")


def _called(function: Function, name: str) -> int:
    """Line where a parameter is called in the function; 0 where it is not."""
    script, node = function.script, function.path[-1]
    for offset in script.find(name, "(") if name else ():
        if node.start_byte <= offset < node.end_byte:
            trail = script.trail(offset)
            own = script.names(name).declaration_of(offset)
            if trail[-2].type == "call_expression" and own is not None and own.start == node.start_byte:
                return script.line(trail[-1])
    return 0


def _returns(function: Function) -> bool:
    """Whether a return statement of the function's own has a value, or its body is an expression."""
    body = function.path[-1].child_by_field_name("body")
    if body is None or body.type != "statement_block":
        return True
    todo = list(body.named_children)
    while todo:
        node = todo.pop()
        if node.type in FUNCTIONS:
            continue
        if node.type == "return_statement" and node.named_children:
            return True
        todo.extend(node.named_children)
    return False


def _left_open(function: Function, name: str) -> bool:
    """Whether the stream is used, and only in ways that neither end it nor hand it on."""
    script, node = function.script, function.path[-1]
    body = node.child_by_field_name("body")
    if not name or body is None:
        return False
    uses = [offset for offset in script.find(name) if body.start_byte <= offset < body.end_byte]
    for offset in uses:
        trail = script.trail(offset)
        held = trail[-2]
        method = held.child_by_field_name("property") if held.type == "member_expression" else None
        called = len(trail) > 2 and trail[-3].type == "call_expression"
        if method is None or not called or script.text(method) not in _ONLY_WRITES:
            return False
        if trail[-1].start_byte != held.start_byte:
            return False
    return bool(uses)
