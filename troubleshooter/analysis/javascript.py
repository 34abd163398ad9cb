"""JavaScript files as syntax trees: where a name is declared and used, and what code runs while a module loads.

Nothing here recurses over a tree, whose depth is the file's author's choice. A file is looked at from the names of
interest: a regular expression finds them in the text, the tree tells what they are there.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tree_sitter import Language, Node

MAX_BYTES = 16 << 20
"""A larger file is not parsed."""
MAX_DEPTH = 2500
"""A deeper nesting than any compiler writes; beyond it, a file counts as unparsed."""
MAX_SECONDS = 20.0
"""For one file; a bundle of 16 MB takes about 3."""
MAX_OCCURRENCES = 20_000
"""Of one name in one file."""
MAX_TRAILS = 400_000
"""Tokens that are looked at in one file; a bundle of 5 MB needs about a tenth."""

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
_VALUES = frozenset({"identifier", "shorthand_property_identifier"})

_WORD = frozenset(bytes((c,)) for c in range(256) if c >= 0x80 or chr(c).isalnum() or chr(c) in "_$")
"""Bytes that a name may hold."""

Path = tuple["Node", ...]
"""Nodes from the program down to one token."""


class Unparsed(Exception):
    """The file cannot be told: its text says why in one clause."""


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


class Script:
    """One parsed file. Its text is outside text."""

    def __init__(self, path: str, source: bytes, root: Node) -> None:
        self.path = path
        self.source = source
        self.root = root
        self._names: dict[str, Names] = {}
        self._trails = 0
        self.memory: dict[Any, Any] = {}
        """Results that are worth keeping for the file's lifetime."""

    @functools.cached_property
    def broken_at(self) -> int | None:
        """Offset of the first syntax error that the parser stumbles over; None for a clean file."""
        node = self.root
        while node.has_error:
            if node.is_error or node.is_missing:
                return node.start_byte
            inner = next((c for c in node.children if c.has_error or c.is_missing), None)
            if inner is None:
                return node.start_byte
            node = inner
        return node.start_byte if node is not self.root and node.is_missing else None

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def line(self, node: Node) -> int:
        """Line of a node, from 1."""
        return int(node.start_point[0]) + 1

    def numbered(self, line: int) -> str:
        """The source line of a number, stripped."""
        lines = self.source.split(b"\n", line)
        return lines[line - 1][:160].decode("utf-8", "replace").strip() if 0 < line <= len(lines) else ""

    def line_text(self, node: Node, limit: int = 160) -> str:
        """The source line a node starts in, stripped; of a long one, what stands around the node."""
        begin = self.source.rfind(b"\n", 0, node.start_byte) + 1
        end = self.source.find(b"\n", node.start_byte)
        end = len(self.source) if end < 0 else end
        if end - begin > limit:
            begin, end = node.start_byte, min(end, node.start_byte + limit)
        return self.source[begin:end].decode("utf-8", "replace").strip()

    def trail(self, offset: int) -> Path:
        """The nodes from the program down to the token at `offset`."""
        self._trails += 1
        if self._trails > MAX_TRAILS:
            raise Unparsed("it is too large to be followed")
        cursor = self.root.walk()
        nodes = [self.root]
        while cursor.goto_first_child_for_byte(offset) is not None:
            node = cursor.node
            if node is None:
                break
            nodes.append(node)
            if len(nodes) > MAX_DEPTH:
                raise Unparsed("it is nested too deeply")
        return tuple(nodes)

    def find(self, word: str, followed_by: str = "") -> Iterator[int]:
        """Offsets of a whole word anywhere in the text, comments and strings included, blanks and `followed_by` after it."""
        text, next_text = word.encode(), followed_by.encode()
        count, offset = 0, -1
        while (offset := self.source.find(text, offset + 1)) >= 0:
            end = offset + len(text)
            if self.source[offset - 1 : offset] in _WORD or self.source[end : end + 1] in _WORD:
                continue
            if next_text and not self.source[end : end + 40].lstrip().startswith(next_text):
                continue
            count += 1
            if count > MAX_OCCURRENCES:
                raise Unparsed(f"it uses {word} too often")
            yield offset

    def names(self, name: str) -> Names:
        """Declarations and uses of one variable name."""
        if name not in self._names:
            found = Names()
            for offset in self.find(name):
                self._sort(self.trail(offset), found)
            self._names[name] = found
        return self._names[name]

    def _sort(self, path: Path, into: Names) -> None:
        node = path[-1]
        if node.type == "shorthand_property_identifier_pattern" or node.type in _VALUES:
            declaration = _declaration(path)
            if declaration is not None:
                into.declarations.append(declaration)
            elif not _names_nothing(path):
                into.uses.append(Use(path, _is_written(path)))


def parse(path: str, source: bytes) -> Script:
    """The file as a tree. Raises `Unparsed` where it is too big or takes too long; broken syntax is no error here."""
    if len(source) > MAX_BYTES:
        raise Unparsed(f"it is larger than {MAX_BYTES >> 20} MiB")
    root = _tree(source)
    if root.has_error and _RESERVED.search(source):
        source = _RESERVED.sub(lambda match: match[0][:-1] + b"_", source)
        root = _tree(source)
    return Script(path, source, root)


_RESERVED = re.compile(
    rb"\bas\s+(?:null|true|false|function|class|instanceof|typeof|void|new|delete|in|this|super|if|for|while|do|switch|case"
    rb"|return|throw|try|catch|finally|var|const|import|export|enum|with|break|continue|else|debugger)(?=\s*[,}])"
)
"""`export { a as null }`, which the grammar does not know; the name is changed in its last letter to be parsed."""


def _tree(source: bytes) -> Node:
    from tree_sitter import Parser

    deadline = time.monotonic() + MAX_SECONDS
    try:
        tree = Parser(_language()).parse(
            lambda offset, _: source[offset : offset + 65536],
            progress_callback=lambda _, __: time.monotonic() > deadline,
        )
    except ValueError:
        raise Unparsed(f"parsing it takes more than {MAX_SECONDS:.0f} s") from None
    return tree.root_node


@functools.cache
def _language() -> Language:
    import tree_sitter_javascript
    from tree_sitter import Language

    return Language(tree_sitter_javascript.language())


def same(one: Node | None, other: Node | None) -> bool:
    """Whether two node objects stand for one node of the tree."""
    return one is not None and other is not None and one.id == other.id


def is_field(parent: Node, name: str, child: Node) -> bool:
    """Whether `child` is the parent's field `name`."""
    return same(parent.child_by_field_name(name), child)


def has_token(node: Node, token: str) -> bool:
    """Whether one of the node's own children is the keyword or sign `token`."""
    return any(child.type == token for child in node.children)


def unwrap(node: Node | None) -> Node | None:
    """The expression inside any number of parentheses; of a sequence in parentheses, its last part."""
    while node is not None and node.type in ("parenthesized_expression", "sequence_expression"):
        inner = [child for child in node.named_children if child.type != "comment"]
        node = inner[-1] if inner else None
    return node


def arguments(call: Node) -> list[Node]:
    """A call's arguments, in order."""
    found = call.child_by_field_name("arguments")
    if found is None or found.type != "arguments":
        return []
    return [child for child in found.named_children if child.type != "comment"]


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": ""}


def literal(script: Script, node: Node | None) -> str | None:
    """Value of a string literal, or of a template without substitutions; None for anything else."""
    node = unwrap(node)
    if node is None or node.type not in ("string", "template_string"):
        return None
    parts = []
    for child in node.named_children:
        if child.type == "template_substitution":
            return None
        text = script.text(child)
        if child.type == "escape_sequence":
            text = _unescape(text)
        parts.append(text)
    return "".join(parts)


def _unescape(text: str) -> str:
    match = re.fullmatch(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", text)
    if match:
        code = int(next(g for g in match.groups() if g), 16)
        return chr(code) if code < 0x110000 else "\ufffd"
    return _ESCAPES.get(text[1:], text[1:])


def nearest_function(path: Path, below: int | None = None) -> int | None:
    """Index in `path` of the innermost function around its last node (or around index `below`); None at module level."""
    for index in range((len(path) if below is None else below) - 1, -1, -1):
        if path[index].type in FUNCTIONS and index < len(path) - 1:
            return index
    return None


def _declaration(path: Path) -> Declaration | None:
    """The declaration that the token at the end of `path` makes, if it makes one."""
    at = len(path) - 1
    while at > 0 and path[at - 1].type in _PATTERNS:
        parent = path[at - 1]
        if parent.type in ("assignment_pattern", "object_assignment_pattern") and not is_field(
            parent, "left", path[at]
        ):
            return None
        if parent.type == "pair_pattern" and not is_field(parent, "value", path[at]):
            return None
        at -= 1
    if at == 0:
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


def _made(kind: str, path: Path, below: int, *, by_function: bool) -> Declaration:
    """A declaration whose scope is the nearest block above index `below`, or the nearest function for `var`."""
    for index in range(below - 1, -1, -1):
        node = path[index]
        if node.type in FUNCTIONS or node.type == "program" or (not by_function and node.type in _BLOCKS):
            whole = node.type == "program"
            return Declaration(kind, path, 0 if whole else node.start_byte, node.end_byte + (1 if whole else 0))
    return Declaration(kind, path, 0, path[0].end_byte + 1)


def _names_nothing(path: Path) -> bool:
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


def _is_written(path: Path) -> bool:
    at = len(path) - 1
    while at > 0 and path[at - 1].type in _PATTERNS:
        if path[at - 1].type in ("assignment_pattern", "object_assignment_pattern") and not is_field(
            path[at - 1], "left", path[at]
        ):
            return False
        at -= 1
    node, parent = path[at], path[at - 1]
    if parent.type in ("assignment_expression", "augmented_assignment_expression", "for_in_statement"):
        return is_field(parent, "left", node)
    return parent.type == "update_expression"
