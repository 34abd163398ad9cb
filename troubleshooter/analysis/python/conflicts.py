"""Whether the AWS SDK that a Python function gets can import what it needs of the packages beside it.

Asked is the one place where this fails in practice: botocore's HTTP session, and the urllib3 that the search path has first.
"""

from __future__ import annotations

import ast

from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.analysis.python.scope import Bound, binds
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import ImportClosure, UnboundName, UnboundNames
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import RuntimeModel

SESSION = "botocore.httpsession"
SDK = frozenset({"boto3", "botocore"})


@provides()
def sdk_names(runtime: RuntimeModel, code: CodeTree, closure: ImportClosure) -> UnboundNames | Unavailable:
    """Names that botocore imports from urllib3 at load time and that it does not have."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if code.kind == "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a source folder does not show what is installed")
    asked = [each for each in closure.imports if each.module in SDK and not each.guarded and not each.deferred]
    found: list[UnboundName] = []
    if asked and not runtime.open_ends:
        found = _lacking(Resolver.of(runtime, code), f"{asked[0].path}:{asked[0].line}")
    return UnboundNames(reading=reading_of(code), names=tuple(found))


def _lacking(resolver: Resolver, importer: str) -> list[UnboundName]:
    session = resolver.finder.find(SESSION).found
    module = resolver.sources.module(session.path) if session is not None and session.kind == "source" else None
    found = []
    # What stands in a `try` is prepared for.
    for node in module.body if session is not None and module is not None else ():
        if not isinstance(node, ast.ImportFrom) or node.level or not (node.module or "").startswith("urllib3"):
            continue
        there = resolver.finder.find(node.module or "").found
        other = resolver.sources.module(there.path) if there is not None and there.kind == "source" else None
        if there is None or other is None or "__getattr__" in (resolver.sources.text(there.path) or "__getattr__"):
            continue
        for alias in node.names:
            inside = resolver.finder.child(f"{node.module}.{alias.name}", alias.name, there.folders)
            if (
                inside is None
                and alias.name != "*"
                and binds(other, alias.name, resolver.runtime.version[:2]) is Bound.NO
            ):
                place = f"{session.path if session else ''}:{node.lineno}"
                found.append(UnboundName(alias.name, node.module or "", there.path, place, importer))
    return found
