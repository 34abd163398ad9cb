"""Resolves a Python handler as the runtime client does, on the files at hand.

The client's own steps: split at the last dot, refuse modules that are compiled into the interpreter, turn slashes into
dots, import the module, get the attribute. Imports follow `python_finder`; attributes are read from the syntax tree.
"""

from __future__ import annotations

import ast
import difflib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from troubleshooter.analysis.python.finder import Access, Finder, Found, Search
from troubleshooter.analysis.python.scope import Bound, binds
from troubleshooter.analysis.python.source import Sources
from troubleshooter.facts import Reading, Reason, Unavailable, provides
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.python_modules import built_in, loaded_by_client, standard_library
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

SCANNED = 400
"""Most source files in which other handlers are looked for."""
OFFERED = 5

_INSTALLED = re.compile(r"/(?:site-packages|dist-packages|node_modules|__pycache__|[^/]+\.(?:dist|egg)-info)(?:/|$)")
_TESTS = re.compile(r"/(?:tests?|testing|examples?|docs?)/|/(?:test_[^/]*|conftest|setup)\.py$")
_OF_EVERY_MODULE = frozenset(dir(type(ast))) | {"__doc__", "__file__", "__loader__", "__name__", "__path__", "__spec__"}
"""Attributes that a module has without its code binding them."""
_PLACES = {"image": "image", "zip": "deployment package", "source": "source"}


@provides()
def python_handler(
    runtime: RuntimeModel, code: CodeTree, config: ImageConfig | Unavailable
) -> HandlerResolution | Unavailable:
    """Where the Python client's algorithm ends for the launch's handler."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    if runtime.handler is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the launch gives the runtime client no handler")
    try:
        return _resolution(runtime, runtime.handler, code, config)
    except RecursionError:
        return Unavailable(Reason.TOO_BIG, "the handler's source is nested too deeply to be followed")


def _resolution(
    runtime: RuntimeModel, handler: str, code: CodeTree, config: ImageConfig | Unavailable
) -> HandlerResolution:
    resolver = Resolver.of(runtime, code)
    step = resolver.resolve(handler)
    own = config.command[-1] if isinstance(config, ImageConfig) and config.command else None
    wanted = step.problem not in ("", "undecided", "unreadable")
    return HandlerResolution(
        reading=reading_of(code),
        handler=handler,
        language="python",
        problem=step.problem,
        module=step.module,
        path=step.path,
        export=step.export,
        tried=step.tried,
        alternatives=tuple(resolver.alternatives(handler, step, own)) if wanted else (),
        detail=step.detail,
    )


def not_python(runtime: RuntimeModel) -> Unavailable | None:
    """Why a question about Python code does not arise for a runtime; None where it does."""
    if runtime.language != "python":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "no Python runtime client runs here")
    if runtime.client == "unknown":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the Python program that is started is no known runtime client")
    return None


def reading_of(code: CodeTree) -> Reading:
    """The reading that facts thought out of a code tree carry: its source stands before `path:line` in evidence."""
    return Reading(_PLACES.get(code.kind, code.kind), code.reading.origin, code.reading.at)


@dataclass(frozen=True, slots=True)
class Step:
    """Result of resolving one handler text."""

    problem: str
    module: str = ""
    path: str | None = None
    export: str = ""
    tried: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Resolver:
    """The client's algorithm over one tree."""

    runtime: RuntimeModel
    finder: Finder
    sources: Sources
    kind: str = "image"

    @classmethod
    def of(cls, runtime: RuntimeModel, code: CodeTree) -> Resolver:
        access = Access(code.tree, obeyed=code.kind != "source")
        finder = Finder(code.tree, runtime.search_path, runtime.version[:2], runtime.architecture, access)
        return cls(runtime, finder, Sources(code.tree, runtime.version[:2]), code.kind)

    def resolve(self, handler: str) -> Step:
        """Follows the client's algorithm for one handler text."""
        written, dot, export = handler.rpartition(".")
        if not dot:
            return Step("malformed", detail=f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)")
        top = written.split(".")[0]
        if top in built_in():
            return Step("builtin conflict", written, export=export, detail=f"{top} is compiled into the interpreter")
        if top in built_in(perhaps=True) and not self._as_a_file(top):
            return Step("undecided", written, export=export, detail=f"some builds of Python have {top} compiled in")
        name = written.replace("/", ".")
        if name.startswith("."):
            detail = f"the 'package' argument is required to perform a relative import for '{name}'"
            return Step("relative import", name, export=export, detail=detail)
        if not name:
            return Step("malformed", "", export=export, detail="Empty module name")
        if name.partition(".")[0] in loaded_by_client():
            return Step("undecided", name, export=export, detail=f"the runtime client loads a module {name} of its own")
        return self._imported(name, export)

    def _as_a_file(self, name: str) -> bool:
        """Whether the interpreter has a module as an extension file, so that it is not compiled in."""
        folders = tuple(f for f in self.runtime.search_path if f.endswith("/lib-dynload"))
        return any(each.startswith(f"{name}.") for f in folders for each in self.finder.listing(f))

    def _imported(self, name: str, export: str) -> Step:
        search = self.finder.find(name)
        found = search.found
        top = search.chain[0] if search.chain else None
        if top is not None and top.kind == "namespace" and top.name in standard_library(self.runtime.version[:2]):
            return Step("undecided", name, None, export, detail=f"{top.name} is also a module of the standard library")
        blocked = self._blocked(search)
        if blocked is not None:
            return Step("unreadable", name, blocked, export, search.tried, f"Lambda's user may not read {blocked}")
        for parent in search.chain:
            parsed = self.sources.parsed(parent.path) if parent.kind == "source" else None
            if parsed is not None and parsed.tree is None:
                return Step("undecided", name, parent.path, export, search.tried, f"{parent.path} {parsed.problem}")
        if found is None:
            return self._not_found(name, export, search)
        if found.kind in ("foreign", "extension", "bytecode"):
            detail = (
                "an extension module of another interpreter or CPU"
                if found.kind == "foreign"
                else f"a {found.kind} file"
            )
            return Step(
                "undecided", name, found.path, export, detail=f"{found.path} is {detail}, whose names are not read"
            )
        if found.kind == "namespace":
            return self._namespace(found, name, export)
        return self._exported(found, name, export)

    def _blocked(self, search: Search) -> str | None:
        """The first file on the way that exists and that Lambda's user may not read."""
        for found in search.chain:
            if found.path and not self.finder.access.readable(found.path):
                return found.path
        return search.hidden or None if search.missing else None

    def _not_found(self, name: str, export: str, search: Search) -> Step:
        detail = f"No module named '{search.missing}'"
        if search.because == "not a package":
            parent = search.chain[-1]
            detail += f"; '{parent.name}' is not a package"
        doubts = list(self.runtime.open_ends)
        if search.missing.partition(".")[0] in standard_library(self.runtime.version[:2]):
            doubts.append(f"{search.missing.partition('.')[0]} is also a module of the standard library")
        if any(found.path and self._extends_itself(found.path) for found in search.chain):
            doubts.append(f"{search.chain[-1].name} changes where its parts are looked for")
        if doubts:
            return Step(
                "undecided", name, None, export, search.tried, f"{detail} among the files at hand, but {doubts[0]}"
            )
        return Step("module missing", name, None, export, search.tried, detail)

    def _extends_itself(self, path: str) -> bool:
        text = self.sources.text(path)
        return text is None or "__path__" in text or "sys.modules" in text or "meta_path" in text

    def _namespace(self, found: Found, name: str, export: str) -> Step:
        """A folder without `__init__.py`: it imports, and has no attributes but submodules that were imported."""
        if self.runtime.open_ends or export in _OF_EVERY_MODULE:
            doubt = self.runtime.open_ends[0] if self.runtime.open_ends else f"every module has {export}"
            return Step(
                "undecided", name, None, export, detail=f"{name} is a folder without code of its own, but {doubt}"
            )
        detail = f"Handler '{export}' missing on module '{name}': {found.folders[0]} is a folder"
        return Step("export missing", name, None, export, detail=detail)

    def _exported(self, found: Found, name: str, export: str) -> Step:
        module = self.sources.module(found.path)
        bound = Bound.MAYBE if module is None else binds(module, export, self.runtime.version[:2])
        given = export in _OF_EVERY_MODULE or (found.is_package and self.finder.child(export, export, found.folders))
        if bound is Bound.NO and given:
            bound = Bound.MAYBE
        if bound is Bound.MAYBE:
            return Step("undecided", name, found.path, export, detail=f"{found.path} may or may not define {export}")
        if bound is Bound.NO:
            detail = f"Handler '{export}' missing on module '{name}'"
            return Step("export missing", name, found.path, export, detail=detail)
        return Step("", name, found.path, export)

    # ------------------------------------------------------------ what would work

    def alternatives(self, handler: str, step: Step, own: str | None) -> Iterator[str]:
        """Handlers that resolve, best first, at most `OFFERED`."""
        seen = {handler}
        for candidate in self._candidates(handler, step, own):
            if candidate not in seen and self.resolve(candidate).problem == "":
                seen.add(candidate)
                yield candidate
            if len(seen) > OFFERED:
                return

    def _candidates(self, handler: str, step: Step, own: str | None) -> Iterator[str]:
        if own:
            yield own
        yield from _respelled(handler)
        export = step.export or "handler"
        if step.problem == "export missing" and step.path:
            module = handler.rpartition(".")[0]
            for name in _entry_points(self.sources.module(step.path), export):
                yield f"{module}.{name}"
        wanted = (step.module or handler).rpartition(".")[2]
        files = sorted(self._own_files(), key=lambda path: _distance(path, wanted, self.runtime.task_root))
        for path in files:
            module = self._module_of(path)
            text = self.sources.text(path)
            if not module or text is None:
                continue
            if export in text:
                yield f"{module}.{export}"
            if step.path is None:
                for name in _entry_points(self.sources.module(path), export):
                    yield f"{module}.{name}"

    def _own_files(self) -> list[str]:
        root = self.runtime.task_root
        found: list[str] = []
        for path in self.finder.tree.walk(root):
            if path.endswith(".py") and not _INSTALLED.search(path) and not _TESTS.search(path[len(root) :]):
                found.append(path)
                if len(found) >= SCANNED:
                    break
        return found

    def _module_of(self, path: str) -> str:
        relative = posixpath.relpath(path, self.runtime.task_root).removesuffix(".py").removesuffix("/__init__")
        return relative.replace("/", ".") if "." not in relative else ""


def _respelled(handler: str) -> Iterator[str]:
    """The same handler without what the client does not take: an extension, a leading path, spaces."""
    text = handler.strip()
    text = re.sub(r"^(?:\./|/var/task/|/)+", "", text)
    without = re.sub(r"\.py(?=\.|$)", "", text)
    yield text
    yield without
    yield without.replace(":", ".")
    if "." not in without:
        for export in ("handler", "lambda_handler"):
            yield f"{without}.{export}"


def _entry_points(module: ast.Module | None, export: str) -> Iterator[str]:
    """Functions of a module that look like a handler: similarly named, or taking an event and a context."""
    if module is None:
        return
    functions = [n for n in module.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = [n.name for n in functions]
    yield from difflib.get_close_matches(export, names, 3, 0.6)
    for node in functions:
        arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
        if len(arguments) == 2 and arguments[0].strip("_") in ("event", "evt", "e") and not node.name.startswith("_"):
            yield node.name


def _distance(path: str, wanted: str, root: str) -> tuple[int, float, int, str]:
    """Sorts files by how well their name fits the wanted module."""
    stem = posixpath.basename(path).removesuffix(".py")
    stem = posixpath.basename(posixpath.dirname(path)) if stem == "__init__" else stem
    likeness = difflib.SequenceMatcher(None, stem.lower(), wanted.lower()).ratio()
    return (0 if stem == wanted else 1, -round(likeness, 2), path[len(root) :].count("/"), path)
