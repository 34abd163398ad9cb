"""Where a module's code changes what can be imported: additions to sys.path, modules put into sys.modules, import hooks."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from troubleshooter.analysis.python.scope import bound_names, dotted

_HOOKS = frozenset(
    {"sys.meta_path", "sys.path_hooks", "sys.path_importer_cache", "builtins.__import__", "__builtins__"}
)
_ADDING = frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend", "site.addsitedir"})
_ADDED_THROUGH = frozenset({"sys.path", "sys.path.append", "sys.path.insert", "sys.path.extend", "sys.meta_path"})
"""What, under another name or in another function's hands, may be changed out of sight."""
_SAME = frozenset(
    {"str", "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "os.path.expandvars"}
    | {"path.abspath", "path.realpath", "path.normpath", "abspath", "realpath", "normpath"}
)
_DIRNAME = frozenset({"os.path.dirname", "path.dirname", "dirname"})
_JOIN = frozenset({"os.path.join", "path.join", "join"})
_PATHS = frozenset({"Path", "pathlib.Path", "PurePath", "pathlib.PurePath", "pathlib.PurePosixPath"})
_SPEAKS_OF_IT = re.compile(
    r"\bsys\.(?:path|modules|meta_path)\b|\bsys\s+as\b|\bfrom\s+sys\s+import\b"
    r"|\b(?:meta_path|path_hooks|path_importer_cache|addsitedir|extend_path|__import__|__builtins__)\b"
)
"""What stands in every source text that changes the import system."""
_READING = frozenset(
    {
        "print",
        "len",
        "list",
        "tuple",
        "set",
        "str",
        "repr",
        "sorted",
        "enumerate",
        "reversed",
        "any",
        "all",
        "map",
        "filter",
    }
    | {"iter", "pprint", "isinstance", "hasattr"}
)
"""Calls that only look at a list. Methods (`logger.info`, `os.pathsep.join`) are taken for such too."""
_MODULES = frozenset({"sys", "os", "site", "pkgutil", "pathlib", "builtins"})
"""Modules whose members are recognised under the names that imports give them."""


_ELSEWHERE = re.compile(r"^/(?:tmp|mnt)(?:/|$)|\.(?:zip|egg|whl|pyz|pex)(?:/|$)")
"""Places whose content no image or package shows: filled at run time, mounted, or packed."""


@dataclass(frozen=True, slots=True)
class PathChange:
    """What one module does to the import system."""

    folders: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Names that it puts into sys.modules."""
    doubts: tuple[str, ...] = ()
    """What it does that could not be followed, as `file:line`."""


def path_changes(module: ast.Module, text: str, path: str, root: str) -> PathChange:
    """What a module's code does to the import system anywhere in it, its functions included.

    `text` is the source that `module` was parsed from, `path` its file, `root` the task root.
    """
    if not _SPEAKS_OF_IT.search(text):
        return PathChange()
    reader = _Reader(module, path, root)
    folders: list[str] = []
    modules: list[str] = []
    doubts: list[str] = []
    for node in ast.walk(module):
        for change in reader.changes(node):
            if change is None:
                doubts.append(f"{path}:{getattr(node, 'lineno', 0)}")
                continue
            kind, value = change
            name = reader.text(value)
            if name is None:
                doubts.append(f"{path}:{getattr(node, 'lineno', 0)}")
            elif kind == "module":
                modules.append(name)
            else:
                folders.append(posixpath.normpath(posixpath.join(root, name)))
                if _ELSEWHERE.search(folders[-1]):
                    doubts.append(f"{path}:{getattr(node, 'lineno', 0)}")
    return PathChange(tuple(dict.fromkeys(folders)), tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(doubts)))


@dataclass(slots=True)
class _Reader:
    """One module being read: what its imports call things, and its names for text that can be worked out."""

    module: ast.Module
    path: str
    root: str
    aliases: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.module):
            if isinstance(node, ast.Import):
                self.aliases |= {a.asname: a.name for a in node.names if a.asname}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                self.aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        self.aliases = {k: v for k, v in self.aliases.items() if v.partition(".")[0] in _MODULES}
        self._constants()

    def named(self, node: ast.AST) -> str:
        """The dotted name that an expression means, its first part read through the imports."""
        name = dotted(node)
        first, dot, rest = name.partition(".")
        return f"{self.aliases[first]}{dot}{rest}" if first in self.aliases else name

    # ------------------------------------------------------------ changes

    def changes(self, node: ast.AST) -> Iterator[tuple[str, ast.expr] | None]:
        """Each change that a node makes: a folder, a module's name, or None for one that is not understood."""
        if isinstance(node, ast.Call):
            yield from self._called(node)
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and self.named(node.value) in _ADDED_THROUGH:
            yield None
        for target in targets:
            inner = target.value if isinstance(target, ast.Subscript) else target
            name = self.named(inner)
            if name == "sys.modules" and isinstance(target, ast.Subscript):
                yield "module", target.slice
            elif name == "sys.path" and isinstance(node, (ast.Assign, ast.AugAssign)):
                yield from self._listed(node.value)
            elif name in _HOOKS:
                yield None

    def _called(self, node: ast.Call) -> Iterator[tuple[str, ast.expr] | None]:
        name = self.named(node.func)
        if name in _ADDING:
            yield from self._added(name, node)
        elif name.startswith(("sys.meta_path.", "sys.path_hooks.")) or name in (
            "sys.modules.update",
            "pkgutil.extend_path",
        ):
            yield None
        elif name == "sys.modules.setdefault" and node.args:
            yield "module", node.args[0]
        elif any(self.named(each) in _ADDED_THROUGH for each in node.args):
            given = {self.named(each) for each in node.args} & _ADDED_THROUGH
            if given != {"sys.path"} or not (name in _READING or isinstance(node.func, ast.Attribute)):
                yield None

    def _added(self, name: str, node: ast.Call) -> Iterator[tuple[str, ast.expr] | None]:
        position = 1 if name.endswith("insert") else 0
        if len(node.args) <= position:
            yield None
        elif name.endswith("extend"):
            yield from self._listed(node.args[position])
        else:
            yield "folder", node.args[position]

    def _listed(self, node: ast.expr) -> Iterator[tuple[str, ast.expr] | None]:
        """The new folders in a list expression that may repeat sys.path itself."""
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            yield from self._listed(node.left)
            yield from self._listed(node.right)
        elif isinstance(node, (ast.List, ast.Tuple)):
            for each in node.elts:
                if isinstance(each, ast.Starred):
                    yield from self._listed(each.value)
                else:
                    yield "folder", each
        elif self.named(node.value if isinstance(node, ast.Subscript) else node) != "sys.path":
            yield None

    # ------------------------------------------------------------ text

    def _constants(self) -> None:
        """Takes in module-level names bound once, to text that can be worked out."""
        seen: set[str] = set()
        for node in self.module.body:
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                value = None if name in seen else self.text(node.value)
                if value is not None:
                    self.names[name] = value
                else:
                    self.names.pop(name, None)
                seen.add(name)
            elif isinstance(node, (ast.For, ast.AugAssign)):
                for name in bound_names(node.target):
                    self.names.pop(name, None)
                    seen.add(name)

    def text(self, node: ast.expr) -> str | None:
        """The text of an expression that names a path; None where it is not made of known parts."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.path if node.id == "__file__" else self.names.get(node.id)
        if isinstance(node, ast.JoinedStr):
            parts = [self.text(v.value if isinstance(v, ast.FormattedValue) else v) for v in node.values]
            return None if None in parts else "".join(part for part in parts if part is not None)
        if isinstance(node, ast.BinOp):
            left, right = self.text(node.left), self.text(node.right)
            if left is None or right is None:
                return None
            if isinstance(node.op, ast.Add):
                return left + right
            return posixpath.join(left, right) if isinstance(node.op, ast.Div) else None
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            inner = self.text(node.value)
            return None if inner is None else posixpath.dirname(inner)
        return self._result(node) if isinstance(node, ast.Call) else None

    def _subscript(self, node: ast.Subscript) -> str | None:
        if self.named(node.value) == "os.environ":
            wanted = isinstance(node.slice, ast.Constant) and node.slice.value == "LAMBDA_TASK_ROOT"
            return self.root if wanted else None
        parents = isinstance(node.value, ast.Attribute) and node.value.attr == "parents"
        if parents and isinstance(node.value, ast.Attribute) and isinstance(node.slice, ast.Constant):
            inner, count = self.text(node.value.value), node.slice.value
            if inner is None or not isinstance(count, int) or not 0 <= count < 40:
                return None
            for _ in range(count + 1):
                inner = posixpath.dirname(inner)
            return inner
        return None

    def _result(self, node: ast.Call) -> str | None:
        name = self.named(node.func)
        if name in ("os.getcwd", "Path.cwd", "pathlib.Path.cwd"):
            return self.root
        if name in ("os.environ.get", "os.getenv") and node.args:
            first = node.args[0]
            return self.root if isinstance(first, ast.Constant) and first.value == "LAMBDA_TASK_ROOT" else None
        arguments = [self.text(each) for each in node.args]
        known = [each for each in arguments if each is not None]
        if len(known) != len(arguments):
            return None
        if name in _SAME and len(known) == 1:
            return posixpath.normpath(posixpath.join(self.root, known[0])) if name != "str" else known[0]
        if name in _DIRNAME and len(known) == 1:
            return posixpath.dirname(known[0])
        if (name in _JOIN or name in _PATHS) and known:
            return posixpath.join(*known)
        if isinstance(node.func, ast.Attribute):
            inner = self.text(node.func.value)
            if inner is not None and node.func.attr in ("resolve", "absolute", "as_posix", "expanduser") and not known:
                return posixpath.normpath(posixpath.join(self.root, inner))
            if inner is not None and node.func.attr == "joinpath" and known:
                return posixpath.join(inner, *known)
        return None
