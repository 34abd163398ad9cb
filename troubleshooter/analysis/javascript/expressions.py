"""What JavaScript expressions at a module's level come to, as far as the text shows it; anything else is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path
from troubleshooter.analysis.javascript.syntax import Script, arguments, has_token, literal, unwrap
from troubleshooter.analysis.javascript.values import Sort, Value, member, plain, undefined, unknown

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_NESTING = 60
"""Expressions inside expressions; deeper ones are unknown."""

_PLAIN = {
    "string": "a string",
    "template_string": "a string",
    "number": "a number",
    "regex": "a regular expression",
    "true": "a boolean",
    "false": "a boolean",
    "null": "null",
    "array": "an array",
}


class Expressions:
    """The variables of one module while its statements are followed in order, and the values of its expressions."""

    def __init__(self, script: Script, *, esm: bool) -> None:
        self.script = script
        self.esm = esm
        self.initial = Value(Sort.OBJECT, script, names={"exports"})
        self.exports = self.initial
        self.result = self.initial
        self.module = Value(Sort.MODULE, script)
        self.env: dict[str, Value] = {}
        self.followed: set[int] = set()
        self.named: dict[str, Value | str] = {}
        """ESM: exported name → value, or the variable that holds it in the end."""
        self.depth = 0

    def bind(self, name: str, value: Value) -> None:
        self.env[name] = value
        value.names.add(name)

    def imported(self, specifier: str, name: str | None, kind: str = "import") -> Value:
        return Value(Sort.IMPORTED, self.script, specifier=specifier, name=name, kind=kind)

    def value(self, path: Path) -> Value:
        """The value of the expression at the end of `path`, its effects applied."""
        if self.depth >= MAX_NESTING:
            return unknown()
        self.depth += 1
        try:
            return self._value(path)
        finally:
            self.depth -= 1

    def _value(self, path: Path) -> Value:
        node = path[-1]
        kind = node.type
        if kind in FUNCTIONS or kind == "class":
            return Value(Sort.FUNCTION, self.script, path, open=kind == "class")
        if kind in _PLAIN:
            return plain(_PLAIN[kind])
        if kind == "undefined" or (kind == "unary_expression" and has_token(node, "void")):
            return undefined()
        if kind in ("parenthesized_expression", "sequence_expression"):
            values = [self.value((*path, c)) for c in node.named_children if c.type != "comment"]
            return values[-1] if values else unknown()
        if kind == "identifier":
            return self.name(node)
        if kind == "this":
            return self.initial if not self.esm else undefined()
        if kind == "object":
            return self.object(path)
        if kind in ("member_expression", "subscript_expression"):
            return self.access(path)
        if kind == "assignment_expression":
            return self.assignment(path)
        if kind == "binary_expression":
            return self.binary(path)
        if kind == "call_expression":
            return self.call(path)
        if kind == "new_expression":
            return Value(Sort.CALL, self.script, path)
        return unknown()

    def name(self, node: Node) -> Value:
        name = self.script.text(node)
        self.followed.add(node.start_byte)
        if name in ("exports", "module") and not self.esm and name not in self.env:
            return self.exports if name == "exports" else self.module
        return self.read(name)

    def read(self, name: str) -> Value:
        """The value of a module-level variable; unknown where functions or branches may have changed it."""
        found = self.env.get(name)
        if found is None:
            declared = any(d.start == 0 and d.kind == "var" for d in self.script.names(name).declarations)
            return undefined() if declared and self.steady(name) else unknown()
        if found.sort in (Sort.FUNCTION, Sort.IMPORTED, Sort.CALL) or self.steady(name):
            return found
        return unknown()

    def steady(self, name: str) -> bool:
        names = self.script.names(name)
        own = next((d for d in names.declarations if d.start == 0), None)
        return own is None or all(not u.writes or u.offset in self.followed for u in names.of(own))

    def object(self, path: Path) -> Value:
        made = Value(Sort.OBJECT, self.script, path)
        for part in path[-1].named_children:
            if part.type == "shorthand_property_identifier":
                made.props[self.script.text(part)] = _shared(self.name(part))
            elif part.type == "spread_element":
                self.copy(self.value((*path, part, part.named_children[-1])), made)
            elif part.type in ("pair", "method_definition"):
                key = part.child_by_field_name("key" if part.type == "pair" else "name")
                name = self.key(key)
                if name is None:
                    made.open = True
                elif part.type == "method_definition":
                    accessor = has_token(part, "get") or has_token(part, "set")
                    made.props[name] = self.getter((*path, part)) if accessor else self.value((*path, part))
                else:
                    value = part.child_by_field_name("value")
                    made.props[name] = _shared(self.value((*path, part, value))) if value is not None else unknown()
        return made

    def key(self, node: Node | None) -> str | None:
        if node is None:
            return None
        if node.type in ("property_identifier", "number"):
            return self.script.text(node)
        return literal(self.script, node)

    def copy(self, source: Value, target: Value) -> None:
        if source.sort is Sort.OBJECT:
            target.props.update(source.props)
            target.open = target.open or source.open
            target.stars += source.stars
        elif source.sort is Sort.IMPORTED:
            target.stars.append(source)
        elif source.sort is not Sort.UNDEFINED:
            target.open = True

    def access(self, path: Path) -> Value:
        node = path[-1]
        inner = node.child_by_field_name("object")
        key = self.accessed(node)
        if inner is None:
            return unknown()
        value = self.value((*path, inner))
        if value.sort is Sort.MODULE:
            return self.result if key == "exports" else unknown()
        return member(value, key) if key is not None else unknown()

    def accessed(self, node: Node) -> str | None:
        """The property that a member or subscript expression names."""
        if node.type == "member_expression":
            name = node.child_by_field_name("property")
            return self.script.text(name) if name is not None else None
        return literal(self.script, node.child_by_field_name("index"))

    def assignment(self, path: Path) -> Value:
        node = path[-1]
        left, right = unwrap(node.child_by_field_name("left")), node.child_by_field_name("right")
        value = self.value((*path, right)) if right is not None else unknown()
        if left is None:
            return value
        if left.type == "identifier":
            name = self.script.text(left)
            self.followed.add(left.start_byte)
            if name == "exports" and not self.esm and name not in self.env:
                self.exports = value
                value.names.add("exports")
            elif name != "module":
                self.bind(name, value)
        elif left.type in ("member_expression", "subscript_expression"):
            self.assign_member((*path, left), value)
        return value

    def assign_member(self, path: Path, value: Value) -> None:
        node = path[-1]
        inner, key = node.child_by_field_name("object"), self.accessed(node)
        if inner is None:
            return
        holder = self.value((*path, inner))
        if holder.sort is Sort.MODULE:
            if key == "exports":
                self.result = value
        elif key is None:
            holder.open = True
        else:
            holder.props[key] = _shared(value)

    def binary(self, path: Path) -> Value:
        """`0 && (…)` never runs its right side: bundlers and compilers annotate exports with it."""
        node = path[-1]
        left, right = unwrap(node.child_by_field_name("left")), node.child_by_field_name("right")
        if (
            left is not None
            and right is not None
            and has_token(node, "&&")
            and self.script.text(left) in ("0", "false")
        ):
            self.followed.update(
                offset
                for name in ("exports", "module")
                for offset in self.script.find(name)
                if right.start_byte <= offset < right.end_byte
            )
            return plain("a number")
        return unknown()

    def call(self, path: Path) -> Value:
        from troubleshooter.analysis.javascript.helpers import known_call

        found = known_call(self, path)
        if found is not None:
            return found
        for argument in arguments(path[-1]):
            if argument.type in ("identifier", "member_expression"):
                handed = self.value((*path, argument))
                if handed.sort is Sort.OBJECT:
                    handed.open = True
                elif handed.sort is Sort.MODULE:
                    self.result = unknown()
        return Value(Sort.CALL, self.script, path)

    def getter(self, path: Path) -> Value:
        return Value(Sort.GETTER, self.script, path, later=lambda: self.evaluate(path))

    def evaluate(self, path: Path) -> Value:
        """What the getter function at the end of `path` gives once the module has loaded."""
        body = path[-1].child_by_field_name("body")
        if body is not None and body.type == "statement_block":
            first = next((c for c in body.named_children if c.type != "comment"), None)
            if first is None or first.type != "return_statement" or not first.named_children:
                return unknown()
            return self.value((*path, body, first, first.named_children[0]))
        return self.value((*path, body)) if body is not None else unknown()


def _shared(value: Value) -> Value:
    """An object with a name of its own that is reached in another way too, where more may be added to it."""
    if value.sort is Sort.OBJECT and value.names:
        value.open = True
    return value
