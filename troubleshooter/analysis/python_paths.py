"""Where a module's code changes what can be imported: additions to sys.path, modules put into sys.modules, import hooks."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from troubleshooter.analysis.python_scope import bound_names, dotted

_HOOKS = frozenset(
    {"sys.meta_path", "sys.path_hooks", "sys.path_importer_cache", "builtins.__import__", "__builtins__"}
)
_ADDING = frozenset({"sys.path.insert", "sys.path.append", "sys.path.extend", "site.addsitedir"})
_SAME = frozenset(
    {"str", "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath", "os.path.expandvars"}
    | {"path.abspath", "path.realpath", "path.normpath", "abspath", "realpath", "normpath"}
)
_DIRNAME = frozenset({"os.path.dirname", "path.dirname", "dirname"})
_JOIN = frozenset({"os.path.join", "path.join", "join"})
_PATHS = frozenset({"Path", "pathlib.Path", "PurePath", "pathlib.PurePath", "pathlib.PurePosixPath"})
_SPECIALS = frozenset({"sys.path", "sys.modules"})


@dataclass(frozen=True, slots=True)
class PathChange:
    """What one module does to the import system."""

    folders: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Names that it puts into sys.modules."""
    doubts: tuple[str, ...] = ()
    """What it does that could not be followed, as `file:line`."""


def path_changes(module: ast.Module, path: str, root: str) -> PathChange:
    """What a module's code does to the import system anywhere in it, its functions included.

    `path` is the module's file, `root` the task root.
    """
    names = _constants(module, path, root)
    folders: list[str] = []
    modules: list[str] = []
    doubts: list[str] = []
    for node in ast.walk(module):
        for change in _changes(node):
            if change is None:
                doubts.append(f"{path}:{getattr(node, 'lineno', 0)}")
                continue
            kind, value = change
            text = _evaluate(value, names, path, root)
            if text is None:
                doubts.append(f"{path}:{getattr(node, 'lineno', 0)}")
            elif kind == "module":
                modules.append(text)
            else:
                folders.append(posixpath.normpath(posixpath.join(root, text)))
    return PathChange(tuple(dict.fromkeys(folders)), tuple(dict.fromkeys(modules)), tuple(dict.fromkeys(doubts)))


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.expr] | None]:
    """Each change that a node makes: a folder, a module's name, or None for one that is not understood."""
    if isinstance(node, ast.Call):
        name = dotted(node.func)
        if name in _ADDING:
            yield from _added(name, node)
        elif name.startswith(("sys.meta_path.", "sys.path_hooks.")) or name in (
            "sys.modules.update",
            "pkgutil.extend_path",
        ):
            yield None
        elif name == "sys.modules.setdefault" and node.args:
            yield "module", node.args[0]
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = list(node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    for target in targets:
        inner = target.value if isinstance(target, ast.Subscript) else target
        name = dotted(inner)
        if name == "sys.modules" and isinstance(target, ast.Subscript):
            yield "module", target.slice
        elif name == "sys.path" and isinstance(node, (ast.Assign, ast.AugAssign)):
            yield from _listed(node.value)
        elif name in _HOOKS:
            yield None


def _added(name: str, node: ast.Call) -> Iterator[tuple[str, ast.expr] | None]:
    position = 1 if name.endswith("insert") else 0
    if len(node.args) <= position:
        yield None
    elif name.endswith("extend"):
        yield from _listed(node.args[position])
    else:
        yield "folder", node.args[position]


def _listed(node: ast.expr) -> Iterator[tuple[str, ast.expr] | None]:
    """The new folders in a list expression that may repeat sys.path itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _listed(node.left)
        yield from _listed(node.right)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for each in node.elts:
            if isinstance(each, ast.Starred):
                yield from _listed(each.value)
            else:
                yield "folder", each
    elif dotted(node) != "sys.path" and dotted(node.value if isinstance(node, ast.Subscript) else node) != "sys.path":
        yield None


def _constants(module: ast.Module, path: str, root: str) -> Mapping[str, str]:
    """Module-level names bound once, to text that can be worked out."""
    names: dict[str, str] = {}
    seen: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = None if name in seen else _evaluate(node.value, names, path, root)
            if value is not None:
                names[name] = value
            else:
                names.pop(name, None)
            seen.add(name)
        elif isinstance(node, (ast.For, ast.AugAssign)):
            for name in bound_names(node.target):
                names.pop(name, None)
                seen.add(name)
    return names


def _evaluate(node: ast.expr, names: Mapping[str, str], path: str, root: str) -> str | None:
    """The text of an expression that names a path; None where it is not made of known parts."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        return path if node.id == "__file__" else names.get(node.id)
    if isinstance(node, ast.JoinedStr):
        parts = [_evaluate(v.value if isinstance(v, ast.FormattedValue) else v, names, path, root) for v in node.values]
        return None if None in parts else "".join(part for part in parts if part is not None)
    if isinstance(node, ast.BinOp):
        left, right = _evaluate(node.left, names, path, root), _evaluate(node.right, names, path, root)
        if left is None or right is None:
            return None
        if isinstance(node.op, ast.Add):
            return left + right
        return posixpath.join(left, right) if isinstance(node.op, ast.Div) else None
    if isinstance(node, ast.Subscript):
        return _subscript(node, names, path, root)
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        inner = _evaluate(node.value, names, path, root)
        return None if inner is None else posixpath.dirname(inner)
    return _called(node, names, path, root) if isinstance(node, ast.Call) else None


def _subscript(node: ast.Subscript, names: Mapping[str, str], path: str, root: str) -> str | None:
    if dotted(node.value) == "os.environ":
        return root if isinstance(node.slice, ast.Constant) and node.slice.value == "LAMBDA_TASK_ROOT" else None
    if isinstance(node.value, ast.Attribute) and node.value.attr == "parents" and isinstance(node.slice, ast.Constant):
        inner, count = _evaluate(node.value.value, names, path, root), node.slice.value
        if inner is None or not isinstance(count, int) or not 0 <= count < 40:
            return None
        for _ in range(count + 1):
            inner = posixpath.dirname(inner)
        return inner
    return None


def _called(node: ast.Call, names: Mapping[str, str], path: str, root: str) -> str | None:
    name = dotted(node.func)
    if name in ("os.getcwd", "Path.cwd", "pathlib.Path.cwd"):
        return root
    if name in ("os.environ.get", "os.getenv") and node.args:
        first = node.args[0]
        return root if isinstance(first, ast.Constant) and first.value == "LAMBDA_TASK_ROOT" else None
    arguments = [_evaluate(each, names, path, root) for each in node.args]
    known = [each for each in arguments if each is not None]
    if len(known) != len(arguments):
        return None
    if name in _SAME and len(known) == 1:
        return posixpath.normpath(posixpath.join(root, known[0])) if name != "str" else known[0]
    if name in _DIRNAME and len(known) == 1:
        return posixpath.dirname(known[0])
    if (name in _JOIN or name in _PATHS) and known:
        return posixpath.join(*known)
    if isinstance(node.func, ast.Attribute):
        inner = _evaluate(node.func.value, names, path, root)
        if inner is not None and node.func.attr in ("resolve", "absolute", "as_posix", "expanduser") and not known:
            return posixpath.normpath(posixpath.join(root, inner))
        if inner is not None and node.func.attr == "joinpath" and known:
            return posixpath.join(inner, *known)
    return None
