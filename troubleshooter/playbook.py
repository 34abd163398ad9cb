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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from troubleshooter.checks import all_checks
from troubleshooter.errors import PlaybookError
from troubleshooter.model import Outcome, Rung
from troubleshooter.playbook_file import PlaybookFile, nearest
from troubleshooter.proposals import PROPOSALS

CONFIRMED = "confirmed"
FIRST = "triage"
"""The playbook that a walk begins with."""
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
    books = [book for file in files if (book := _playbook(file, problems)) is not None]
    found = {book.name: book for book in books}
    _check_set(found, set(all_checks() if known is None else known), folder, problems)
    if problems:
        raise PlaybookError(problems)
    return Playbooks(found)


def _playbook(path: Path, problems: list[str]) -> Playbook | None:
    """One file as a Playbook; None where something in it is wrong, which then stands in `problems`."""
    file = PlaybookFile(path, problems)
    parsed = file.parse()
    if parsed is None:
        return None
    nodes = {name: Node(playbook=path.stem, name=name, **parts) for name, parts in parsed.nodes.items()}
    rung = Rung(parsed.rung) if parsed.rung else None
    return Playbook(path.stem, parsed.title, parsed.start, nodes, rung, parsed.sha256)


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
            yield f"no check {check!r}{nearest(check, known)}"
    if node.goes_on_in and node.goes_on_in not in books:
        yield f"continue: no playbook {node.goes_on_in!r}{nearest(node.goes_on_in, books)}"
    if node.propose and node.propose not in PROPOSALS:
        yield f"propose: no function {node.propose!r}{nearest(node.propose, PROPOSALS)}"
    if node.unattended and node.unattended not in node.choices:
        yield f"unattended: no choice {node.unattended!r}{nearest(node.unattended, node.choices)}"
    if node.ask and not node.unattended:
        yield f"node {node.name!r} needs an `unattended:` choice for runs without an engineer"
    for branch, target in node.then.items():
        if branch != ELSE and branch not in node.answers:
            yield f"then: {branch!r} is no answer of node {node.name!r}{nearest(branch, node.answers)}"
        if target == CONFIRMED:
            if branch != Outcome.FAIL.value:
                yield f"then: only `fail` may lead to {CONFIRMED!r}, not {branch!r}"
        elif target not in book.nodes:
            yield f"then: no node {target!r}{nearest(target, book.nodes)}"
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
