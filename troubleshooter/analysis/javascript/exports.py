"""What a JavaScript module exports: its module-level statements, followed in order, as far as the text shows them.

What is not understood makes the answer open, never wrong: every mention of `exports`, `module` or another name of the
exported object that was not followed is looked at in the end, and may add to the object or make it unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.expressions import Expressions
from troubleshooter.analysis.javascript.mentions import account
from troubleshooter.analysis.javascript.scopes import Path
from troubleshooter.analysis.javascript.syntax import Script, Unparsed, has_token, literal
from troubleshooter.analysis.javascript.values import Sort, Value, member, undefined, unknown

if TYPE_CHECKING:
    from tree_sitter import Node


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


class Evaluation(Expressions):
    """One module's statements, followed in order."""

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
