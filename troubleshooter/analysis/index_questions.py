"""Makes `IndexQuestions`: names that are worth looking up in a package index."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.distributions import distributions_of
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import IndexQuestions, Requirements
from troubleshooter.model import Origin

MOST = 500
"""Names that are asked for; what comes after is not."""


@provides()
def index_questions(
    requirements: Requirements | Unavailable,
    closure: ImportClosure | Unavailable,
    function: FunctionRecord | Unavailable,
    code: CodeTree | Unavailable,
) -> IndexQuestions | Unavailable:
    """Names of missing imports first, then every requirement of a source that is still to be built.

    What is built already needs no look-up of what it was built from, so a healthy function asks nothing.
    """
    if isinstance(requirements, Unavailable) and isinstance(closure, Unavailable):
        return requirements if requirements.applies or not closure.applies else closure
    names: dict[tuple[str, str], None] = {}
    if isinstance(closure, ImportClosure):
        for missing in (*closure.missing, *closure.missing_deferred):
            if closure.language == "python":
                for name in (missing.module, *distributions_of(missing.full)):
                    names[("pypi", canonicalize_name(name))] = None
            elif closure.language == "node":
                names[("npm", missing.module)] = None
    if isinstance(requirements, Requirements) and not _is_built(function, code):
        for asked in requirements.requirements:
            if not (asked.development or asked.optional or asked.direct):
                name = canonicalize_name(asked.name) if asked.ecosystem == "pypi" else asked.name
                names[(asked.ecosystem, name)] = None
    readings = [fact.reading for fact in (requirements, closure) if not isinstance(fact, Unavailable)]
    if not readings:
        return Unavailable(Reason.NOT_GIVEN, "nothing was given that names packages")
    return IndexQuestions(reading=readings[0], names=tuple(names)[:MOST])


def _is_built(function: FunctionRecord | Unavailable, code: CodeTree | Unavailable) -> bool:
    """Whether the subject is something that was built: AWS has it, or it is an image or a zip."""
    recorded = isinstance(function, FunctionRecord) and function.reading.origin is Origin.RECORD
    return recorded or (isinstance(code, CodeTree) and code.kind != "source")
