"""Work that a Node.js handler starts and does not wait for.

The runtime client answers as soon as the promise of an async handler settles, and the environment is frozen. A handler
that is not async and returns no promise is waited for until the event loop is empty, unless it turns that off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.fate import Fate, fate
from troubleshooter.analysis.javascript.functions import (
    Calls,
    Function,
    array_method,
    awaits_call,
    own_code,
    parameters,
)
from troubleshooter.analysis.javascript.promises import Promised, Promises, timer
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path
from troubleshooter.analysis.javascript.syntax import Script, Unparsed, arguments, has_token, unwrap
from troubleshooter.analysis.javascript.values import Sort, Value
from troubleshooter.analysis.node.exports import Answer
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.handler import HandlerSearch
from troubleshooter.analysis.node.location import handler_text
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import BackgroundWork, FloatingWork
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import RuntimeModel

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_FUNCTIONS = 400
MAX_FOUND = 100
BUNDLE = 256 << 10
"""Bytes from which a file is taken for a bundle, in which other people's functions are not told from one's own."""
_LOOPS = frozenset({"for_statement", "for_in_statement", "while_statement", "do_statement"})
_EMPTIES = "callbackWaitsForEmptyEventLoop"
_SENDS = frozenset({"https.get", "https.request", "http.get", "http.request"})
"""Functions that are known to call back only after the event loop has come round."""


@provides()
def node_background(runtime: RuntimeModel, code: CodeTree) -> BackgroundWork | Unavailable:
    """Floating promises, `forEach(async …)`, dropped `map(async …)` and timers in all functions that the handler calls."""
    handler = handler_text(runtime)
    search = HandlerSearch(NodeFiles(code.tree), runtime)
    location, answer = search.resolve(handler)
    if not isinstance(answer, Answer) or location.path is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, answer if isinstance(answer, str) and answer else location.detail)
    calls = Calls(search.exports)
    try:
        start = start_of(calls, answer.value)
        if start is None:
            why = f"the function behind {handler} is not read from {location.path}"
            return Unavailable(Reason.UNSUPPORTED, why)
        walk = Walk(calls)
        if not start.streams:
            walk.handler(start)
    except Unparsed as error:
        return Unavailable(Reason.UNSUPPORTED, f"{location.path} is not understood: {error}")
    return BackgroundWork(
        reading=reading_of(code),
        language="node",
        handler_path=start.function.script.path,
        floating=tuple(walk.floating[:MAX_FOUND]),
        awaited=tuple(walk.awaited[:MAX_FOUND]),
        handler_line=start.function.script.line(start.function.path[-1]),
    )


@dataclass(frozen=True)
class Start:
    """The handler's own function, and what is around it."""

    function: Function
    wrapped: bool = False
    streams: bool = False


def start_of(calls: Calls, value: Value) -> Start | None:
    """The function behind an exported value; None where the file does not show it."""
    if value.sort is Sort.FUNCTION:
        found = calls.function(value)
        return Start(found) if found is not None else None
    return _wrapped(calls, value) if value.sort is Sort.CALL and value.script and value.path else None


def _wrapped(calls: Calls, value: Value) -> Start | None:
    """`wrap(handler)`, `wrap(handler).use(…)`: the first function among the arguments."""
    script, path = value.script, value.path
    while script is not None and path is not None and path[-1].type == "call_expression":
        callee = path[-1].child_by_field_name("function")
        held = path[-1].child_by_field_name("arguments")
        streams = callee is not None and script.text(callee).endswith("streamifyResponse")
        for given in arguments(path[-1]):
            inner = unwrap(given)
            if inner is None or held is None:
                continue
            if inner.type == "identifier":
                found = calls.named(script, script.text(inner), inner.start_byte)
            else:
                found = (
                    Function(script, (*path, held, inner)) if inner.type.endswith(("_function", "expression")) else None
                )
                found = found if found is not None and found.body is not None else None
            if found is not None:
                return Start(found, wrapped=True, streams=streams)
        base = callee.child_by_field_name("object") if callee is not None else None
        path = (*path, callee, base) if callee is not None and base is not None else None
    return None


@dataclass
class Walk:
    """The handler's function and all that it calls in the project's own files."""

    calls: Calls
    floating: list[FloatingWork] = field(default_factory=list)
    awaited: list[FloatingWork] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.promises = Promises(self.calls)

    def handler(self, start: Start) -> None:
        """Looks through the functions in the order of calling. Nothing floats where the loop is waited for."""
        function = start.function
        if function.is_async:
            self.callback(function, not start.wrapped)
        if not function.is_async and self.promises.returned(function) is None:
            if not _leaves_loop(function):
                return
            start = Start(function, wrapped=True)
        todo: list[tuple[Function, bool]] = [(function, not start.wrapped)]
        seen: set[tuple[str, int]] = set()
        while todo and len(seen) < MAX_FUNCTIONS:
            function, certain = todo.pop(0)
            if function.key in seen:
                continue
            seen.add(function.key)
            todo += self.function(function, certain)

    def callback(self, function: Function, certain: bool) -> None:
        """An async handler that never waits and answers from a callback: it has answered before."""
        names = parameters(function)
        if len(names) < 3 or not names[2] or any(True for _ in _waits(function)):
            return
        script = function.script
        for path in own_code(function):
            if path[-1].type != "call_expression" or self.promises.made(script, path) is not None:
                continue
            held = path[-1].child_by_field_name("arguments")
            given = [g for g in arguments(path[-1]) if g.type in FUNCTIONS]
            if held is None or not given or not _mentions(script, given[-1], names[2]):
                continue
            if array_method(script, (*path, held, given[-1])) is not None:
                continue
            callee = path[-1].child_by_field_name("function")
            sends = callee is not None and script.text(callee) in _SENDS
            self.floating.append(_work(function, path, "callback in an async handler", certain and sends))

    def function(self, function: Function, certain: bool) -> Iterator[tuple[Function, bool]]:
        """Notes what floats in one function; gives the functions that it calls, and whether they are the last to wait."""
        script = function.script
        waits = list(_waits(function))
        for path in own_code(function):
            if path[-1].type not in ("call_expression", "new_expression"):
                continue
            last = certain and not _waited_after(path, waits)
            made = self.promises.made(script, path)
            target = made.target if made is not None else self.calls.target(script, path)
            if made is None:
                self.timer(function, path, last)
            else:
                ends = self.ends(script, path, made, function)
                if ends is Fate.DROPPED:
                    if made.slow and not _inside_dropped(path):
                        self.floating.append(_work(function, path, made.construct, last))
                    continue
                if ends in (Fate.AWAITED, Fate.RETURNED) and made.slow:
                    self.awaited.append(_work(function, path, made.construct, False))
            if target is not None:
                yield target, last and (target.script is not script or len(script.source) <= BUNDLE)

    def ends(self, script: Script, path: Path, made: Promised, function: Function) -> Fate:
        """`forEach` gives nothing back: whatever is done with that, its callbacks' promises are dropped."""
        found = fate(script, path, function.path)
        if made.construct.startswith("forEach("):
            return Fate.DROPPED if found is not Fate.AWAITED else Fate.USED
        if made.construct.startswith(("some(", "every(", "find(", "filter(", "sort(", "reduce(")):
            return Fate.USED
        return found

    def timer(self, function: Function, path: Path, last: bool) -> None:
        """A timer whose callback works, set and forgotten."""
        callback = timer(function.script, path)
        if callback is None or fate(function.script, path, function.path) is not Fate.DROPPED:
            return
        inner = Function(function.script, callback)
        works = inner.is_async and self.promises.slow(inner)
        for each in own_code(inner):
            if works or each[-1].type not in ("call_expression", "new_expression"):
                continue
            made = self.promises.made(function.script, each)
            works = made is not None and made.slow
        if works:
            name = function.script.text(path[-1].child_by_field_name("function") or path[-1])
            self.floating.append(_work(function, path, f"{name}(…)", last))


def _mentions(script: Script, node: Node, name: str) -> bool:
    return any(node.start_byte <= use.offset < node.end_byte for use in script.names(name).uses)


def _work(function: Function, path: Path, construct: str, certain: bool) -> FloatingWork:
    script = function.script
    return FloatingWork(
        construct=construct,
        path=script.path,
        line=script.line(path[-1]),
        text=script.line_text(path[-1]),
        function=function.name,
        certain=certain,
    )


def _inside_dropped(path: Path) -> bool:
    """A promise in the middle of a chain: the chain's end is what is noted."""
    return len(path) > 2 and path[-2].type == "member_expression" and path[-3].type == "call_expression"


def _waits(function: Function) -> Iterator[Path]:
    """Where a function waits for something."""
    for path in own_code(function):
        kind = path[-1].type
        awaits = kind in ("await_expression", "yield_expression") or awaits_call(function.script, path[-1])
        if awaits or (kind == "for_in_statement" and has_token(path[-1], "await")):
            yield path
        elif kind == "return_statement" and path[-1].named_children:
            value = unwrap(path[-1].named_children[0])
            if value is not None and value.type in ("call_expression", "identifier"):
                yield path


def _waited_after(path: Path, waits: list[Path]) -> bool:
    """Whether something is waited for once the expression at the end of `path` has run, or in the next round of its loop."""
    begin = next((n.start_byte for n in path if n.type in _LOOPS), path[-1].end_byte)
    around = {n.id for n in path}
    return any(w[-1].start_byte >= begin and w[-1].id not in around for w in waits)


def _leaves_loop(function: Function) -> bool:
    """Whether a callback-style handler tells the runtime client not to wait for the event loop."""
    node, script = function.path[-1], function.script
    text = script.source[node.start_byte : node.end_byte]
    return len(parameters(function)) > 1 and _EMPTIES.encode() in text
