"""A YAML or JSON document as plain values that know their lines. Nothing in it is ever constructed or run.

Outside text: size, depth and number of values are capped, aliases counted as often as they are used. CloudFormation's
short tags become their long forms (`!Ref X` → {"Ref": "X"}), tags that nothing is known of a one-key mapping of the same
shape.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import yaml

MAX_CHARACTERS = 2 * 1024 * 1024
"""Twice what CloudFormation takes."""
MAX_JSON_CHARACTERS = 16 * 1024 * 1024
"""Plans of Terraform hold every provider's schema of what they plan."""
MAX_DEPTH = 60
MAX_VALUES = 500_000

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Located:
    """One value and the line where it stands, counted from 1: for a mapping's value, the line of its key."""

    value: Scalar | Mapping[str, Located] | Sequence[Located]
    line: int

    @property
    def mapping(self) -> Mapping[str, Located]:
        """The value if it is a mapping, else an empty one."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> Sequence[Located]:
        """The value if it is a list, else an empty one."""
        return self.value if isinstance(self.value, Sequence) and not isinstance(self.value, str) else ()

    @property
    def text(self) -> str | None:
        """The value if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def function(self) -> str | None:
        """Name of the intrinsic function that this is a call of, as `Ref` or `Fn::Sub`; None for a plain value."""
        if len(self.mapping) != 1:
            return None
        name = next(iter(self.mapping))
        return name if name in ("Ref", "Condition") or name.startswith(("Fn::", "!")) else None

    def get(self, *path: str) -> Located | None:
        """The value below a path of keys; None where there is none."""
        here: Located | None = self
        for key in path:
            here = here.mapping.get(key) if here is not None else None
        return here


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was read."""

    root: Located
    repeated: tuple[tuple[str, int], ...] = ()
    """Keys that stand twice in one mapping, with the line of the second, which wins."""


class NotReadable(Exception):
    """The text is no document. `line` counts from 1 and is 0 where no line can be named; nothing of the text is quoted."""

    def __init__(self, detail: str, line: int = 0, *, too_big: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.too_big = too_big


def load(text: str, *, json_first: bool = False) -> Document:
    """Reads JSON or YAML; `json_first` says whose complaint counts when it is neither. Raises NotReadable."""
    limit = MAX_JSON_CHARACTERS if json_first else MAX_CHARACTERS
    if len(text) > limit:
        raise NotReadable(f"it is larger than {limit // 1024 // 1024} MiB", too_big=True)
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] not in ("{", "["):
        return _Yaml().load(text)
    try:
        return _Json(text).load()
    except NotReadable as error:
        if json_first or error.too_big:
            raise
        return _Yaml().load(text)


class _Builder:
    """What both readers share: the caps and the repeated keys."""

    def __init__(self) -> None:
        self.count = 0
        self.repeated: list[tuple[str, int]] = []

    def enter(self, depth: int, line: int) -> None:
        """Accounts for one value. Raises NotReadable for too many or too deep."""
        self.count += 1
        if depth > MAX_DEPTH:
            raise NotReadable(f"it is nested deeper than {MAX_DEPTH} levels", line, too_big=True)
        if self.count > MAX_VALUES:
            raise NotReadable(f"it has more than {MAX_VALUES} values", line, too_big=True)

    def put(self, target: dict[str, Located], key: str, value: Located) -> None:
        if key in target:
            self.repeated.append((key, value.line))
        target[key] = value

    def document(self, root: Located) -> Document:
        return Document(root, tuple(self.repeated))


_CORE = "tag:yaml.org,2002:"
_KNOWN = frozenset({"bool", "float", "int", "map", "merge", "null", "omap", "seq", "set", "str", "timestamp", "value"})
_TRUE = frozenset({"true", "yes", "on"})
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[+-]?[0-9]{1,17}\.[0-9]{1,17}")
_LONG_FORMS = {"Ref": "Ref", "Condition": "Condition"}


class _Yaml(_Builder):
    """YAML by PyYAML's composer in Python: nodes with marks, no tag's code. The parser in C crashes on deep nesting."""

    def load(self, text: str) -> Document:
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 0
            raise NotReadable("it holds a character that YAML does not allow", line) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise NotReadable(_problem(error), mark.line + 1 if mark else 0) from error
        except yaml.YAMLError as error:
            raise NotReadable("it is not YAML") from error
        except RecursionError as error:
            raise NotReadable(f"it is nested deeper than {MAX_DEPTH} levels", too_big=True) from error
        except (ValueError, IndexError, AttributeError, TypeError, OverflowError) as error:
            raise NotReadable(f"it is not YAML ({type(error).__name__})") from error
        if node is None:
            raise NotReadable("it is empty")
        return self.document(self.located(node, _line(node), 1))

    def located(self, node: yaml.Node, line: int, depth: int) -> Located:
        """A node as a value at `line`, its tag's long form around it."""
        self.enter(depth, line)
        tag = node.tag or ""
        if tag == "!" or (tag.startswith(_CORE) and tag.removeprefix(_CORE) in _KNOWN):
            return Located(self.content(node, depth), line)
        inner = Located(self.content(node, depth), line)
        return Located({_long_form(tag): _argument(tag, inner)}, line)

    def content(self, node: yaml.Node, depth: int) -> Scalar | Mapping[str, Located] | Sequence[Located]:
        if isinstance(node, yaml.MappingNode):
            entries: dict[str, Located] = {}
            self.fill(entries, node, depth)
            return entries
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.located(item, _line(item), depth + 1) for item in node.value)
        return _scalar(node)

    def fill(self, entries: dict[str, Located], node: yaml.MappingNode, depth: int) -> None:
        """The entries of a mapping; what `<<` merges in stands behind what is written out."""
        merged: dict[str, Located] = {}
        for key, value in node.value:
            if key.tag == f"{_CORE}merge":
                self.merge(merged, value, depth + 1)
            elif isinstance(key, yaml.ScalarNode):
                self.put(entries, str(key.value), self.located(value, _line(key), depth + 1))
            else:
                raise NotReadable("a key is not text", _line(key))
        for name, located in merged.items():
            entries.setdefault(name, located)

    def merge(self, merged: dict[str, Located], value: yaml.Node, depth: int) -> None:
        self.enter(depth, _line(value))
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                raise NotReadable("`<<` merges something that is no mapping", _line(value))
            entries: dict[str, Located] = {}
            self.fill(entries, source, depth)
            for name, located in entries.items():
                merged.setdefault(name, located)


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _problem(error: yaml.MarkedYAMLError) -> str:
    """What the parser complains of, without what it quotes from the text but single characters."""
    problem = re.sub(r"'[^']{2,}'|\"[^\"]{2,}\"", "…", error.problem or "")
    return f"it is not YAML: {problem}" if problem else "it is not YAML"


def _scalar(node: yaml.Node) -> Scalar:
    text = str(node.value)
    tag = (node.tag or "").removeprefix(_CORE)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() in _TRUE
    if tag == "int" and _INTEGER.fullmatch(text):
        return int(text)
    if tag == "float" and _FLOAT.fullmatch(text):
        return float(text)
    return text


def _long_form(tag: str) -> str:
    name = tag.removeprefix("!")
    return _LONG_FORMS.get(name, f"Fn::{name}") if tag.startswith("!") and name else f"!{tag}"


def _argument(tag: str, inner: Located) -> Located:
    """`!GetAtt A.B` means ["A", "B"]."""
    if tag == "!GetAtt" and isinstance(inner.value, str):
        resource, _, attribute = inner.value.partition(".")
        return Located((Located(resource, inner.line), Located(attribute, inner.line)), inner.line)
    return inner


_BLANK = re.compile(r"[ \t\r\n]*")


class _Json(_Builder):
    """JSON with lines. Values other than mappings and lists are left to the standard library's decoder."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.breaks = [m.start() for m in re.finditer("\n", text)]
        self.decode = json.JSONDecoder().raw_decode

    def load(self) -> Document:
        root, end = self.value(self.skip(0), 1)
        if self.skip(end) != len(self.text):
            raise NotReadable("it is not JSON: something follows its end", self.line(self.skip(end)))
        return self.document(root)

    def line(self, position: int) -> int:
        return bisect.bisect_left(self.breaks, position) + 1

    def skip(self, position: int) -> int:
        blank = _BLANK.match(self.text, position)
        return blank.end() if blank else position

    def fail(self, wanted: str, position: int) -> NotReadable:
        return NotReadable(f"it is not JSON: {wanted} is missing", self.line(position))

    def value(self, at: int, depth: int, line: int = 0) -> tuple[Located, int]:
        """The value that begins at `at`, and where it ends."""
        line = line or self.line(at)
        self.enter(depth, line)
        begin = self.text[at : at + 1]
        if begin == "{":
            return self.mapping(at + 1, depth, line)
        if begin == "[":
            return self.list(at + 1, depth, line)
        value, end = self.scalar(at)
        return Located(value, line), end

    def scalar(self, at: int) -> tuple[Scalar, int]:
        try:
            value, end = self.decode(self.text, at)
        except ValueError as error:
            raise NotReadable("it is not JSON: a value cannot be read", self.line(at)) from error
        scalar: Scalar = value
        return scalar, end

    def mapping(self, at: int, depth: int, line: int) -> tuple[Located, int]:
        entries: dict[str, Located] = {}
        at = self.skip(at)
        while self.text[at : at + 1] != "}":
            if entries:
                at = self.after(",", at)
            if self.text[at : at + 1] != '"':
                raise self.fail("a key in quotes", at)
            key, end = self.scalar(at)
            value, end = self.value(self.after(":", self.skip(end)), depth + 1, self.line(at))
            self.put(entries, str(key), value)
            at = self.skip(end)
        return Located(entries, line), at + 1

    def list(self, at: int, depth: int, line: int) -> tuple[Located, int]:
        items: list[Located] = []
        at = self.skip(at)
        while self.text[at : at + 1] != "]":
            if items:
                at = self.after(",", at)
            item, end = self.value(at, depth + 1)
            items.append(item)
            at = self.skip(end)
        return Located(tuple(items), line), at + 1

    def after(self, sign: str, at: int) -> int:
        """Position of what follows `sign`, which must stand at `at`."""
        if self.text[at : at + 1] != sign:
            raise self.fail(f"`{sign}`", at)
        return self.skip(at + 1)
