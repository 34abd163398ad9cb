"""Playbooks: decision trees in YAML that order the reading and the asking. No code, no expressions.

    playbook: spawn                      the file's name
    title: The process does not start
    rung: spawn                          optional; at most one playbook a rung
    start: architecture
    nodes:
      architecture:
        check: arch_image_function_mismatch      or  checks: [a, b, c]   (the first failed one decides)
        then: {fail: confirmed, unknown: …, pass: …, not_applicable: …, else: entrypoint}
      where:
        ask: Where does it stop?
        choices: {spawn: The process is not started, …}
        propose: failing_rung                    a pure function of facts that answers; may be overruled
        unattended: spawn                        the answer where nobody can be asked and nothing is proposed
        then: {spawn: on_spawn, else: …}
      on_spawn:
        continue: spawn                          goes on in another playbook
      nothing:
        diagnosis: Nothing on this rung explains it.      a worded leaf

`confirmed` is the reserved leaf: the failed finding is the diagnosis. Files that do not load name all their mistakes at
once, each with file, line and the nearest name.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from troubleshooter.checks import all_checks
from troubleshooter.errors import PlaybookError
from troubleshooter.model import Outcome, Rung

if TYPE_CHECKING:
    import yaml

MAX_BYTES, MAX_DEPTH, MAX_NODES = 256 * 1024, 24, 20_000
CONFIRMED = "confirmed"
FIRST = "triage"
"""The playbook that a walk begins with."""
PROPOSERS = frozenset({"failing_rung"})
"""Names that `propose:` may give; `session` answers them from the triage."""
CHECK_BRANCHES = tuple(outcome.value for outcome in Outcome)
ELSE = "else"


@dataclass(frozen=True, slots=True)
class Node:
    """One step. Exactly one of `checks`, `ask`, `goes_on_in`, `diagnosis` is set."""

    playbook: str
    name: str
    line: int
    checks: tuple[str, ...] = ()
    ask: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    propose: str = ""
    unattended: str = ""
    goes_on_in: str = ""
    diagnosis: str = ""
    then: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_leaf(self) -> bool:
        return bool(self.diagnosis)

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be replied here."""
        if self.checks:
            return CHECK_BRANCHES
        return tuple(self.choices) if self.ask else ()


@dataclass(frozen=True, slots=True)
class Playbook:
    """One file."""

    name: str
    title: str
    start: str
    nodes: Mapping[str, Node]
    rung: Rung | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Playbooks:
    """A whole set that fits together."""

    by_name: Mapping[str, Playbook]

    @property
    def first(self) -> Node:
        return self.start(FIRST)

    @property
    def hashes(self) -> dict[str, str]:
        """Name → first 12 digits of the file's SHA-256."""
        return {name: book.sha256[:12] for name, book in sorted(self.by_name.items())}

    def start(self, playbook: str) -> Node:
        """The node that a playbook begins with, `continue` followed."""
        book = self.by_name[playbook]
        return self._landed(book.nodes[book.start])

    def node(self, playbook: str, name: str) -> Node | None:
        book = self.by_name.get(playbook)
        return book.nodes.get(name) if book else None

    def after(self, node: Node, reply: str) -> Node | None:
        """The next node after a reply; None when the walk is over: at `confirmed`, or behind a leaf. Pure."""
        target = node.then.get(reply) or node.then.get(ELSE)
        if target is None or target == CONFIRMED:
            return None
        return self._landed(self.by_name[node.playbook].nodes[target])

    def _landed(self, node: Node) -> Node:
        return self.start(node.goes_on_in) if node.goes_on_in else node

    def checks(self) -> set[str]:
        """Ids of all checks that some node asks."""
        return {check for book in self.by_name.values() for node in book.nodes.values() for check in node.checks}


def builtin() -> Path:
    """The folder with the playbooks that come with the product: in the wheel, or at the root of a checkout."""
    packaged = Path(__file__).parent / "_playbooks"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "playbooks"


def load(folder: Path | None = None, known: Iterable[str] | None = None) -> Playbooks:
    """Loads a folder of playbooks. Raises PlaybookError with every problem of every file.

    `known`: ids of checks that nodes may name; all of the product's where not given.
    """
    folder = folder or builtin()
    if not folder.is_dir():
        raise PlaybookError([f"{folder}: no such folder of playbooks"])
    problems: list[str] = []
    files = sorted(folder.glob("*.yaml"))
    books = [book for file in files if (book := _File(file, problems).playbook()) is not None]
    found = {book.name: book for book in books}
    _check_set(found, set(all_checks() if known is None else known), folder, problems)
    if problems:
        raise PlaybookError(problems)
    return Playbooks(found)


class _File:
    """Reads one file into a Playbook, noting what is wrong with it."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path, self.problems = path, problems

    def problem(self, line: int, text: str) -> None:
        self.problems.append(f"{self.path.name}:{line}: {text}")

    def playbook(self) -> Playbook | None:
        before = len(self.problems)
        try:
            content = self.path.read_bytes()
            root = self._composed(content)
        except _Refused as refused:
            self.problem(refused.line, refused.text)
            return None
        top = self._mapping(root, "a playbook", {"playbook", "title", "rung", "start", "nodes"})
        name = self._text(top, "playbook", root)
        if name and name != self.path.stem:
            self.problem(_line(top["playbook"]), f"playbook: {name!r} is not the file's name, {self.path.stem!r}")
        rung = self._rung(top)
        nodes_at = top.get("nodes")
        if nodes_at is None:
            self.problem(_line(root), "nodes: is missing")
            return None
        nodes = {}
        for key, value in self._mapping(nodes_at, "nodes", None).items():
            if key == CONFIRMED:
                self.problem(_line(value), f"{CONFIRMED!r} is reserved: the failed finding is the diagnosis")
            node = self._node(self.path.stem, key, value)
            if node is not None:
                nodes[key] = node
        start = self._text(top, "start", root)
        if start and nodes and start not in nodes:
            self.problem(_line(top["start"]), f"start: no node {start!r}{_nearest(start, nodes)}")
        title = self._text(top, "title", root)
        if len(self.problems) > before:
            return None
        return Playbook(self.path.stem, title, start, nodes, rung, hashlib.sha256(content).hexdigest())

    def _composed(self, content: bytes) -> yaml.Node:
        import yaml

        if len(content) > MAX_BYTES:
            raise _Refused(1, f"larger than {MAX_BYTES} bytes")
        try:
            text = content.decode("utf-8")
            depth = nodes = 0
            for event in yaml.parse(text, Loader=yaml.SafeLoader):
                line = event.start_mark.line + 1 if event.start_mark else 1
                nodes += 1
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                    raise _Refused(line, "anchors and aliases are not allowed")
                if getattr(event, "tag", None):
                    raise _Refused(line, f"tags are not allowed: {event.tag}")
                if depth > MAX_DEPTH or nodes > MAX_NODES:
                    raise _Refused(line, "too deep or too large for a playbook")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            what = getattr(error, "problem", None) or str(error)
            raise _Refused(mark.line + 1 if mark else 1, f"not readable as YAML: {what}") from error
        if root is None:
            raise _Refused(1, "the file is empty")
        return root

    def _mapping(self, node: yaml.Node, what: str, allowed: set[str] | None) -> dict[str, yaml.Node]:
        import yaml

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
                self.problem(_line(key), f"{what} has no key {word!r}{_nearest(word, allowed)}")
            else:
                found[word] = value
        return found

    def _text(self, top: Mapping[str, yaml.Node], key: str, parent: yaml.Node) -> str:
        import yaml

        node = top.get(key)
        if node is None:
            self.problem(_line(parent), f"{key}: is missing")
        elif not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.problem(_line(node), f"{key}: must be text")
        else:
            return str(node.value).strip()
        return ""

    def _rung(self, top: Mapping[str, yaml.Node]) -> Rung | None:
        if "rung" not in top:
            return None
        word = self._text(top, "rung", top["rung"])
        names = [r.value for r in Rung]
        if word and word not in names:
            self.problem(_line(top["rung"]), f"rung: no rung {word!r}{_nearest(word, names)}")
            return None
        return Rung(word) if word else None

    def _node(self, book: str, name: str, at: yaml.Node) -> Node | None:
        keys = {"check", "checks", "ask", "choices", "propose", "unattended", "continue", "diagnosis", "then"}
        parts = self._mapping(at, f"node {name!r}", keys)
        kinds = [k for k in ("check", "checks", "ask", "continue", "diagnosis") if k in parts]
        line = _line(at)
        if len(kinds) != 1:
            self.problem(line, f"node {name!r} must have one of check, checks, ask, continue, diagnosis")
            return None
        kind = kinds[0]
        allowed = {kind, "then"} if kind in ("check", "checks") else {kind}
        if kind == "ask":
            allowed |= {"choices", "propose", "unattended", "then"}
        for key in parts.keys() - allowed:
            self.problem(_line(parts[key]), f"node {name!r}: {key} does not go with {kind}")
        then = self._then(name, parts)
        if kind == "check":
            return Node(book, name, line, checks=(self._text(parts, "check", at),), then=then)
        if kind == "checks":
            return Node(book, name, line, checks=tuple(self._words(parts["checks"], name)), then=then)
        if kind == "continue":
            return Node(book, name, line, goes_on_in=self._text(parts, "continue", at))
        if kind == "diagnosis":
            return Node(book, name, line, diagnosis=self._text(parts, "diagnosis", at))
        return Node(
            book,
            name,
            line,
            ask=self._text(parts, "ask", at),
            choices=self._plain(parts.get("choices"), f"choices of node {name!r}", at),
            propose=self._text(parts, "propose", at) if "propose" in parts else "",
            unattended=self._text(parts, "unattended", at) if "unattended" in parts else "",
            then=then,
        )

    def _then(self, name: str, parts: Mapping[str, yaml.Node]) -> dict[str, str]:
        return self._plain(parts["then"], f"then of node {name!r}", parts["then"]) if "then" in parts else {}

    def _plain(self, node: yaml.Node | None, what: str, parent: yaml.Node) -> dict[str, str]:
        if node is None:
            self.problem(_line(parent), f"{what}: is missing")
            return {}
        mapping = self._mapping(node, what, None)
        return {key: self._text(mapping, key, value) for key, value in mapping.items()}

    def _words(self, node: yaml.Node, name: str) -> list[str]:
        import yaml

        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(v, yaml.ScalarNode) for v in node.value):
            self.problem(_line(node), f"checks of node {name!r} must be a list of check ids")
            return []
        return [str(v.value) for v in node.value]


class _Refused(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _nearest(word: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(names), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _check_set(books: Mapping[str, Playbook], known: set[str], folder: Path, problems: list[str]) -> None:
    """What can only be seen across nodes and files."""
    if FIRST not in books and not problems:
        problems.append(f"{folder}: no {FIRST}.yaml, which a walk begins with")
    rungs: dict[Rung, str] = {}
    for book in books.values():
        if book.rung is not None and rungs.setdefault(book.rung, book.name) != book.name:
            problems.append(f"{book.name}.yaml:1: rung {book.rung} has a playbook already: {rungs[book.rung]}.yaml")
        for node in book.nodes.values():
            problems.extend(
                f"{book.name}.yaml:{node.line}: {text}" for text in _node_problems(node, book, books, known)
            )
        reached = _reachable(book)
        problems.extend(
            f"{book.name}.yaml:{node.line}: node {name!r} is never reached"
            for name, node in book.nodes.items()
            if name not in reached
        )
    if not problems:
        problems.extend(_circles(books))


def _node_problems(node: Node, book: Playbook, books: Mapping[str, Playbook], known: set[str]) -> Iterator[str]:
    for check in node.checks:
        if check not in known:
            yield f"no check {check!r}{_nearest(check, known)}"
    if node.goes_on_in and node.goes_on_in not in books:
        yield f"continue: no playbook {node.goes_on_in!r}{_nearest(node.goes_on_in, books)}"
    if node.propose and node.propose not in PROPOSERS:
        yield f"propose: no function {node.propose!r}{_nearest(node.propose, PROPOSERS)}"
    if node.unattended and node.unattended not in node.choices:
        yield f"unattended: no choice {node.unattended!r}{_nearest(node.unattended, node.choices)}"
    if node.ask and not node.unattended:
        yield f"node {node.name!r} needs an `unattended:` choice for runs without an engineer"
    for branch, target in node.then.items():
        if branch != ELSE and branch not in node.answers:
            yield f"then: {branch!r} is no answer of node {node.name!r}{_nearest(branch, node.answers)}"
        if target == CONFIRMED:
            if branch != Outcome.FAIL.value:
                yield f"then: only `fail` may lead to {CONFIRMED!r}, not {branch!r}"
        elif target not in book.nodes:
            yield f"then: no node {target!r}{_nearest(target, book.nodes)}"
    if (node.checks or node.ask) and ELSE not in node.then:
        for lacking in [a for a in node.answers if a not in node.then]:
            yield f"node {node.name!r} does not say what follows {lacking!r}; add it or `else`"


def _reachable(book: Playbook) -> set[str]:
    todo, seen = [book.start], set()
    while todo:
        name = todo.pop()
        if name in book.nodes and name not in seen:
            seen.add(name)
            todo.extend(book.nodes[name].then.values())
    return seen


def _circles(books: Mapping[str, Playbook]) -> list[str]:
    """A walk must end: no node may lead back to itself, through `continue` neither."""
    done: set[tuple[str, str]] = set()
    problems: list[str] = []

    def visit(book: str, name: str, way: tuple[tuple[str, str], ...]) -> None:
        here = (book, name)
        node = books[book].nodes[name]
        if here in way:
            steps = " → ".join(f"{b}/{n}" for b, n in (*way[way.index(here) :], here))
            problems.append(f"{book}.yaml:{node.line}: the walk can go in a circle: {steps}")
            return
        if here in done:
            return
        for target in node.then.values():
            if target != CONFIRMED:
                visit(book, target, (*way, here))
        if node.goes_on_in:
            visit(node.goes_on_in, books[node.goes_on_in].start, (*way, here))
        done.add(here)

    for book in books.values():
        visit(book.name, book.start, ())
    return problems
