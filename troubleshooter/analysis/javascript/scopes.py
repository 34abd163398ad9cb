"""JavaScript's scopes: which declaration a name belongs to, by the path of nodes down to its token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function_declaration",
        "generator_function",
        "arrow_function",
        "method_definition",
    }
)
_BLOCKS = frozenset(
    {
        "program",
        "statement_block",
        "for_statement",
        "for_in_statement",
        "switch_body",
        "class_static_block",
        "catch_clause",
    }
)
_PATTERNS = frozenset(
    {
        "array_pattern",
        "object_pattern",
        "pair_pattern",
        "assignment_pattern",
        "object_assignment_pattern",
        "rest_pattern",
    }
)

Path = tuple["Node", ...]
"""Nodes from the program down to one token."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One place that brings a name into being."""

    kind: str
    """`var`, `let`, `const`, `function`, `class`, `parameter`, `import`, `catch`."""
    path: Path
    start: int
    """Start of the scope, in bytes."""
    end: int

    @property
    def node(self) -> Node:
        return self.path[-1]


@dataclass(frozen=True, slots=True)
class Use:
    """One place that reads or writes a variable of that name."""

    path: Path
    writes: bool = False

    @property
    def node(self) -> Node:
        return self.path[-1]

    @property
    def offset(self) -> int:
        return self.path[-1].start_byte


@dataclass(slots=True)
class Names:
    """Everything that a file says of one name."""

    declarations: list[Declaration] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    _owners: dict[int, Declaration | None] | None = None

    def declaration_of(self, offset: int) -> Declaration | None:
        """The innermost declaration whose scope holds an offset."""
        owners = self._by_use()
        if offset in owners:
            return owners[offset]
        around = [d for d in self.declarations if d.start <= offset < d.end]
        return min(around, key=lambda d: d.end - d.start, default=None)

    def _by_use(self) -> dict[int, Declaration | None]:
        """The same for all uses at once: scopes lie inside one another or side by side."""
        if self._owners is None:
            owners: dict[int, Declaration | None] = {}
            waiting = sorted(self.declarations, key=lambda d: (d.start, -d.end), reverse=True)
            around: list[Declaration] = []
            for each in sorted(self.uses, key=lambda u: u.offset):
                while waiting and waiting[-1].start <= each.offset:
                    while around and around[-1].end <= waiting[-1].start:
                        around.pop()
                    around.append(waiting.pop())
                while around and around[-1].end <= each.offset:
                    around.pop()
                owners[each.offset] = around[-1] if around else None
            self._owners = owners
        return self._owners

    def free(self) -> Iterator[Use]:
        """Uses that no declaration in the file accounts for."""
        return (u for u in self.uses if self.declaration_of(u.offset) is None)

    def of(self, declaration: Declaration) -> Iterator[Use]:
        """Uses of the variable that one declaration makes; a variable declared twice in one scope is one variable."""
        span = (declaration.start, declaration.end)
        for use in self.uses:
            found = self.declaration_of(use.offset)
            if found is not None and (found.start, found.end) == span:
                yield use


def same(one: Node | None, other: Node | None) -> bool:
    """Whether two node objects stand for one node of the tree."""
    return one is not None and other is not None and one.id == other.id


def is_field(parent: Node, name: str, child: Node) -> bool:
    """Whether `child` is the parent's field `name`."""
    return same(parent.child_by_field_name(name), child)


def nearest_function(path: Path, below: int | None = None) -> int | None:
    """Index in `path` of the innermost function around its last node (or around index `below`); None at module level."""
    for index in range((len(path) if below is None else below) - 1, -1, -1):
        if path[index].type in FUNCTIONS and index < len(path) - 1:
            return index
    return None


def declaration(path: Path) -> Declaration | None:
    """The declaration that the token at the end of `path` makes, if it makes one."""
    at = _outermost(path)
    if not at or (at < len(path) - 1 and any(_is_key(path, i) for i in range(at, len(path)))):
        return None
    node, parent = path[at], path[at - 1]
    kind = parent.type
    if kind == "variable_declarator" and is_field(parent, "name", node):
        word = "var" if path[at - 2].type == "variable_declaration" else path[at - 2].children[0].type
        return _made(word, path, at - 1, by_function=word == "var")
    if kind == "for_in_statement" and is_field(parent, "left", node):
        word_node = parent.child_by_field_name("kind")
        if word_node is None:
            return None
        return _made(word_node.type, path, at, by_function=word_node.type == "var")
    if kind == "formal_parameters" or (kind == "arrow_function" and is_field(parent, "parameter", node)):
        function = path[at - 2] if kind == "formal_parameters" else parent
        return Declaration("parameter", path, function.start_byte, function.end_byte)
    if kind == "catch_clause" and is_field(parent, "parameter", node):
        return Declaration("catch", path, parent.start_byte, parent.end_byte)
    if kind in ("import_clause", "namespace_import"):
        return Declaration("import", path, path[0].start_byte, path[0].end_byte + 1)
    if kind == "import_specifier":
        alias = parent.child_by_field_name("alias")
        named = alias if alias is not None else parent.child_by_field_name("name")
        return Declaration("import", path, path[0].start_byte, path[0].end_byte + 1) if same(named, node) else None
    if kind in ("function_declaration", "generator_function_declaration") and is_field(parent, "name", node):
        return _made("function", path, at - 1, by_function=False)
    if kind in ("function_expression", "generator_function", "class") and is_field(parent, "name", node):
        word = "class" if kind == "class" else "function"
        return Declaration(word, path, parent.start_byte, parent.end_byte)
    if kind == "class_declaration" and is_field(parent, "name", node):
        return _made("class", path, at - 1, by_function=False)
    return None


def _outermost(path: Path) -> int | None:
    """Index of the outermost pattern that the last token is bound by, or of the token; None where it is a pattern's default."""
    at = len(path) - 1
    while at > 0 and path[at - 1].type in _PATTERNS:
        default = path[at - 1].type in ("assignment_pattern", "object_assignment_pattern")
        if default and not is_field(path[at - 1], "left", path[at]):
            return None
        at -= 1
    return at


def _is_key(path: Path, at: int) -> bool:
    """Whether a node is the key of a pair in a pattern, which names a property and no variable."""
    return path[at - 1].type == "pair_pattern" and not is_field(path[at - 1], "value", path[at])


def _made(kind: str, path: Path, below: int, *, by_function: bool) -> Declaration:
    """A declaration whose scope is the nearest block above index `below`, or the nearest function for `var`."""
    for index in range(below - 1, -1, -1):
        node = path[index]
        if node.type in FUNCTIONS or node.type == "program" or (not by_function and node.type in _BLOCKS):
            whole = node.type == "program"
            return Declaration(kind, path, 0 if whole else node.start_byte, node.end_byte + (1 if whole else 0))
    return Declaration(kind, path, 0, path[0].end_byte + 1)


def names_nothing(path: Path) -> bool:
    """Identifiers that are no variables: the outer names of import and export lists."""
    if len(path) < 2:
        return True
    node, parent = path[-1], path[-2]
    if parent.type in ("namespace_export", "import_specifier"):
        return True
    if parent.type == "export_specifier":
        statement = path[-4] if len(path) >= 4 else None
        elsewhere = statement is not None and statement.child_by_field_name("source") is not None
        return elsewhere or not is_field(parent, "name", node)
    return False


def is_written(path: Path) -> bool:
    """Whether the token at the end of `path` is assigned to."""
    at = _outermost(path)
    if at is None:
        return False
    node, parent = path[at], path[at - 1]
    if parent.type in ("assignment_expression", "augmented_assignment_expression", "for_in_statement"):
        return is_field(parent, "left", node)
    return parent.type == "update_expression"
