"""Python source text as a syntax tree, also where it is newer than the interpreter that this program runs on.

What the running interpreter cannot parse is repaired line by line, as far as newer syntax is known, and parsed again. A
repair keeps every line in its place. What cannot be repaired has no tree, and nothing may be concluded from it.
"""

from __future__ import annotations

import ast
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.facts.tree import FileTree

LONGEST = 2_000_000
"""Characters of one source file that is still parsed."""
REPAIRS = 60
"""Most lines repaired in one file."""
TALLEST = 200
"""Most lines of one string that is repaired."""

_PARSING = threading.Lock()
"""Warnings are silenced process-wide while parsing; one thread at a time does that."""

_TOO_NEW = re.compile(r"^(.+?) (?:is|are) only supported in Python (\d)\.(\d+) and greater", re.IGNORECASE)
_TYPE_STATEMENT = re.compile(r"^(\s*)type\s+(\w+)\s*(?:\[.*?\])?\s*=(?!=)")
_GENERIC = re.compile(r"^(\s*(?:async\s+)?(?:def|class)\s+\w+)\s*\[")
_EXCEPT = re.compile(r"^(\s*except\*?)\s+([A-Z][\w.]*(?:\s*,\s*[A-Z][\w.]*)+)\s*:")
_FORMATTED = re.compile(r"(?<![\w])(?:[fFtT][rR]?|[rR][fFtT])(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class Newer:
    """A construct and the first version of Python that has it."""

    construct: str
    since: tuple[int, int]
    line: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """One source file."""

    tree: ast.Module | None
    newer: tuple[Newer, ...] = ()
    """Constructs known to be younger than the version asked about."""
    problem: str = ""
    """Why there is no tree, one clause."""


@dataclass(slots=True)
class Sources:
    """The Python files of a tree, each parsed at most once."""

    tree: FileTree
    version: tuple[int, ...] = ()
    """The interpreter that is to run them; empty where it is not known."""
    _texts: dict[str, str | None] = field(default_factory=dict)
    _parsed: dict[str, Parsed] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        """The file's text, or None where it cannot be read."""
        if path not in self._texts:
            self._texts[path] = self.tree.text(path)
        return self._texts[path]

    def parsed(self, path: str) -> Parsed:
        """The file's syntax tree, or why there is none."""
        if path not in self._parsed:
            text = self.text(path)
            self._parsed[path] = Parsed(None, problem="was not read") if text is None else parse(text, self.version)
        return self._parsed[path]

    def module(self, path: str) -> ast.Module | None:
        return self.parsed(path).tree

    def line(self, path: str, number: int) -> str:
        """One source line, stripped; empty where there is none."""
        lines = (self.text(path) or "").splitlines()
        return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""


def parse(text: str, version: tuple[int, ...] = ()) -> Parsed:
    """The syntax tree of a source text for an interpreter of `version`. Never raises."""
    if len(text) > LONGEST:
        return Parsed(None, problem="is too big to be parsed")
    tree, error = _ast(text)
    newer: list[Newer] = []
    if tree is None and error is not None:
        tree, newer = _repaired(text, error)
        if tree is None:
            return Parsed(None, problem=f"cannot be parsed: {error.msg} (line {error.lineno or 0})")
    if tree is None:
        return Parsed(None, problem="is nested too deeply to be parsed")
    if version:
        newer = [n for n in (*newer, *_newer_nodes(tree), *_refused(text, tree, version)) if n.since > version[:2]]
    return Parsed(tree, tuple(newer))


def _ast(text: str, feature: tuple[int, int] | None = None) -> tuple[ast.Module | None, SyntaxError | None]:
    try:
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, feature_version=feature), None
    except SyntaxError as error:
        return None, error
    except (ValueError, UnicodeError):
        return None, SyntaxError("source holds characters that no Python source may hold")
    except (RecursionError, MemoryError):
        return None, None


_NODES = {"Pattern matching": "Match", "Exception groups": "TryStar", "Exception groups are": "TryStar"}
"""Statements by the parser's name for them."""


def _refused(text: str, tree: ast.Module, version: tuple[int, ...]) -> Iterator[Newer]:
    """What the parser says an interpreter of `version` refuses. It knows some constructs only, and names the first."""
    if not (3, 4) <= version[:2] < sys.version_info[:2]:
        return
    _, error = _ast(text, (version[0], version[1]))
    found = _TOO_NEW.match(error.msg) if error else None
    if error and found:
        # The parser tells where such a statement ends; it begins where its node does.
        begins = [
            n.lineno for n in ast.walk(tree) if isinstance(n, ast.stmt) and type(n).__name__ == _NODES.get(found[1])
        ]
        yield Newer(found[1], (int(found[2]), int(found[3])), min(begins, default=error.lineno or 0))


def _newer_nodes(tree: ast.Module) -> Iterator[Newer]:
    """Constructs that an interpreter of 3.12 or later parses and the parser's own version test does not know."""
    if sys.version_info < (3, 12):
        return
    for node in ast.walk(tree):
        name = type(node).__name__
        if name == "TypeAlias":
            yield Newer("a type statement", (3, 12), getattr(node, "lineno", 0))
        elif name == "TemplateStr":
            yield Newer("a template string", (3, 14), getattr(node, "lineno", 0))
        elif getattr(node, "type_params", None):
            yield Newer("a type parameter list", (3, 12), getattr(node, "lineno", 0))


# ---------------------------------------------------------------- repairs


def _repaired(text: str, error: SyntaxError) -> tuple[ast.Module | None, list[Newer]]:
    """The tree after repairing newer syntax, and what was found; no tree where the error is of another kind."""
    lines = text.split("\n")
    newer: list[Newer] = []
    last: SyntaxError | None = error
    for _ in range(REPAIRS):
        number = (last.lineno or 0) if last else 0
        if not 0 < number <= len(lines):
            return None, []
        found = _repair(lines, number - 1)
        if found is None:
            return None, []
        newer.append(found)
        tree, last = _ast("\n".join(lines))
        if tree is not None:
            return tree, newer
    return None, []


def _repair(lines: list[str], index: int) -> Newer | None:
    """Rewrites one line, in place, so that an older parser takes it; None where nothing newer is recognised in it."""
    line = lines[index]
    if found := _TYPE_STATEMENT.match(line):
        lines[index] = f"{found[1]}{found[2]} ={line[found.end() :]}"
        return Newer("a type statement", (3, 12), index + 1)
    if found := _GENERIC.match(line):
        end = _closing(line, found.end() - 1)
        if end is not None:
            lines[index] = found[1] + line[end + 1 :]
            return Newer("a type parameter list", (3, 12), index + 1)
    if found := _EXCEPT.match(line):
        lines[index] = f"{found[1]} ({found[2]}):{line[found.end() :]}"
        return Newer("several exceptions without parentheses", (3, 14), index + 1)
    # A string of several lines begins somewhere above.
    for start in range(index, max(-1, index - TALLEST), -1):
        formatted = _repair_formatted(lines, start, index)
        if formatted is not None:
            return formatted
    return None


def _closing(text: str, start: int) -> int | None:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "[({") - (text[at] in "])}")
        if depth == 0:
            return at
    return None


def _repair_formatted(lines: list[str], start: int, index: int) -> Newer | None:
    """Empties the first formatted string that begins on line `start` and reaches line `index`. Names in it bind nothing."""
    rest = "\n".join(lines[start:])
    for match in _FORMATTED.finditer(lines[start]):
        end = _formatted_end(rest, match.end(), match[1])
        if end is None or rest.count("\n", 0, end) < index - start:
            continue
        body = rest[match.end() : end - len(match[1])]
        template = "t" in match[0].lower()
        if not template and not _needs_new_parser(body, match[1]):
            continue
        quote = '"""' if "\n" in body else '"'
        text = rest[: match.start()] + quote + "\n" * body.count("\n") + quote + rest[end:]
        lines[start:] = text.split("\n")
        if template:
            return Newer("a template string", (3, 14), start + 1)
        return Newer("a formatted string with quotes, comments or backslashes inside braces", (3, 12), start + 1)
    return None


def _needs_new_parser(body: str, quote: str) -> bool:
    """Whether the braces of a formatted string hold what only the parser of 3.12 takes."""
    depth, inside = 0, ""
    for at, char in enumerate(body):
        if char == "{" and (depth or body[at + 1 : at + 2] != "{"):
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif depth:
            inside += char
    return quote[0] in inside or "\\" in inside or "#" in inside or ("\n" in inside and len(quote) == 1)


def _formatted_end(text: str, start: int, quote: str) -> int | None:
    """Index after the closing quote of a formatted string by the rules of 3.12; None where it is not closed."""
    at, depth = start, 0
    while at < len(text):
        char = text[at]
        if depth == 0:
            if text.startswith(quote, at):
                return at + len(quote)
            if char == "\n" and len(quote) == 1:
                return None
            if char == "\\":
                at += 1
            elif char == "{":
                if text.startswith("{{", at):
                    at += 1
                else:
                    depth = 1
        elif char in "{[(":
            depth += 1
        elif char in "}])":
            depth -= 1
        elif char in "\"'":
            inner = text[at : at + 3] if text[at : at + 3] in ('"""', "'''") else char
            closed = text.find(inner, at + len(inner))
            if closed < 0 or ("\n" in text[at:closed] and len(inner) == 1):
                return None
            at = closed + len(inner) - 1
        at += 1
    return None
