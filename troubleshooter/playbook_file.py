"""Reads one playbook file: YAML with positions, behind a scan that refuses what a playbook has no use for.

No anchors, aliases, merge keys or tags; sizes are capped; keys are plain text. Every mistake is noted with its line.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from troubleshooter.model import Rung

MAX_BYTES, MAX_DEPTH, MAX_EVENTS = 256 * 1024, 24, 20_000
MAX_BRACKETS = 1000
RESERVED = "confirmed"
KINDS = ("check", "checks", "ask", "continue", "diagnosis")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's content, well-formed but not yet held against the other files."""

    title: str
    start: str
    rung: str
    nodes: Mapping[str, dict[str, Any]]
    """Name → the keyword arguments of `playbook.Node` but its playbook and name."""
    sha256: str


def nearest(word: str, names: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest name, or nothing."""
    close = difflib.get_close_matches(word, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


class PlaybookFile:
    """Reads one file into a Playbook, noting what is wrong with it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path, self.problems = path, problems

    def problem(self, line: int, text: str) -> None:
        self.problems.append(f"{self.path.name}:{line}: {text}")

    def parse(self) -> Parsed | None:
        """The file's content; None where anything in it is wrong."""
        before = len(self.problems)
        try:
            content = self.path.read_bytes()
            root = self._composed(content)
        except OSError as error:
            self.problem(1, f"cannot be read: {error.strerror}")
            return None
        except _Refused as refused:
            self.problem(refused.line, refused.text)
            return None
        top = self._mapping(root, "a playbook", {"playbook", "title", "rung", "start", "nodes"})
        name = self._text(top, "playbook", root)
        if name and name != self.path.stem:
            self.problem(_line(top["playbook"]), f"playbook: {name!r} is not the file's name, {self.path.stem!r}")
        title, start, rung = self._text(top, "title", root), self._text(top, "start", root), self._rung(top)
        nodes = self._nodes(top.get("nodes"), root)
        if start and nodes and start not in nodes:
            self.problem(_line(top["start"]), f"start: no node {start!r}{nearest(start, nodes)}")
        if len(self.problems) > before:
            return None
        return Parsed(title, start, rung, nodes, hashlib.sha256(content).hexdigest())

    def _nodes(self, at: yaml.Node | None, root: yaml.Node) -> dict[str, dict[str, Any]]:
        if at is None:
            self.problem(_line(root), "nodes: is missing")
            return {}
        nodes = {}
        for key, value in self._mapping(at, "nodes", None).items():
            if key == RESERVED:
                self.problem(_line(value), f"{RESERVED!r} is reserved: the failed finding is the diagnosis")
            parts = self._node(key, value)
            if parts is not None:
                nodes[key] = parts
        return nodes

    def _composed(self, content: bytes) -> yaml.Node:
        if len(content) > MAX_BYTES:
            raise _Refused(1, f"larger than {MAX_BYTES} bytes")
        try:
            text = content.decode("utf-8")
            loader = _loader(text)
            _scan(text, loader)
            root = yaml.compose(text, Loader=loader)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or str(error)
            raise _Refused(mark.line + 1 if mark else 1, f"not readable as YAML: {what}") from error
        if root is None:
            raise _Refused(1, "the file is empty")
        return root

    def _mapping(self, node: yaml.Node, what: str, allowed: set[str] | None) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.problem(_line(node), f"{what} must be a mapping of names to values")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            word = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not word:
                self.problem(_line(key), f"a key of {what} must be plain text")
            elif word in found:
                self.problem(_line(key), f"{word!r} stands here twice")
            elif allowed is not None and word not in allowed:
                self.problem(_line(key), f"{what} has no key {word!r}{nearest(word, allowed)}")
            else:
                found[word] = value
        return found

    def _text(self, top: Mapping[str, yaml.Node], key: str, parent: yaml.Node) -> str:
        node = top.get(key)
        if node is None:
            self.problem(_line(parent), f"{key}: is missing")
        elif not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.problem(_line(node), f"{key}: must be text")
        else:
            return str(node.value).strip()
        return ""

    def _rung(self, top: Mapping[str, yaml.Node]) -> str:
        if "rung" not in top:
            return ""
        word = self._text(top, "rung", top["rung"])
        names = [r.value for r in Rung]
        if word and word not in names:
            self.problem(_line(top["rung"]), f"rung: no rung {word!r}{nearest(word, names)}")
        return word

    def _node(self, name: str, at: yaml.Node) -> dict[str, Any] | None:
        parts = self._mapping(at, f"node {name!r}", {*KINDS, "choices", "propose", "unattended", "then"})
        kinds = [k for k in KINDS if k in parts]
        if len(kinds) != 1:
            self.problem(_line(at), f"node {name!r} must have one of {', '.join(KINDS)}")
            return None
        kind = kinds[0]
        allowed = {kind, "then"} if kind in ("check", "checks") else {kind}
        if kind == "ask":
            allowed |= {"choices", "propose", "unattended", "then"}
        for key in parts.keys() - allowed:
            self.problem(_line(parts[key]), f"node {name!r}: {key} does not go with {kind}")
        made: dict[str, Any] = {"line": _line(at), "then": self._then(name, parts)}
        if kind == "checks":
            return {**made, "checks": tuple(self._words(parts["checks"], name))}
        text = self._text(parts, kind, at)
        if kind == "check":
            return {**made, "checks": (text,)}
        if kind == "continue":
            return {**made, "goes_on_in": text}
        if kind == "diagnosis":
            return {**made, "diagnosis": text}
        for key in ("propose", "unattended"):
            if key in parts:
                made[key] = self._text(parts, key, at)
        return {**made, "ask": text, "choices": self._plain(parts.get("choices"), f"choices of node {name!r}", at)}

    def _then(self, name: str, parts: Mapping[str, yaml.Node]) -> dict[str, str]:
        return self._plain(parts["then"], f"then of node {name!r}", parts["then"]) if "then" in parts else {}

    def _plain(self, node: yaml.Node | None, what: str, parent: yaml.Node) -> dict[str, str]:
        if node is None:
            self.problem(_line(parent), f"{what}: is missing")
            return {}
        mapping = self._mapping(node, what, None)
        return {key: self._text(mapping, key, value) for key, value in mapping.items()}

    def _words(self, node: yaml.Node, name: str) -> list[str]:
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(v, yaml.ScalarNode) for v in node.value):
            self.problem(_line(node), f"checks of node {name!r} must be a list of check ids")
            return []
        return [str(v.value) for v in node.value]


class _Refused(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


def _loader(text: str) -> Any:
    """The fast parser for text that cannot nest deeply, for that one dies of depth; else the one in Python."""
    shallow = text.count("[") + text.count("{") < MAX_BRACKETS and not re.search(r"^[ -]{200}", text, re.MULTILINE)
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader) if shallow else yaml.SafeLoader


def _scan(text: str, loader: Any) -> None:
    """Raises _Refused for what a playbook has no use for, before anything is built of it."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=loader)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(line, "anchors and aliases are not allowed")
        if tag := getattr(event, "tag", None):
            raise _Refused(line, f"tags are not allowed: {tag}")
        if depth > MAX_DEPTH or number > MAX_EVENTS:
            raise _Refused(line, "too deep or too large for a playbook")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
