"""The module for whose want the runtime client could not load the handler, where an installed package asks for it.

The client's own line names it; the files show that nothing has that name, and which package's file imports it. Installed
packages are not followed import by import, so that without the line nothing would be known of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from troubleshooter.analysis.python.finder import Found
from troubleshooter.analysis.python.handler import Resolver, not_python, reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.code import Import, ImportClosure, ToldMissing
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.model import Origin

FILES = 3000
"""Most files in which the import is looked for."""
_SAID = re.compile(r"Unable to import module '[^']*': No module named '(\w+)(?:\.\w+)*'")


@provides()
def told_missing(
    runtime: RuntimeModel, resolution: HandlerResolution, code: CodeTree, closure: ImportClosure, timeline: Timeline
) -> ToldMissing | Unavailable:
    """Reads the client's newest line of the present, and looks for what it names in the whole tree."""
    wrong = not_python(runtime)
    if wrong is not None:
        return wrong
    name = _named(timeline)
    if not name or code.kind == "source":
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the runtime client names no module that it did not find")
    if closure.unread or runtime.open_ends:
        return Unavailable(Reason.UNSUPPORTED, f"imports may lead elsewhere: {'; '.join(closure.unread[:2])}")
    resolver = Resolver.of(runtime, code)
    if name == resolution.module.partition(".")[0] or resolver.finder.find(name).chain or _lies_anywhere(name, code):
        return Unavailable(Reason.NOT_OF_THIS_KIND, f"something named {name} is there")
    asked = next(_imports(name, resolver, closure), None)
    if asked is None:
        return Unavailable(Reason.UNSUPPORTED, f"no installed file was found that imports {name}")
    return ToldMissing(reading=reading_of(code), asked=asked)


def _named(timeline: Timeline) -> str:
    """Top-level name in the client's newest line."""
    if timeline.reading.origin is Origin.PASTED:
        return ""
    said = (e.message for e in reversed(timeline.errors) if e.platform and e.error_type == "Runtime.ImportModuleError")
    lines = (each for each in said if "Unable to import" in each)
    found = _SAID.search(next(lines, ""))
    return found[1] if found else ""


def _lies_anywhere(name: str, code: CodeTree) -> bool:
    """Whether any file or folder of the tree has the name: a folder may be searched that is not known to be."""
    module = re.compile(rf"/{re.escape(name)}(?:/|\.(?:py|pyc|so|pth|zip|egg)$|\.[\w-]+\.so$)")
    return any(module.search(path) for path in code.tree)


def _imports(name: str, resolver: Resolver, closure: ImportClosure) -> Iterator[Import]:
    """Imports of the name in installed files: those of the packages that own code imports at load time first."""
    wanted = re.compile(rf"^[ \t]*(?:import|from)[ \t]+{re.escape(name)}\b", re.MULTILINE)
    modules = dict.fromkeys(e.full for e in closure.imports if not (e.guarded or e.deferred))
    direct = (path for full in modules for path in _of_chain(resolver.finder.find(full).chain, resolver))
    others = (path for folder in resolver.finder.search_path if _installs(folder) for path in _below(folder, resolver))
    own = {each.path for each in closure.loaded}
    for path in islice(dict.fromkeys(chain(direct, others)), FILES):
        text = "" if path in own else resolver.sources.text(path) or ""
        found = wanted.search(text)
        if found is not None:
            yield Import(name, name, path, text.count("\n", 0, found.start()) + 1)


def _installs(folder: str) -> bool:
    """Whether packages are installed into a folder that is searched: the standard library's imports nothing that is not there."""
    return folder.endswith(("/site-packages", "/dist-packages", "/task", "/function", "/opt/python"))


def _of_chain(found: tuple[Found, ...], resolver: Resolver) -> Iterator[str]:
    """The Python files on the way to a module, and those of the package that it is or belongs to."""
    yield from (each.path for each in found if each.path.endswith(".py"))
    for folder in next((each.folders for each in reversed(found) if each.folders), ()):
        yield from _below(folder, resolver)


def _below(folder: str, resolver: Resolver) -> Iterator[str]:
    return (path for path in sorted(resolver.finder.tree.walk(folder)) if path.endswith(".py"))
