"""Node's own look-up of modules, for `require` and for `import`, over a file tree instead of a disk."""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any
from urllib.parse import unquote

from troubleshooter.analysis.node.files import NodeFiles, Package, is_lambda_node, loading
from troubleshooter.facts.runtime import RuntimeModel

EXTENSIONS = (".js", ".json", ".node")
_NAME = re.compile(r"^((?:@[^/\\%]+/)?[^./\\%][^/\\%]*)(/.*)?$")
MAX_TARGETS = 50
"""Conditions inside conditions of one package's `exports`."""


class Outcome(StrEnum):
    """How a look-up ends."""

    FILE = "file"
    BUILTIN = "builtin"
    PROVIDED = "provided"
    """By the managed runtime or the AWS base image, outside what was read."""
    PERHAPS = "perhaps"
    """A dependency of the runtime's own SDK: whether it is in reach differs between releases."""
    MISSING = "missing"
    """Node throws MODULE_NOT_FOUND or ERR_MODULE_NOT_FOUND."""
    REFUSED = "refused"
    """Node throws something else: a path that is not exported, a folder, a broken package.json."""


@dataclass(frozen=True, slots=True)
class Found:
    """Result of one look-up."""

    outcome: Outcome
    path: str = ""
    """Real path of the file."""
    detail: str = ""


MISSING = Found(Outcome.MISSING)


@functools.cache
def _data() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(
        resources.files("troubleshooter.data").joinpath("node.json").read_text("utf-8")
    )
    return data


def data_source() -> str:
    """What evidence from the table names as its source."""
    return f"data/node.json of {_data()['date']}"


def module_version(version: tuple[int, ...]) -> int:
    """NODE_MODULE_VERSION of a version of Node.js; 0 where it is not known."""
    return int(_data()["module_versions"].get(str(version[0]), 0)) if version else 0


def is_builtin(specifier: str) -> bool:
    """Whether Node brings the module itself."""
    return specifier.startswith("node:") or specifier in _data()["builtins"]


def package_name(specifier: str) -> str:
    """`@scope/name/deep/file` → `@scope/name`; a path, a builtin or nonsense stays as it is."""
    match = _NAME.match(specifier)
    return match[1] if match and not is_builtin(specifier) else specifier


def _listed(name: str, names: list[str]) -> bool:
    return any(name == n or (n.endswith("/*") and name.startswith(n[:-1])) for n in names)


class _Refused(Exception):
    """The look-up ends with an error other than "not found"."""


class _Absent(Exception):
    """A package maps the request to a file that is not there: the look-up ends here, unlike after a plain miss."""


class Resolver:
    """Look-ups in one tree by one runtime."""

    def __init__(self, files: NodeFiles, runtime: RuntimeModel) -> None:
        self.files = files
        self.tree = files.tree
        self.runtime = runtime
        self.search_path = tuple(p for p in runtime.search_path if p)
        extra = {*_flag_values(runtime.flags, ("-C", "--conditions"))}
        if loading(runtime, files.tree).require_module:
            extra.add("module-sync")
        self.require_conditions = frozenset({"node", "require", "node-addons", *extra})
        self.import_conditions = frozenset({"node", "import", "node-addons", *extra})

    def require(self, request: str, folder: str) -> Found:
        """What `require(request)` finds from a file in `folder` (a real path)."""
        if is_builtin(request):
            return Found(Outcome.BUILTIN)
        try:
            path = self._require(request, folder)
        except _Absent as absent:
            return Found(Outcome.MISSING, detail=str(absent))
        except _Refused as refused:
            return Found(Outcome.REFUSED, detail=str(refused))
        return Found(Outcome.FILE, path) if path is not None else self._elsewhere(request)

    def imports(self, specifier: str, folder: str) -> Found:
        """What `import … from "specifier"` finds from a file in `folder` (a real path)."""
        if is_builtin(specifier):
            return Found(Outcome.BUILTIN)
        try:
            path = self._import(specifier, folder)
        except _Absent as absent:
            return Found(Outcome.MISSING, detail=str(absent))
        except _Refused as refused:
            return Found(Outcome.REFUSED, detail=str(refused))
        return Found(Outcome.FILE, path) if path is not None else self._elsewhere(specifier)

    def _elsewhere(self, request: str) -> Found:
        """A miss, unless the managed runtime brings the package from where was not looked."""
        name = package_name(request)
        if name.startswith((".", "/", "#")) or not is_lambda_node(self.runtime):
            return MISSING
        searched = self.runtime.search_path
        if searched and not any(folder.startswith("/var/runtime") for folder in searched):
            return MISSING  # NODE_PATH was set to something else, and the start script keeps what is set
        major = self.runtime.version[0] if self.runtime.version else None
        for group in _data()["runtime_packages"]:
            if _listed(name, group["names"]):
                if major is None:
                    return Found(Outcome.PERHAPS)
                if group.get("since", 0) <= major <= group.get("until", 999):
                    return Found(Outcome.PROVIDED)
        if not self.tree.is_dir("/var/runtime") and _listed(name, _data()["runtime_dependencies"]):
            return Found(Outcome.PERHAPS)
        return MISSING

    # require

    def _require(self, request: str, folder: str) -> str | None:
        if request.startswith("#"):
            return self._package_import(request, folder, self.require_conditions)
        if request.startswith(("./", "../", "/")) or request in (".", ".."):
            return self._as_path(posixpath.join(folder, request), _is_folder_like(request))
        own = self._own_name(request, folder, self.require_conditions)
        if own is not None:
            return own
        for modules in [*_upwards(folder), *self.search_path]:
            if self.tree.is_dir(modules):
                found = self._in_folder(request, modules)
                if found is not None:
                    return found
        return None

    def _in_folder(self, request: str, modules: str) -> str | None:
        match = _NAME.match(request)
        package = self._checked(posixpath.join(modules, match[1])) if match else None
        if match and package is not None and package.data is not None and package.data.get("exports") is not None:
            return self._exported(package, "." + (match[2] or ""), self.require_conditions)
        return self._as_path(posixpath.join(modules, request), _is_folder_like(request))

    def _as_path(self, path: str, folder_only: bool) -> str | None:
        """A file, a file with an extension added, or a folder with a main file."""
        base = posixpath.normpath(path)
        found = None if folder_only else self._as_file(base)
        if found is None and self.tree.is_dir(base):
            found = self._as_package(base)
        return found

    def _as_file(self, base: str) -> str | None:
        return self.files.real(base) or self._extended(base)

    def _extended(self, base: str) -> str | None:
        return next((r for r in (self.files.real(base + e) for e in EXTENSIONS) if r), None)

    def _as_package(self, base: str) -> str | None:
        package = self._checked(base)
        main = package.text("main") if package is not None else None
        if main:
            target = posixpath.normpath(posixpath.join(base, main))
            found = self._as_file(target) or self._extended(posixpath.join(target, "index"))
            if found:
                return found
        return self._extended(posixpath.join(base, "index"))

    # import

    def _import(self, specifier: str, folder: str) -> str | None:
        if specifier.startswith("#"):
            return self._package_import(specifier, folder, self.import_conditions)
        if specifier.startswith("file://"):
            return self._exact(unquote(specifier.removeprefix("file://")))
        if specifier.startswith(("./", "../", "/")) or specifier in (".", ".."):
            plain = unquote(re.split(r"[?#]", specifier, maxsplit=1)[0])
            return self._exact(posixpath.join(folder, plain), posixpath.basename(plain) in ("", ".", ".."))
        if re.match(r"[a-z][a-z0-9+.-]+:", specifier):
            raise _Refused(f"{specifier.partition(':')[0]}: is no address that was followed")
        match = _NAME.match(specifier)
        if match is None:
            raise _Refused("it is no valid specifier")
        own = self._own_name(specifier, folder, self.import_conditions)
        if own is not None:
            return own
        extra = self.search_path if is_lambda_node(self.runtime) and self.runtime.version >= (18,) else ()
        for modules in [*_upwards(folder), *extra]:
            base = posixpath.join(modules, match[1])
            if self.tree.is_dir(base):
                return self._imported_package(base, match[2] or "")
        return None

    def _imported_package(self, base: str, subpath: str) -> str | None:
        package = self._checked(base)
        if package is not None and package.data is not None and package.data.get("exports") is not None:
            return self._exported(package, "." + subpath, self.import_conditions)
        if subpath:
            return self._exact(base + subpath)
        main = package.text("main") if package is not None else None
        tails = ("", ".js", ".json", ".node", "/index.js", "/index.json", "/index.node") if main else ()
        candidates = [posixpath.join(base, main or "") + tail for tail in tails]
        candidates += [posixpath.join(base, "index" + tail) for tail in EXTENSIONS]
        return next((r for r in map(self.files.real, candidates) if r), None)

    def _exact(self, path: str, folder_like: bool = False) -> str | None:
        path = posixpath.normpath(path)
        if folder_like or self.tree.is_dir(path):
            raise _Refused(f"{path} is a folder, which `import` does not look into")
        return self.files.real(path)

    # package.json: own name, imports, exports

    def _checked(self, folder: str) -> Package | None:
        """The package.json of a folder; refuses the look-up where it is broken."""
        package = self.files.package(folder)
        if package is not None and package.data is None:
            raise _Refused(f"{package.path} is not valid JSON")
        return package

    def _own_name(self, request: str, folder: str, conditions: frozenset[str]) -> str | None:
        scope = self.files.scope(posixpath.join(folder, "x"))
        match = _NAME.match(request)
        if scope is not None and scope.data is None:
            raise _Refused(f"{scope.path} is not valid JSON")
        if scope is None or scope.data is None or match is None or scope.data.get("exports") is None:
            return None
        if scope.text("name") != match[1]:
            return None
        return self._exported(scope, "." + (match[2] or ""), conditions)

    def _package_import(self, request: str, folder: str, conditions: frozenset[str]) -> str | None:
        scope = self.files.scope(posixpath.join(folder, "x"))
        imports = scope.data.get("imports") if scope is not None and scope.data is not None else None
        if scope is not None and imports is None and scope.data is not None and conditions is self.require_conditions:
            return None
        if scope is None and conditions is self.require_conditions:
            return None
        if scope is None or not isinstance(imports, dict):
            raise _Refused(f"no package.json imports {request}")
        return self._mapped(scope, imports, request, conditions, internal=True)

    def _exported(self, package: Package, subpath: str, conditions: frozenset[str]) -> str | None:
        exports = package.data.get("exports") if package.data is not None else None
        table = exports if isinstance(exports, dict) and any(k.startswith(".") for k in exports) else {".": exports}
        return self._mapped(package, table, subpath, conditions, internal=False)

    def _mapped(
        self, package: Package, table: dict[str, object], key: str, conditions: frozenset[str], *, internal: bool
    ) -> str | None:
        match = ""
        if key in table and "*" not in key and not key.endswith("/"):
            chosen = key
        else:
            chosen = _best_pattern(table, key)
            if not chosen:
                raise _Refused(f'{package.path} has no "{key}" in its {"imports" if internal else "exports"}')
            before, _, after = chosen.partition("*")
            match = key[len(before) : len(key) - len(after)]
        target = _target(table[chosen], conditions)
        if target is None:
            raise _Refused(f'{package.path} gives nothing for "{key}"')
        target = target.replace("*", match) if "*" in chosen else target
        if not target.startswith("./"):
            if not internal or target.startswith(("../", "/", "#")):
                raise _Refused(f'{package.path} maps "{key}" to {target}')
            return self._bare_target(target, package.folder, conditions)
        path = posixpath.normpath(posixpath.join(package.folder, unquote(target)))
        found = self._exact(path) if conditions is self.import_conditions else self.files.real(path)
        if found is None:
            raise _Absent(f'{package.path} maps "{key}" to {target}, which is not there')
        return found

    def _bare_target(self, target: str, folder: str, conditions: frozenset[str]) -> str | None:
        if is_builtin(target):
            raise _Refused("a builtin module")
        if conditions is self.import_conditions:
            return self._import(target, folder)
        return self._require(target, folder)


def _target(value: object, conditions: frozenset[str]) -> str | None:
    """The first target that the conditions admit; None where they admit none or exclude the path."""
    found = _admitted(value, conditions, 0)
    return found if isinstance(found, str) else None


_NOTHING = object()
"""No condition applies, so that the next alternative is looked at."""


def _admitted(value: object, conditions: frozenset[str], depth: int) -> object:
    if isinstance(value, str) or value is None:
        return value
    if depth > MAX_TARGETS:
        return _NOTHING
    if isinstance(value, list):
        results = (_admitted(v, conditions, depth + 1) for v in value)
        return next((r for r in results if r is not _NOTHING and r is not None), None if value else _NOTHING)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "default" or key in conditions:
                found = _admitted(inner, conditions, depth + 1)
                if found is not _NOTHING:
                    return found
    return _NOTHING


def _best_pattern(table: Mapping[str, object], key: str) -> str:
    best = ""
    for pattern in table:
        before, star, after = pattern.partition("*")
        if not star or "*" in after or not key.startswith(before) or key == before:
            continue
        if len(key) >= len(pattern) and key.endswith(after):
            mine, theirs = len(before), len(best.partition("*")[0]) if best else -1
            if mine > theirs or (mine == theirs and len(pattern) > len(best)):
                best = pattern
    return best


def _is_folder_like(request: str) -> bool:
    return request.endswith(("/", "/.", "/..")) or request in (".", "..")


def _upwards(folder: str) -> Iterator[str]:
    """The node_modules folders from `folder` to the root."""
    while True:
        if posixpath.basename(folder) != "node_modules":
            yield posixpath.join(folder, "node_modules")
        if folder in ("/", ""):
            return
        folder = posixpath.dirname(folder)


def _flag_values(flags: tuple[str, ...], names: tuple[str, ...]) -> Iterator[str]:
    for flag, following in zip(flags, (*flags[1:], ""), strict=False):
        name, sign, value = flag.partition("=")
        if name in names and (value or following):
            yield value if sign else following
