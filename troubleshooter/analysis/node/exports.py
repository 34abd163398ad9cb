"""Whether a module exports a function under a dotted name, followed through re-exports of the files at hand."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from troubleshooter.analysis.javascript.exports import exports_of
from troubleshooter.analysis.javascript.syntax import Unparsed
from troubleshooter.analysis.javascript.values import Sort, Value, undefined, unknown
from troubleshooter.analysis.node.files import NodeFiles
from troubleshooter.analysis.node.module_format import system_of
from troubleshooter.analysis.node.resolution import Outcome, Resolver

MAX_STEPS = 400
"""Values that are looked at for one answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What lies under an export path."""

    state: str
    """`function`, `perhaps` (something that only running tells), `missing`, `not a function`, or `unknown`."""
    value: Value
    detail: str = ""


class Exports:
    """Answers about exports in one tree."""

    def __init__(self, files: NodeFiles, resolver: Resolver) -> None:
        self.files = files
        self.resolver = resolver
        self._steps = 0

    def module(self, path: str, system: str) -> Value:
        """What the file at `path` exports. Raises `Unparsed`."""
        return exports_of(self.files.script(path), esm=system == "esm")

    def answer(self, path: str, system: str, export: str) -> Answer:
        """Follows `export`, split at its dots, as the runtime client does. Raises `Unparsed`."""
        self._steps = 0
        value = self.settle(self.module(path, system))
        for key in export.split("."):
            if value.sort is Sort.UNDEFINED:
                break
            value = self.get(value, key)
        if value.sort is Sort.FUNCTION:
            return Answer("function", value)
        if value.sort is Sort.CALL:
            return Answer("perhaps", value)
        if value.sort is Sort.UNDEFINED:
            return Answer("missing", value)
        if value.sort is Sort.PLAIN or (value.sort is Sort.OBJECT and not value.open):
            if value.words == "null":
                return Answer("missing", value)
            return Answer("not a function", value, value.words or "an object")
        return Answer("unknown", value)

    def functions(self, path: str, system: str) -> list[str]:
        """Dotted names of the functions that a module exports, at most two levels deep."""
        self._steps = 0
        try:
            value = self.settle(self.module(path, system))
        except Unparsed:
            return []
        found = []
        for name in value.props:
            inner = self.get(value, name)
            if inner.sort in (Sort.FUNCTION, Sort.CALL):
                found.append(name)
            elif inner.sort is Sort.OBJECT:
                found += [f"{name}.{n}" for n in inner.props if self.get(inner, n).sort is Sort.FUNCTION]
        return found

    def settle(self, value: Value) -> Value:
        """A value that stands for itself: getters, members and imports are followed."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            return unknown()
        if value.sort is Sort.GETTER:
            return self.settle(value.later()) if value.later is not None else unknown()
        if value.sort is Sort.MEMBER:
            if value.base is None or value.name is None:
                return unknown()
            return self.get(self.settle(value.base), value.name)
        if value.sort is Sort.IMPORTED:
            return self._imported(value)
        return value

    def get(self, value: Value, key: str) -> Value:
        """The settled property `key` of a settled value."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            return unknown()
        if key in value.props:
            return self.settle(value.props[key])
        if value.sort is Sort.UNDEFINED:
            return value
        if value.sort not in (Sort.OBJECT, Sort.FUNCTION) or value.inherits(key):
            return unknown()
        doubtful = value.open
        for star in value.stars:
            found = self.get(self.settle(star), key)
            if found.sort in (Sort.FUNCTION, Sort.OBJECT, Sort.CALL, Sort.PLAIN):
                return found
            doubtful = doubtful or found.sort is not Sort.UNDEFINED
        return unknown() if doubtful else undefined()

    def _imported(self, value: Value) -> Value:
        if value.script is None:
            return unknown()
        folder = posixpath.dirname(value.script.path)
        look = self.resolver.require if value.kind == "require" else self.resolver.imports
        found = look(value.specifier, folder)
        if found.outcome is not Outcome.FILE:
            return unknown()
        loader = "require" if value.kind == "require" else "import"
        try:
            system = system_of(self.files, self.resolver.runtime, found.path, loader)
            if system == "other" or (loader == "require" and system == "esm"):
                return unknown()
            module = self.settle(self.module(found.path, system))
        except Unparsed:
            return unknown()
        if value.kind == "require" or system == "esm":
            return module if value.name is None else self.get(module, value.name)
        return self._from_commonjs(module, value.name)

    def _from_commonjs(self, module: Value, name: str | None) -> Value:
        """An ES module's view of a CommonJS one: the whole is `default`, names are guessed by Node."""
        if name == "default":
            return module
        if name is None:
            return Value(Sort.OBJECT, module.script, props={**module.props, "default": module}, open=True)
        found = self.get(module, name)
        return unknown() if found.sort is Sort.UNDEFINED else found
