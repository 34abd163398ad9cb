"""Resolves a Node.js handler as the runtime client does, on the files at hand."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from troubleshooter.analysis.javascript.syntax import Unparsed
from troubleshooter.analysis.node.exports import Answer, Exports
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.location import Location, handler_text, locate, same_name
from troubleshooter.analysis.node.module_format import format_of, system_of
from troubleshooter.analysis.node.resolution import Resolver
from troubleshooter.analysis.python.finder import Access
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Unavailable, provides
from troubleshooter.facts.image import CodeTree, ImageConfig
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel

OFFERED = 5
USUAL = ("handler", "lambdaHandler", "main", "run", "default")
"""Export names that most handlers have, best first."""


@provides()
def node_handler(
    runtime: RuntimeModel, code: CodeTree, config: ImageConfig | Unavailable
) -> HandlerResolution | Unavailable:
    """Where the Node.js client's algorithm ends for the launch's handler."""
    handler = handler_text(runtime)
    search = HandlerSearch(NodeFiles(code.tree), runtime)
    location, answer = search.resolve(handler)
    problem, detail = search.judge(handler, location, answer)
    if location.path is not None and not Access(code.tree, obeyed=code.kind != "source").readable(location.path):
        problem, detail = "unreadable", f"Lambda's user may not read {location.path}"
    own = config.command[-1] if isinstance(config, ImageConfig) and config.command else None
    wanted = problem not in ("", "undecided", "unreadable")
    reading = reading_of(code)
    return HandlerResolution(
        reading=reading,
        places={"path": f"{reading.source} {location.path}"} if location.path else {},
        handler=handler,
        language="node",
        problem=problem,
        module=location.module,
        path=location.path,
        export=location.export,
        tried=location.tried,
        alternatives=tuple(search.alternatives(handler, location, own)) if wanted else (),
        detail=detail,
    )


class HandlerSearch:
    """The client's algorithm over one tree."""

    def __init__(self, files: NodeFiles, runtime: RuntimeModel) -> None:
        self.files = files
        self.runtime = runtime
        self.exports = Exports(files, Resolver(files, runtime))

    def resolve(self, handler: str) -> tuple[Location, Answer | str]:
        """The file, and what lies under the export path; a text says why that is not known."""
        location = locate(handler, self.runtime.task_root, self.files, self.runtime)
        if location.path is None:
            return location, ""
        try:
            found = format_of(self.files, self.runtime, location.path, location.loader)
            if found.loaded_as == "other":
                return location, f"{location.path} is no JavaScript"
            if found.construct is not None:
                return location, f"{location.path} does not load: {found.construct.error}"
            if found.doubt:
                return location, found.doubt
            return location, self.exports.answer(location.path, found.loaded_as, location.export)
        except Unparsed as error:
            return location, f"{location.path} is not understood: {error}"

    def judge(self, handler: str, location: Location, answer: Answer | str) -> tuple[str, str]:
        """The problem in one of the words of `HandlerResolution`, and its detail."""
        if location.problem:
            if location.problem == "module missing" and self.runtime.open_ends:
                return "undecided", f"{location.detail}, but {self.runtime.open_ends[0]}"
            return location.problem, location.detail
        if isinstance(answer, str):
            return "undecided", answer
        if answer.state == "function":
            return "", location.detail
        if answer.state == "perhaps":
            return "", location.detail or f"{location.export} is what a call returns"
        if answer.state == "unknown":
            return "undecided", f"whether {location.path} exports {location.export} shows only when it runs"
        if answer.state == "missing":
            return "export missing", f"{handler} is undefined or not exported"
        return "export missing", f"{handler} is not a function: it is {answer.detail}"

    def works(self, handler: str) -> bool:
        location, answer = self.resolve(handler)
        return not location.problem and isinstance(answer, Answer) and answer.state == "function"

    def alternatives(self, handler: str, location: Location, own: str | None) -> Iterator[str]:
        """Handlers that resolve, best first, at most `OFFERED`."""
        seen = {handler}
        for candidate in self._candidates(handler, location, own):
            if candidate not in seen and len(seen) <= OFFERED:
                seen.add(candidate)
                if self.works(candidate):
                    yield candidate

    def _candidates(self, handler: str, location: Location, own: str | None) -> Iterator[str]:
        if own:
            yield own
        folder = posixpath.dirname(handler)
        if location.path is not None:
            stem = posixpath.join(folder, location.module)
            yield from (f"{stem}.{name}" for name in self._named(location.path, location.export))
            return
        yield from _respelled(handler)
        module = location.module or posixpath.splitext(posixpath.basename(handler))[0]
        for path in same_name(self.files, self.runtime.task_root, module)[: 2 * OFFERED]:
            stem = posixpath.splitext(posixpath.relpath(path, self.runtime.task_root))[0]
            wanted = location.export.removeprefix("js.").removeprefix("mjs.") or "handler"
            yield f"{stem}.{wanted}"
            yield from (f"{stem}.{name}" for name in self._named(path, wanted)[:2])

    def _named(self, path: str, export: str) -> list[str]:
        """Functions that a file exports, those that end like the wanted name first, then the usual ones."""
        try:
            system = system_of(
                self.files, self.runtime, path, "require" if self.files.loaded_as(path) != "esm" else "import"
            )
        except Unparsed:
            return []
        names = self.exports.functions(path, system)
        last = export.rpartition(".")[2]

        def rank(name: str) -> tuple[bool, bool, int]:
            usual = name.rpartition(".")[2]
            return (usual != last, usual.lower() != last.lower(), USUAL.index(usual) if usual in USUAL else len(USUAL))

        return sorted(names, key=rank)


def _respelled(handler: str) -> Iterator[str]:
    """The same handler without what the client does not take: an extension, `./`, spaces, a colon."""
    text = handler.strip().removeprefix("./")
    for suffix in (".js.", ".mjs.", ".cjs.", ".ts."):
        text = text.replace(suffix, ".")
    for suffix in (".js", ".mjs", ".cjs", ".ts"):
        if text.endswith(suffix):
            text = text.removesuffix(suffix) + ".handler"
    yield text
    yield text.replace(":", ".")
    if "." not in posixpath.basename(text):
        yield f"{text}.handler"
