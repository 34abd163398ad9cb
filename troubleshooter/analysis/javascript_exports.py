"""What a JavaScript module exports: its module-level statements, followed in order, as far as the text shows them.

What is not understood makes the answer open, never wrong: every mention of `exports`, `module` or another name of the
exported object that was not followed is looked at in the end, and may add to the object or make it unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript import (
    FUNCTIONS,
    Path,
    Script,
    Unparsed,
    arguments,
    has_token,
    literal,
    unwrap,
)
from troubleshooter.analysis.javascript_mentions import account
from troubleshooter.analysis.javascript_values import Sort, Value, member, plain, undefined, unknown

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


def exports_of(script: Script, *, esm: bool) -> Value:
    """The value of `module.exports`, or the namespace of an ES module, once the module has loaded.

    Raises `Unparsed` where the file is broken.
    """
    key = ("exports", esm)
    if key not in script.memory:
        if script.broken_at is not None:
            raise Unparsed("its syntax is not understood")
        evaluation = Evaluation(script, esm=esm)
        script.memory[key] = evaluation.run()
        script.memory["evaluation"] = evaluation
    found: Value = script.memory[key]
    return found


def variable(script: Script, name: str) -> Value:
    """The value of a module-level variable once the module has loaded; unknown unless `exports_of` was asked before."""
    evaluation = script.memory.get("evaluation")
    return evaluation.read(name) if isinstance(evaluation, Evaluation) else unknown()


class Evaluation:
    """One module's statements, followed in order."""

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

    def run(self) -> Value:
        root = self.script.root
        for node in root.named_children:
            inner = node.child_by_field_name("declaration") if node.type == "export_statement" else node
            if inner is not None and inner.type in ("function_declaration", "generator_function_declaration"):
                name = inner.child_by_field_name("name")
                if name is not None:
                    path = (root, inner) if inner is node else (root, node, inner)
                    self.env[self.script.text(name)] = Value(Sort.FUNCTION, self.script, path)
        for node in root.named_children:
            self.statement((root, node))
        if self.esm:
            return self.namespace()
        account(self)
        return self.result

    # Statements

    def statement(self, path: Path) -> None:
        node = path[-1]
        if node.type == "expression_statement":
            for child in node.named_children:
                self.value((*path, child))
        elif node.type in ("variable_declaration", "lexical_declaration"):
            for child in node.named_children:
                if child.type == "variable_declarator":
                    self.declare((*path, child))
        elif node.type == "class_declaration":
            name = node.child_by_field_name("name")
            if name is not None:
                self.env[self.script.text(name)] = Value(Sort.FUNCTION, self.script, path, open=True)
        elif node.type == "import_statement":
            self.imports(node)
        elif node.type == "export_statement":
            self.export(path)
        elif node.type == "statement_block":
            for child in node.named_children:
                self.statement((*path, child))

    def declare(self, path: Path) -> None:
        node = path[-1]
        target, value_node = node.child_by_field_name("name"), node.child_by_field_name("value")
        value = self.value((*path, value_node)) if value_node is not None else undefined()
        if target is None:
            return
        if target.type == "identifier":
            self.bind(self.script.text(target), value)
        else:
            self.destructure(target, value)

    def bind(self, name: str, value: Value) -> None:
        self.env[name] = value
        value.names.add(name)

    def destructure(self, pattern: Node, value: Value) -> None:
        for part in pattern.named_children:
            if pattern.type == "object_pattern" and part.type == "shorthand_property_identifier_pattern":
                name = self.script.text(part)
                self.env[name] = member(value, name)
            elif pattern.type == "object_pattern" and part.type == "pair_pattern":
                key, target = part.child_by_field_name("key"), part.child_by_field_name("value")
                if key is not None and target is not None and target.type == "identifier":
                    simple = self.script.text(key) if key.type == "property_identifier" else None
                    self.env[self.script.text(target)] = member(value, simple) if simple else unknown()

    def imports(self, node: Node) -> None:
        specifier = literal(self.script, node.child_by_field_name("source"))
        clause = next((c for c in node.named_children if c.type == "import_clause"), None)
        if specifier is None or clause is None:
            return
        for part in clause.named_children:
            if part.type == "identifier":
                self.env[self.script.text(part)] = self.imported(specifier, "default")
            elif part.type == "namespace_import":
                self.env[self.script.text(part.named_children[-1])] = self.imported(specifier, None)
            elif part.type == "named_imports":
                for item in part.named_children:
                    name = item.child_by_field_name("name")
                    alias = item.child_by_field_name("alias") or name
                    if name is not None and alias is not None:
                        self.env[self.script.text(alias)] = self.imported(specifier, self.named_text(name))

    def named_text(self, node: Node) -> str:
        return literal(self.script, node) or self.script.text(node)

    def imported(self, specifier: str, name: str | None, kind: str = "import") -> Value:
        return Value(Sort.IMPORTED, self.script, specifier=specifier, name=name, kind=kind)

    # ES modules

    def export(self, path: Path) -> None:
        node = path[-1]
        declaration = node.child_by_field_name("declaration")
        source = literal(self.script, node.child_by_field_name("source"))
        if has_token(node, "default"):
            self.export_default(path, declaration)
        elif declaration is not None:
            self.statement((*path, declaration))
            for name in _declared_names(self.script, declaration):
                self.named[name] = name
        for child in node.named_children:
            if child.type == "namespace_export" and source is not None:
                self.named[self.named_text(child.named_children[-1])] = self.imported(source, None)
            elif child.type == "export_clause":
                self.export_list(child, source)
        if source is not None and any(c.type == "*" for c in node.children):
            self.initial.stars.append(self.imported(source, None))

    def export_default(self, path: Path, declaration: Node | None) -> None:
        if declaration is not None:
            self.statement((*path, declaration))
            name = declaration.child_by_field_name("name")
            self.named["default"] = (
                self.script.text(name) if name is not None else Value(Sort.FUNCTION, self.script, (*path, declaration))
            )
            return
        value = path[-1].child_by_field_name("value")
        self.named["default"] = self.value((*path, value)) if value is not None else unknown()

    def export_list(self, clause: Node, source: str | None) -> None:
        for item in clause.named_children:
            name = item.child_by_field_name("name")
            if name is None:
                continue
            outer = self.named_text(item.child_by_field_name("alias") or name)
            inner = self.named_text(name)
            self.named[outer] = inner if source is None else self.imported(source, inner)

    def namespace(self) -> Value:
        found = Value(Sort.OBJECT, self.script, stars=self.initial.stars)
        for outer, held in self.named.items():
            found.props[outer] = self.read(held) if isinstance(held, str) else held
        return found

    # Expressions

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
        from troubleshooter.analysis.javascript_helpers import known_call

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


def _declared_names(script: Script, declaration: Node) -> list[str]:
    """Names that an exported declaration brings into being."""
    if declaration.type not in ("variable_declaration", "lexical_declaration"):
        name = declaration.child_by_field_name("name")
        return [script.text(name)] if name is not None else []
    found = []
    todo = [d.child_by_field_name("name") for d in declaration.named_children if d.type == "variable_declarator"]
    while todo:
        node = todo.pop()
        if node is None:
            continue
        if node.type in ("identifier", "shorthand_property_identifier_pattern"):
            found.append(script.text(node))
        elif node.type == "pair_pattern":
            todo.append(node.child_by_field_name("value"))
        elif node.type in ("assignment_pattern", "object_assignment_pattern"):
            todo.append(node.child_by_field_name("left"))
        else:
            todo += node.named_children
    return found
