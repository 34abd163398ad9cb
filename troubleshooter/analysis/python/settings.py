"""Which environment variables a Python handler's module reads, and which names its log misses. Pure.

`os.environ["NAME"]` at the top of the handler's module, under no condition, fails the import where there is no such
variable. Code that sets variables itself, or loads them from a file, is not followed: then nothing is certain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.analysis.environment_writes import SIZE, is_environ, parsed, prepared, written
from troubleshooter.analysis.own_sources import own_files
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.facts.settings import EnvironmentRead, EnvironmentReads, NamedSetting, SettingsQuestion
from troubleshooter.model import Origin
from troubleshooter.text import one_line

RECENT = 20
"""Invocations that speak of the present."""
_MISSED = re.compile(r"\bKeyError: '(?P<name>[A-Za-z_][A-Za-z0-9_]{1,99})'")
_TRACE = "Traceback (most recent call last)"
_FOLLOWS = re.compile(r"(?:\\[nr]|[\s,\"'])*(?:Traceback \(most recent|\[?(?:\\[nr]|[\s\"'])*File )")
"""A traceback that comes after the error, as the runtime client writes it."""
_FRAME = re.compile(r"File \\*\"(?P<path>[^\"\\\n]{1,400})\\*\", line (?P<line>\d{1,7})")
_OF_OS = re.compile(r"^<frozen os>$|/os\.py$")
STRETCH, GAP = 8000, 600
"""Characters of a traceback that are looked at, and between two of its frames."""


@provides()
def settings_question(
    timeline: Timeline | Unavailable, text: GivenText | Unavailable
) -> SettingsQuestion | Unavailable:
    """Asked where a name is missed, or where no invocation shows that the module can be loaded."""
    names: list[NamedSetting] = []
    if isinstance(text, GivenText):
        names += _names(text, text.text[:200_000], Origin.PASTED, loading=False)
    loaded = False
    if isinstance(timeline, Timeline):
        loaded = any(i.status == "success" for i in timeline.invocations[-RECENT:])
        names += _logged(timeline)
    if loaded and not names:
        return Unavailable(Reason.NOT_GIVEN, "the function runs, and no text names a variable that it misses")
    source = timeline if isinstance(timeline, Timeline) else text
    if isinstance(source, Unavailable):
        return timeline if isinstance(timeline, Unavailable) and timeline.applies else source
    return SettingsQuestion(reading=source.reading, names=tuple(names), loaded=loaded)


def _logged(timeline: Timeline) -> Iterator[NamedSetting]:
    origin = timeline.of_application
    recent = timeline.invocations[-RECENT:]
    if recent and recent[-1].status == "success":
        return
    for invocation in reversed(recent):
        said = [line for line in invocation.lines if _MISSED.search(line)]
        for text in said or (f"{invocation.error_type}: {invocation.error}",):
            yield from _names(timeline, text, origin, loading=False)
    for init in timeline.inits[-1:]:
        if init.status != "success":
            for line in init.lines:
                yield from _names(timeline, line, origin, loading=True)


def _names(fact: Fact, text: str, origin: Origin, *, loading: bool) -> Iterator[NamedSetting]:
    for match in _MISSED.finditer(text):
        evidence = replace(fact.cite("text", one_line(match[0], 160), label="missed name"), origin=origin)
        yield NamedSetting(match["name"], evidence, loading, _deepest(text, match))


def _deepest(text: str, match: re.Match[str]) -> str:
    """The place where an error arose, by its traceback, which stands after it or before it."""
    after = text[match.end() : match.end() + STRETCH]
    if _FOLLOWS.match(after):
        frames: list[re.Match[str]] = []
        for frame in _FRAME.finditer(after.partition(f"{_TRACE}:")[2] or after):
            if frames and frame.start() - frames[-1].end() > GAP:
                break
            frames.append(frame)
    else:
        before = text[max(0, match.start() - STRETCH) : match.start()]
        begins = before.rfind(_TRACE)
        frames = list(_FRAME.finditer(before[begins:])) if begins >= 0 else []
    own = [f for f in frames if not _OF_OS.search(f["path"])]
    return f"{own[-1]['path']}:{own[-1]['line']}" if own else ""


@provides()
def environment_reads(
    question: SettingsQuestion, resolution: HandlerResolution, code: CodeTree
) -> EnvironmentReads | Unavailable:
    """What the handler's own module reads, and what any own code sets."""
    path = resolution.path
    if path is None or not path.endswith(".py"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's module was not found as a Python source file")
    content = code.tree.read(path)
    if content is None or len(content) > SIZE:
        return Unavailable(Reason.TOO_BIG, f"{path} was not read")
    text = content.decode("utf-8", "replace")
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return Unavailable(Reason.UNSUPPORTED, f"{path} is not understood")
    lines = text.split("\n")
    top = {id(node) for node in certain_nodes(module.body)}
    begins = prepared(code, path, module)
    reads = [
        EnvironmentRead(
            name,
            f"{path}:{node.lineno}",
            lines[node.lineno - 1].strip()[:200],
            while_loading=id(node) in top,
            prepared=begins is not None and begins < node.lineno,
            last_line=node.end_lineno or node.lineno,
        )
        for node in ast.walk(module)
        if (name := _read(node)) is not None and isinstance(node, ast.Subscript)
    ]
    elsewhere = _elsewhere(code, {r.name for r in reads})
    return EnvironmentReads(
        reading=reading_of(code),
        reads=tuple(reads),
        set_by_code=tuple(sorted(written(code))),
        elsewhere=tuple(sorted(elsewhere)),
    )


def _elsewhere(code: CodeTree, names: set[str]) -> set[str]:
    """Which of the names own code writes out for another use than reading a variable."""
    found: set[str] = set()
    for path in own_files(code, (".py",)) if names else ():
        module = parsed(code, path)
        if module is None:
            return names
        of_variables = {id(key) for node in ast.walk(module) for key in _keys(node)}
        found |= {
            node.value
            for node in ast.walk(module)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in of_variables
        } & names
    return found


def _keys(node: ast.AST) -> Iterator[ast.expr]:
    """Where a variable's name is written out: `environ["X"]`, `environ.get("X")`, `getenv("X")`, `"X" in environ`."""
    if isinstance(node, ast.Subscript) and is_environ(node.value):
        yield node.slice
    elif isinstance(node, ast.Compare) and any(map(is_environ, node.comparators)):
        yield node.left
    elif isinstance(node, ast.Call) and node.args:
        func = node.func
        by_method = isinstance(func, ast.Attribute) and (is_environ(func.value) or func.attr == "getenv")
        if by_method or (isinstance(func, ast.Name) and func.id == "getenv"):
            yield node.args[0]


def _read(node: ast.AST) -> str | None:
    """`os.environ["NAME"]` or `environ["NAME"]` that is read."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return None
    key = node.slice
    if is_environ(node.value) and isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    return None


def certain_nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that are evaluated whenever the statements are: nothing in functions, branches, loops or `try`.

    What comes after a statement that may leave, or may raise first, still is not reached where that happens; then the
    import fails all the same.
    """
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from certain_nodes(statement.body)
        elif isinstance(statement, ast.With):
            for item in statement.items:
                yield from _always(item.context_expr)
        elif (
            isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return)
            and statement.value
        ):
            yield from _always(statement.value)


def _always(expression: ast.expr) -> Iterator[ast.AST]:
    """Parts of an expression that are evaluated whatever the others come to."""
    waiting: list[ast.AST] = [expression]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        if isinstance(node, ast.IfExp):
            waiting.append(node.test)
        elif isinstance(node, ast.BoolOp):
            waiting.append(node.values[0])
        else:
            waiting.extend(ast.iter_child_nodes(node))
