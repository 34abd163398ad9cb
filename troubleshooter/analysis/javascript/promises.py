"""Which expressions make promises, and whether what they stand for takes longer than the code that makes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.fate import JOINS
from troubleshooter.analysis.javascript.functions import EACH, Calls, Function, awaits_call, own_code
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path
from troubleshooter.analysis.javascript.syntax import Script, arguments, has_token, unwrap
from troubleshooter.analysis.javascript.values import Sort

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 12
"""Functions inside functions that are looked into."""
REQUESTS = frozenset({"axios", "got", "node-fetch", "undici", "ky", "cross-fetch", "needle", "phin"})
"""Packages whose functions send requests and return promises."""
PROMISED = frozenset({"fs/promises", "node:fs/promises", "timers/promises", "node:timers/promises", "dns/promises"})
_LATER = re.compile(
    rb"\b(?:setTimeout|setImmediate|setInterval|request|createReadStream|exec|spawn|pipe|connect|query|fetch)\s*\("
    rb"|\.\s*(?:on|once|end|write|get|post|send|connect)\s*\("
)
"""Inside `new Promise(…)`: what settles only when the event loop comes round."""


@dataclass(frozen=True)
class Promised:
    """One expression that makes a promise."""

    construct: str
    slow: bool
    """It needs the event loop: a request, a timer, an await of something outside."""
    target: Function | None = None
    joins: bool = False
    """It waits for promises that are made inside it."""


class Promises:
    """Answers about calls in one project."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self._slow: dict[tuple[str, int], bool] = {}
        self._open: set[tuple[str, int]] = set()

    def made(self, script: Script, path: Path, depth: int = 0) -> Promised | None:
        """What the call or `new` at the end of `path` promises; None where it makes no promise as far as is known."""
        node = path[-1]
        if node.type == "new_expression":
            maker = node.child_by_field_name("constructor")
            if maker is None or script.text(maker) != "Promise":
                return None
            slow = _LATER.search(script.source, node.start_byte, node.end_byte) is not None
            return Promised("new Promise(…)", slow)
        callee = unwrap(node.child_by_field_name("function"))
        if callee is None or depth > MAX_DEPTH:
            return None
        target = self.calls.target(script, path)
        if target is not None:
            return self._own(target, depth)
        if callee.type == "identifier":
            return self._named(script, callee)
        if callee.type == "member_expression":
            return self._method(script, path, callee, depth)
        return None

    def _own(self, target: Function, depth: int) -> Promised | None:
        if target.is_async:
            return Promised("floating promise", self.slow(target, depth + 1), target)
        returned = self.returned(target, depth + 1)
        return Promised("floating promise", returned.slow, target) if returned is not None else None

    def returned(self, target: Function, depth: int = 0) -> Promised | None:
        """The promise that a plain function returns."""
        if depth > MAX_DEPTH or target.body is None:
            return None
        body = target.body[-1]
        if body.type != "statement_block":
            inner = unwrap(body)
            return (
                self.made(target.script, (*target.body, inner), depth) if inner is not None and inner is body else None
            )
        for path in own_code(target):
            if path[-1].type == "return_statement" and path[-1].named_children:
                value = path[-1].named_children[0]
                if value.type in ("call_expression", "new_expression"):
                    found = self.made(target.script, (*path, value), depth)
                    if found is not None:
                        return found
        return None

    def _named(self, script: Script, callee: Node) -> Promised | None:
        name = script.text(callee)
        if name == "fetch" and script.names(name).declaration_of(callee.start_byte) is None:
            return Promised("fetch(…)", True)
        origin = self._origin(script, callee)
        if origin in REQUESTS or origin in PROMISED:
            return Promised(f"{name}(…)", True)
        return None

    def _origin(self, script: Script, node: Node) -> str:
        """The package that a name was imported from; empty for anything else."""
        value = self.calls.value(script, node)
        while value.sort is Sort.MEMBER and value.base is not None:
            value = value.base
        return value.specifier if value.sort is Sort.IMPORTED else ""

    def _method(self, script: Script, path: Path, callee: Node, depth: int) -> Promised | None:
        base, name = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if base is None or name is None:
            return None
        text, whole, given = script.text(name), script.text(callee)[:60], arguments(path[-1])
        if whole in JOINS:
            return Promised(f"{whole}(…)", True, joins=True)
        if text in ("then", "catch", "finally"):
            return self._chain(script, (*path, callee, base), text, depth)
        if text in EACH and given and given[0].type in FUNCTIONS:
            callback = Function(script, (*path, path[-1].child_by_field_name("arguments") or path[-1], given[0]))
            if callback.is_async:
                return Promised(f"{text}(async …)", self.slow(callback, depth + 1), callback)
            return None
        if text == "send" and given and _is_command(script, given[0]):
            return Promised("send(…)", True)
        if text == "promise" and not given and base.type == "call_expression":
            return Promised(".promise()", True)
        if base.type == "identifier" and self._origin(script, base) in REQUESTS | PROMISED:
            return Promised(f"{whole}(…)", True)
        if whole.startswith(("fs.promises.", "Promise.resolve", "Promise.reject")):
            return Promised(f"{whole}(…)", whole.startswith("fs."))
        return None

    def _chain(self, script: Script, path: Path, method: str, depth: int) -> Promised | None:
        """`….then(…)`: as slow as what it hangs on, or as what it goes on with."""
        base = path[-1]
        if base.type in ("call_expression", "new_expression"):
            found = self.made(script, path, depth + 1)
            if found is not None:
                return Promised(
                    found.construct if found.target else f"{found.construct}.{method}(…)", found.slow, found.target
                )
            return Promised(f".{method}(…)", True) if method == "then" else None
        return Promised(f".{method}(…)", False)

    def slow(self, function: Function, depth: int = 0) -> bool:
        """Whether a function's own code waits for something that needs the event loop."""
        if function.key in self._slow:
            return self._slow[function.key]
        if function.key in self._open or depth > MAX_DEPTH:
            return False
        self._open.add(function.key)
        found = any(self._waits(function.script, p, depth) for p in own_code(function))
        self._open.discard(function.key)
        # What was cut short may be slow after all: only a whole answer is kept.
        if found or not self._open:
            self._slow[function.key] = found
        return found

    def _waits(self, script: Script, path: Path, depth: int) -> bool:
        node = path[-1]
        if node.type == "for_in_statement":
            return has_token(node, "await")
        if awaits_call(script, node):
            return True
        if node.type not in ("await_expression", "yield_expression", "return_statement") or not node.named_children:
            return False
        value = unwrap(node.named_children[-1])
        if value is None:
            return False
        inner = (*path, value)
        if value.type in ("call_expression", "new_expression"):
            found = self.made(script, inner, depth + 1)
            if found is not None:
                return found.slow
            outside = value.type == "call_expression" and self.calls.target(script, inner) is None
            return outside and node.type != "return_statement"
        return node.type == "await_expression" and value.type in ("identifier", "member_expression")


def _is_command(script: Script, node: Node) -> bool:
    """`new PutItemCommand(…)`: what AWS's clients of version 3 send."""
    maker = node.child_by_field_name("constructor") if node.type == "new_expression" else None
    return maker is not None and script.text(maker).endswith("Command")


def timer(script: Script, path: Path) -> Path | None:
    """The callback of a timer that the call at the end of `path` sets; None for any other call."""
    callee = path[-1].child_by_field_name("function")
    if callee is None or callee.type != "identifier" or script.text(callee) not in ("setTimeout", "setImmediate"):
        return None
    if script.names(script.text(callee)).declaration_of(callee.start_byte) is not None:
        return None
    held, given = path[-1].child_by_field_name("arguments"), arguments(path[-1])
    return (*path, held, given[0]) if held is not None and given and given[0].type in FUNCTIONS else None
