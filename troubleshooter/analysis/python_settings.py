"""Which environment variables a Python handler's module reads, and which names its log misses. Pure.

`os.environ["NAME"]` at the top of the handler's module, under no condition, fails the import where there is no such
variable. Code that sets variables itself, or loads them from a file, is not followed: then nothing is certain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.base import Fact
from troubleshooter.facts.given import GivenText
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.facts.settings import EnvironmentRead, EnvironmentReads, NamedSetting, SettingsQuestion
from troubleshooter.model import Origin
from troubleshooter.text import one_line

RECENT, FILES, SIZE = 20, 300, 400_000
"""Invocations of the present; own source files that are searched, and the bytes of each."""
_MISSED = re.compile(r"\bKeyError: '(?P<name>[A-Za-z_][A-Za-z0-9_]{1,99})'")
_SETS = re.compile(
    r"environ\.update\(|\bdotenv\b|\bload_env|environ\s*\|=|putenv\(|"
    r"environ\.setdefault\(\s*[\"'](?P<default>\w+)[\"']|environ\[\s*[\"'](?P<name>\w+)[\"']\s*\]\s*=(?!=)"
    r"|environ\.(?:setdefault\(|__setitem__)|environ\[\s*[A-Za-z_]\w*\s*\]\s*=(?!=)"
)
_INSTALLED = re.compile(r"/(?:site-packages|dist-packages|__pycache__|[^/]+\.(?:dist|egg)-info)(?:/|$)")


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
    origin = Origin.PASTED if timeline.reading.origin is Origin.PASTED else Origin.APPLICATION_LOG
    recent = timeline.invocations[-RECENT:]
    if recent and recent[-1].status == "success":
        return
    for invocation in reversed(recent):
        yield from _names(timeline, f"{invocation.error_type}: {invocation.error}", origin, loading=False)
    for init in timeline.inits[-1:]:
        if init.status != "success":
            for line in init.lines:
                yield from _names(timeline, line, origin, loading=True)


def _names(fact: Fact, text: str, origin: Origin, *, loading: bool) -> Iterator[NamedSetting]:
    for match in _MISSED.finditer(text):
        evidence = replace(fact.cite("text", one_line(match[0], 160), label="missed name"), origin=origin)
        yield NamedSetting(match["name"], evidence, loading)


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
    top = {id(node) for node in _certain(module.body)}
    reads = [
        EnvironmentRead(name, f"{path}:{node.lineno}", lines[node.lineno - 1].strip()[:200], id(node) in top)
        for node in ast.walk(module)
        if (name := _read(node)) is not None and isinstance(node, ast.Subscript)
    ]
    return EnvironmentReads(reading=code.reading, reads=tuple(reads), set_by_code=tuple(sorted(_set(code))))


def _read(node: ast.AST) -> str | None:
    """`os.environ["NAME"]` or `environ["NAME"]` that is read."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return None
    of = node.value
    named = (isinstance(of, ast.Attribute) and of.attr == "environ") or (
        isinstance(of, ast.Name) and of.id == "environ"
    )
    key = node.slice
    if named and isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    return None


def _certain(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes that are evaluated whenever the statements are: nothing in functions, branches, loops or `try`.

    What comes after a statement that may leave, or may raise first, still is not reached where that happens; then the
    import fails all the same.
    """
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            yield from _certain(statement.body)
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


def _set(code: CodeTree) -> set[str]:
    """Names that own code sets; `*` where it may set any."""
    found: set[str] = set()
    own = [p for p in code.tree.walk(code.root) if p.endswith(".py") and not _INSTALLED.search(p)]
    if len(own) > FILES:
        return {"*"}
    for path in own:
        content = code.tree.read(path)
        if content is None or len(content) > SIZE:
            found.add("*")
            continue
        for match in _SETS.finditer(content.decode("utf-8", "replace")):
            found.add(match["default"] or match["name"] or "*")
    return found
