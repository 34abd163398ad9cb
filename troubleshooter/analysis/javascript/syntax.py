"""JavaScript files as syntax trees, in which names are looked for.

Nothing here recurses over a tree, whose depth is the file's author's choice. A file is looked at from the names of
interest: a regular expression finds them in the text, the tree tells what they are there.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from troubleshooter.analysis.javascript.scopes import Names, Path, Use, declaration, is_written, names_nothing

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

_VALUES = frozenset({"identifier", "shorthand_property_identifier"})

_WORD = frozenset(bytes((c,)) for c in range(256) if c >= 0x80 or chr(c).isalnum() or chr(c) in "_$")
"""Bytes that a name may hold."""


class Unparsed(Exception):
    """The file cannot be told: its text says why in one clause."""


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
            made = declaration(path)
            if made is not None:
                into.declarations.append(made)
            elif not names_nothing(path):
                into.uses.append(Use(path, is_written(path)))


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
