"""Whether a script certainly opens a port where it runs on Lambda, and whether it asks where it runs."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from troubleshooter.facts.tree import FileTree

CALLS = 4
"""Most functions of a script that call each other."""
FILES, SIZE = 300, 400_000
"""Own files beside a script that are searched, and the bytes of each."""
_LISTENS = {
    "python": re.compile(
        r"\b(?:uvicorn\.run|hypercorn\.\w+|serve_forever|run_simple|waitress\.serve|web\.run_app)\s*\("
        r"|^\s*(?:app|application|server)\.run\s*\(",
        re.MULTILINE,
    ),
    "node": re.compile(r"\.listen\s*\(\s*(?:\d|port\b|PORT\b|process\.env|\{|Number|parseInt|config\.)"),
}
_WHERE = re.compile(
    r"awslambda|aws[-_.]lambda|AWS_LAMBDA|AWS_EXECUTION_ENV|\bLAMBDA_|\b_HANDLER\b|/var/runtime"
    r"|(?:on|in|is|from)_?lambda|isLambda|inLambda|onLambda|runtime/invocation",
    re.IGNORECASE,
)
_SOURCES = {"python": (".py",), "node": (".js", ".mjs", ".cjs", ".ts")}
_INSTALLED = re.compile(r"/(?:node_modules|site-packages|dist-packages|__pycache__)/")
_CHOICES = (ast.If, ast.IfExp, ast.Match, ast.While, ast.For, ast.Try)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LEAVES = re.compile(r"\bif\b[^\n]{0,200}?(?:\n[^\n]{0,200}){0,4}?\b(?:return|process\.exit|throw)\b")
_MAIN = re.compile(r"require\.main\s*={2,3}\s*module|import\.meta\.(?:main|url|filename)")


def listens(text: str, language: str) -> str:
    """The call by which a script opens a port, under no condition but being the program itself; empty where there is none."""
    found = _LISTENS[language].search(text)
    if found is None:
        return ""
    sure = _python_reaches(text, found.start()) if language == "python" else _node_reaches(text, found.start())
    return found[0].strip() if sure else ""


def asks_where(tree: FileTree, path: str, language: str) -> str:
    """A file, the script or another of its own, that speaks of Lambda or of where it runs; empty where none does."""
    folder = posixpath.dirname(path)
    others = (each for each in tree.walk(folder) if each.endswith(_SOURCES[language]) and not _INSTALLED.search(each))
    # Below the root lies the whole system.
    near = tuple(others) if folder.count("/") > 0 and folder not in ("/", "/usr", "/usr/bin", "/usr/local/bin") else ()
    for each in (path, *near[:FILES]):
        content = tree.read(each)
        if content is None or len(content) > SIZE or _WHERE.search(content.decode("utf-8", "replace")):
            return each
    return near[FILES] if len(near) > FILES else ""


# ---------------------------------------------------------------- the way to the call


def _python_reaches(text: str, offset: int) -> bool:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    blank = len(text[offset:]) - len(text[offset:].lstrip())
    return _reached(module, text.count("\n", 0, offset + blank) + 1)


def _reached(module: ast.Module, line: int, depth: int = 0) -> bool:
    """Whether running the file certainly runs a line: at its top level, or in functions that are called from there."""
    if not all(_goes_on(node, line) for node in _deciding(module.body)) or depth > CALLS:
        return False
    inside = [n for n in module.body if isinstance(n, _DEFINITIONS) and n.lineno <= line <= (n.end_lineno or 0)]
    if not inside:
        return True
    calls = (n for n in ast.walk(module) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    named = (n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == inside[0].name)
    return any(_reached(module, each, depth + 1) for each in named if not _within(inside[0], each))


def _within(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _deciding(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Statements that choose between ways; what asks whether the file is the program itself is none."""
    for node in (each for statement in body for each in ast.walk(statement)):
        main = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        if isinstance(node, _CHOICES) and not main:
            yield node


def _goes_on(node: ast.AST, line: int) -> bool:
    """Whether a choice neither holds the line nor leaves before it."""
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0) or 0
    if first <= line <= last:
        return isinstance(node, ast.Try) and any(s.lineno <= line <= (s.end_lineno or 0) for s in node.body)
    if first > line or not isinstance(node, ast.If):
        return True
    return not any(
        isinstance(each, (ast.Return, ast.Raise))
        or (isinstance(each, ast.Call) and re.search(r"exit|exec|abort", ast.unparse(each.func)))
        for each in ast.walk(node)
    )


def _node_reaches(text: str, offset: int) -> bool:
    """By the braces that are open where the call stands; comments are taken out, texts are not."""
    before = re.sub(r"/\*[\s\S]*?\*/|(?<![:\"'`])//[^\n]*", "", text[:offset])
    heads: list[str] = []
    start = 0
    for match in re.finditer(r"[{};]", before):
        if match[0] == "{":
            heads.append(before[start : match.start()])
        elif match[0] == "}" and heads:
            heads.pop()
        start = match.end()
    kept = re.compile(r"\bexports\b|\bexport\b")
    if any(kept.search(head) or not _is_called(head, text) for head in heads):
        return False
    chosen = [head for head in (*heads, before[start:]) if re.search(r"\b(?:if|else|switch|case)\b|\?|&&|\|\|", head)]
    return all(_MAIN.search(head) for head in chosen) and _LEAVES.search(before) is None


def _is_called(head: str, text: str) -> bool:
    """Whether a function that has a name is mentioned a second time."""
    named = re.search(r"\bfunction\s+(\w+)|\b(?:const|let|var)\s+(\w+)\s*=[^=]*(?:=>|\bfunction\b)[^=]*$", head)
    return named is None or len(re.findall(rf"\b{named[1] or named[2]}\b", text)) > 1
