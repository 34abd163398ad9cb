"""A tree as Node sees it: parsed files, package.json files, and the module system that a file is loaded in."""

from __future__ import annotations

import json
import posixpath
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.analysis.javascript.syntax import Script, Unparsed, parse
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import FileTree, Kind

MAX_JSON = 4 << 20
"""Bytes of a package.json that is read."""
KEEP_BYTES = 48 << 20
"""Source text whose trees are kept for one file tree; a tree takes about 25 times its text."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package.json."""

    path: str
    data: Mapping[str, object] | None
    """None where it is no JSON, or `null`: Node throws as soon as it needs the file."""
    client_data: object = None
    """What the runtime client's own reader makes of it, which takes no byte order mark: False where it fails."""

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def is_module(self) -> bool:
        """Says `"type": "module"`."""
        return self.data is not None and self.data.get("type") == "module"

    def text(self, key: str) -> str | None:
        value = self.data.get(key) if self.data is not None else None
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Loading:
    """Node's two features that blur the line between module systems; None where the version does not tell."""

    require_module: bool | None
    """`require()` loads ES modules."""
    detect_module: bool | None
    """A `.js` file without a `type` is loaded as what it is written in."""


@dataclass
class _Kept:
    scripts: dict[str, Script | str] = field(default_factory=dict)
    packages: dict[str, Package | None] = field(default_factory=dict)
    size: int = 0


_kept: weakref.WeakKeyDictionary[FileTree, _Kept] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class NodeFiles:
    """Files of one tree. What is parsed once serves every analysis of the same tree."""

    def __init__(self, tree: FileTree) -> None:
        self.tree = tree
        with _lock:
            self._kept = _kept.setdefault(tree, _Kept())

    def script(self, path: str, *, keep: bool = True) -> Script:
        """The parsed file. Raises `Unparsed` where it is not there, too big, or not read."""
        known = self._kept.scripts.get(path)
        if isinstance(known, str):
            raise Unparsed(known)
        if known is not None:
            return known
        try:
            made = self._parse(path)
        except Unparsed as error:
            self._kept.scripts[path] = str(error)
            raise
        if keep and self._kept.size + len(made.source) <= KEEP_BYTES:
            self._kept.size += len(made.source)
            self._kept.scripts[path] = made
        return made

    def _parse(self, path: str) -> Script:
        content = self.tree.read(path)
        if content is None:
            raise Unparsed("its content was not read")
        return parse(path, content.removeprefix(b"\xef\xbb\xbf"))

    def package(self, folder: str) -> Package | None:
        """The package.json in `folder`; None where there is none."""
        path = posixpath.join(folder, "package.json")
        if path not in self._kept.packages:
            self._kept.packages[path] = self._read_package(path)
        return self._kept.packages[path]

    def _read_package(self, path: str) -> Package | None:
        if not self.tree.is_file(path):
            return None
        content = self.tree.read(path)
        if content is None or len(content) > MAX_JSON:
            return Package(path, None, False)
        try:
            data = json.loads(content.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return Package(path, None, False)
        marked = content.startswith(b"\xef\xbb\xbf")
        known = data if isinstance(data, dict) else None if data is None else {}
        return Package(path, known, False if marked else data)

    def scope(self, path: str) -> Package | None:
        """The nearest package.json on the way up from the file at `path`, not past a node_modules folder."""
        folder = posixpath.dirname(path)
        while True:
            if posixpath.basename(folder) == "node_modules":
                return None
            found = self.package(folder)
            if found is not None or folder in ("/", ""):
                return found
            folder = posixpath.dirname(folder)

    def real(self, path: str) -> str | None:
        """The real path of the regular file at `path`, links followed; None where there is none."""
        found = self.tree.resolve(path)
        return found.path if found.entry is not None and found.entry.kind is Kind.FILE else None

    def loaded_as(self, path: str) -> str:
        """`esm`, `commonjs`, or `other`, for the real path of a file whose package.json decides over `.js`."""
        extension = posixpath.splitext(path)[1]
        if extension == ".mjs":
            return "esm"
        if extension == ".js":
            scope = self.scope(path)
            return "esm" if scope is not None and scope.is_module else "commonjs"
        return "other" if extension in (".json", ".node", ".wasm") else "commonjs"


def is_lambda_node(runtime: RuntimeModel) -> bool:
    """Whether AWS's own build of Node runs the code, with its flags and its search path."""
    return runtime.client in ("aws-base", "zip")


def loading(runtime: RuntimeModel, tree: FileTree) -> Loading:
    """Which of the two features is on: by flag, else by the version's own defaults."""
    return Loading(
        _switch(runtime, tree, "require-module", _default(runtime, (20, 19), (22, 12))),
        _switch(runtime, tree, "detect-module", _default(runtime, (20, 19), (22, 7))),
    )


def _switch(runtime: RuntimeModel, tree: FileTree, name: str, default: bool | None) -> bool | None:
    """The last of opposite flags counts. What Lambda turns off from Node 23 on is believed only where its script shows it."""
    forms = {f"--experimental-{name}": True, f"--no-experimental-{name}": False}
    found = next((forms[flag] for flag in reversed(runtime.flags) if flag in forms), default)
    if found is False and is_lambda_node(runtime) and runtime.version[:1] >= (23,):
        shown = f"--no-experimental-{name}" in (tree.text("/var/runtime/bootstrap") or "")
        return False if shown else None
    return found


def _default(runtime: RuntimeModel, from_20: tuple[int, int], from_22: tuple[int, int]) -> bool | None:
    version = runtime.version
    if not version or is_lambda_node(runtime):
        return False if version and version[0] < 20 else None
    since = {20: from_20, 21: (21, 999), 22: from_22}.get(version[0])
    if since is None:
        return version[0] > 22
    return version[:2] >= since if len(version) > 1 else None
