"""What a Python handler returns to a proxy integration: those answers that its source writes as a literal."""

from __future__ import annotations

import ast

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.lookup import Lookup
from troubleshooter.analysis.python.project import Project
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.proxy import Answer, ProxyAnswers
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel


@provides()
def python_answers(runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree) -> ProxyAnswers | Unavailable:
    """Dictionaries that the handler's own `return` statements spell out."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if resolution.path is None or not resolution.path.endswith(".py"):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's module was not found as a source file")
    try:
        resolver = Resolver.of(runtime, code)
        module = Project(Lookup(runtime, resolver.finder, resolver.sources)).module(resolution.module)
        node = module.functions.get(resolution.export) if module is not None else None
        if module is None or node is None:
            return ProxyAnswers(reading=reading_of(code), wrapped=True)
        wrapped = bool(node.decorator_list) or resolution.export in module.assigned
        found = [each for statement in node.body for each in _returns(statement)]
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")
    answers = (
        Answer(module.path, each.lineno, resolver.sources.line(module.path, each.lineno), *_shape(each.value))
        for each in found
        if isinstance(each.value, ast.Dict) and all(isinstance(k, ast.Constant) for k in each.value.keys)
    )
    return ProxyAnswers(reading=reading_of(code), answers=tuple(answers), wrapped=wrapped)


def _returns(node: ast.AST) -> list[ast.Return]:
    """The returns of a statement, those of functions defined in it left out."""
    if isinstance(node, ast.Return):
        return [node]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
        return []
    return [found for child in ast.iter_child_nodes(node) for found in _returns(child)]


def _shape(value: ast.Dict) -> tuple[bool, str]:
    """Whether it has a status, and what its body is."""
    pairs = {k.value: v for k, v in zip(value.keys, value.values, strict=True) if isinstance(k, ast.Constant)}
    body = pairs.get("body")
    if body is None:
        return "statusCode" in pairs, "none"
    if isinstance(body, (ast.Dict, ast.DictComp)):
        return "statusCode" in pairs, "object"
    if isinstance(body, (ast.List, ast.ListComp, ast.Tuple, ast.Set)):
        return "statusCode" in pairs, "list"
    if isinstance(body, ast.JoinedStr) or (isinstance(body, ast.Constant) and isinstance(body.value, str)):
        return "statusCode" in pairs, "string"
    if isinstance(body, ast.Constant) and isinstance(body.value, (int, float)):
        return "statusCode" in pairs, "number"
    return "statusCode" in pairs, "unknown"
