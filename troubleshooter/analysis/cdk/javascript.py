"""CDK code in JavaScript: which environment names it gives to Lambda functions, read from the syntax tree.

TypeScript is read with the same grammar: its types are errors to it, but a construct without them inside is understood.
So a name that is found there is there; where the file has errors, more may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from troubleshooter.analysis.cdk.findings import CdkFindings
from troubleshooter.analysis.javascript.scopes import is_field
from troubleshooter.analysis.javascript.syntax import Script, Unparsed, arguments, has_token, literal, parse, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTION = re.compile(
    r"(?:(?:aws-cdk-lib|@aws-cdk)/aws-lambda[\w-]*|(?:aws-cdk-lib|monocdk)\.aws_lambda\w*)\.(?!Cfn)\w*Function"
)
_LAMBDA = re.compile(rb"aws-lambda|aws_lambda")
_HELPER = re.compile(r"(?:\w+\.)?(?:__importStar|__importDefault|__toESM)")
HOPS = 5
"""Names that are followed to a literal."""


def read_javascript(text: str, found: CdkFindings) -> None:
    """Adds what one file gives its functions."""
    source = text.encode("utf-8", "replace")
    if not _LAMBDA.search(source):
        return
    try:
        script = parse(found.path, source)
        scan = _Scan(script, found)
        scan.imports()
        scan.constructs()
        scan.additions()
        if script.broken_at is not None:
            found.hidden(source.count(b"\n", 0, script.broken_at) + 1)
    except Unparsed:
        found.hidden(1)


class _Scan:
    """One file: imports first, then the constructs, then what is added to them."""

    def __init__(self, script: Script, found: CdkFindings) -> None:
        self.script = script
        self.found = found
        self.aliases: dict[str, str] = {}
        self.made: set[str] = set()
        """Text of what functions are assigned to: `fn`, `this.fn`."""

    def words(self, word: str) -> Iterator[int]:
        """Offsets of a word anywhere in the text, comments and strings included."""
        return (found.start() for found in re.finditer(rb"\b" + word.encode() + rb"\b", self.script.source))

    def imports(self) -> None:
        """Local names of what is imported or required, anywhere in the file."""
        for offset in self.words("import"):
            statement = next((n for n in self.script.trail(offset) if n.type == "import_statement"), None)
            module = literal(self.script, statement.child_by_field_name("source")) if statement is not None else None
            if statement is not None and module:
                self.imported(statement, module)
        for offset in self.words("require"):
            for node in self.script.trail(offset):
                value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
                target = node.child_by_field_name("name") if value is not None else None
                if value is not None and target is not None:
                    self.bind(target, self.dotted(value))

    def imported(self, statement: Node, module: str) -> None:
        todo = list(statement.named_children)
        while todo:
            node = todo.pop()
            if node.type == "identifier":
                self.aliases[self.script.text(node)] = module
            elif node.type == "import_specifier":
                name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
                if name is not None:
                    self.aliases[self.script.text(alias or name)] = f"{module}.{self.script.text(name)}"
            elif node.type in ("import_clause", "namespace_import", "named_imports"):
                todo += node.named_children

    def bind(self, target: Node, dotted: str) -> None:
        if target.type == "identifier":
            self.aliases[self.script.text(target)] = dotted
        for child in target.named_children if target.type == "object_pattern" else ():
            if child.type == "shorthand_property_identifier_pattern":
                self.aliases[self.script.text(child)] = f"{dotted}.{self.script.text(child)}"
            elif child.type == "pair_pattern":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None and value is not None and value.type == "identifier":
                    self.aliases[self.script.text(value)] = f"{dotted}.{self.script.text(key)}"

    def dotted(self, node: Node | None) -> str:
        """What an expression stands for, by the imports: `aws-cdk-lib/aws-lambda.Function`; empty if it cannot be told."""
        parts: list[str] = []
        node = unwrap(node)
        while node is not None and node.type == "member_expression":
            name = node.child_by_field_name("property")
            parts.append(self.script.text(name) if name is not None else "")
            node = unwrap(node.child_by_field_name("object"))
        if node is None:
            return ""
        if node.type == "call_expression":
            first = self.called(node)
        else:
            first = self.aliases.get(self.script.text(node), "") if node.type == "identifier" else ""
        return ".".join([first, *reversed([p for p in parts if p != "default"])])

    def called(self, call: Node) -> str:
        """The module of `require("…")`, also inside a compiler's helper."""
        callee, given = call.child_by_field_name("function"), arguments(call)
        name = self.script.text(callee) if callee is not None else ""
        if name == "require" and given:
            return literal(self.script, given[0]) or ""
        return self.dotted(given[0]) if _HELPER.fullmatch(name) and given else ""

    def constructs(self) -> None:
        for offset in self.words("new"):
            trail = self.script.trail(offset)
            node = trail[-2] if len(trail) > 1 else trail[-1]
            if node.type != "new_expression" or not _FUNCTION.fullmatch(
                self.dotted(node.child_by_field_name("constructor"))
            ):
                continue
            self.found.functions += 1
            self.made |= set(self.targets(trail[:-2]))
            given = arguments(node)
            if len(given) > 2:
                self.properties(given[2])

    def targets(self, trail: tuple[Node, ...]) -> Iterator[str]:
        """What a new object is assigned to."""
        parent = trail[-1] if trail else None
        if parent is not None and parent.type in ("variable_declarator", "assignment_expression"):
            field = "name" if parent.type == "variable_declarator" else "left"
            target = parent.child_by_field_name(field)
            if target is not None and target.type in ("identifier", "member_expression"):
                yield self.script.text(target)

    def properties(self, node: Node) -> None:
        props = self.object(node, HOPS)
        if props is None:
            self.found.hidden(self.script.line(node))
            return
        for child in props.named_children:
            if child.type == "spread_element":
                self.found.hidden(self.script.line(child))
            elif child.type == "shorthand_property_identifier" and self.script.text(child) == "environment":
                self.keys(child, HOPS)
            elif child.type == "pair" and self.key(child) == "environment":
                value = child.child_by_field_name("value")
                if value is not None:
                    self.keys(value, HOPS)

    def keys(self, node: Node, hops: int) -> None:
        """Adds the literal keys of what makes an environment; hides what is not literal."""
        made = self.object(node, hops)
        if made is None:
            self.found.hidden(self.script.line(node))
            return
        for child in made.named_children:
            if child.type == "spread_element" and child.named_children:
                self.keys(child.named_children[0], hops - 1)
            elif child.type == "shorthand_property_identifier":
                self.found.name(self.script.text(child), self.script.line(child))
            elif child.type in ("pair", "method_definition"):
                name = self.key(child)
                if name is None:
                    self.found.hidden(self.script.line(child))
                else:
                    self.found.name(name, self.script.line(child))

    def key(self, pair: Node) -> str | None:
        node = pair.child_by_field_name("key")
        if node is None:
            return None
        return self.script.text(node) if node.type == "property_identifier" else literal(self.script, node)

    def object(self, node: Node, hops: int) -> Node | None:
        """The object literal that an expression is, or that the only and constant variable of its name holds."""
        inner = unwrap(node)
        if inner is None or inner.type == "object" or hops <= 0:
            return inner if inner is not None and inner.type == "object" else None
        if inner.type not in ("identifier", "shorthand_property_identifier"):
            return None
        names = self.script.names(self.script.text(inner))
        declaration = names.declaration_of(inner.start_byte)
        if declaration is None or declaration.kind != "const" or len(declaration.path) < 2:
            return None
        declarator = declaration.path[-2]
        value = declarator.child_by_field_name("value") if declarator.type == "variable_declarator" else None
        if value is None or any(self.is_changed(use.path) for use in names.of(declaration)):
            return None
        return self.object(value, hops - 1)

    def is_changed(self, path: tuple[Node, ...]) -> bool:
        """Whether a use may change the object: `x.y = …`, `x[y] = …`, `delete x.y`, or a call that is handed it."""
        parent = path[-2] if len(path) > 1 else None
        if parent is None or parent.type not in ("member_expression", "subscript_expression"):
            return parent is not None and parent.type == "arguments" and path[-3].type == "call_expression"
        above = path[-3] if len(path) > 2 else None
        if above is None or above.type == "unary_expression":
            return above is not None and has_token(above, "delete")
        return above.type.endswith("assignment_expression") and is_field(above, "left", parent)

    def additions(self) -> None:
        """`fn.addEnvironment("NAME", …)` on a function that this file makes."""
        for offset in self.words("addEnvironment"):
            trail = self.script.trail(offset)
            call = trail[-3] if len(trail) > 2 else None
            member = trail[-2] if len(trail) > 1 else None
            if call is None or member is None or call.type != "call_expression" or member.type != "member_expression":
                continue
            receiver = unwrap(member.child_by_field_name("object"))
            if receiver is None or self.script.text(receiver) not in self.made:
                continue
            given = arguments(call)
            name = literal(self.script, given[0]) if given else None
            if name is None:
                self.found.hidden(self.script.line(call))
            else:
                self.found.name(name, self.script.line(given[0]))
