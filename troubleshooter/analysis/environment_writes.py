"""Which environment variables a Python function's own code may set itself. Pure.

`os.environ` can be written to by subscript, by method, under another name, or by whoever it is handed to. What is not plainly
a reading use of it may set any variable, and so may a call whose work is its side effect: settings are loaded that way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from troubleshooter.analysis.own_sources import own_files
from troubleshooter.analysis.python.scope import dotted, truth
from troubleshooter.facts.image import CodeTree

FILES, SIZE = 300, 400_000
"""Own source files that are searched, and the bytes of each."""
ANY = "*"
_READING = frozenset(("get", "items", "keys", "values", "copy", "pop", "__contains__", "__getitem__", "__iter__"))
_HARMLESS = frozenset(("dict", "print", "len", "sorted", "list", "set", "tuple", "str", "repr", "bool", "iter"))
"""Built-in functions that read the mapping that they are handed."""
_LOADS = re.compile(r"(?i)dot_?env|(?:read|load|set|put|init|inject|import|populate|export|apply|update)_*env")
_LOADERS = re.compile(r"(?i)^(?:environs?|envparse|envyaml|starlette\.config)$|dot_?env|(?:load|read|set)_?env")
"""Names of functions, and of modules, that are there to fill the environment."""
_PREPARES = re.compile(r"(?i)env|conf|setting|secret|ssm|param|bootstrap|init|setup|load")
_SPEAKS = re.compile(
    r"(?i)(?:^|\.)_?(?:log|logger|logging|logs|print|warnings|sys|gc|signal|socket|random|faulthandler|tracemalloc|patch_all"
    r"|xray_recorder|patch|boto3|botocore|json|re|time|mimetypes|locale|threading|asyncio|urllib3)(?:\.|$)"
)
"""Calls for their side effect that leave variables alone."""


def written(code: CodeTree) -> set[str]:
    """Names that own code sets; `*` where it may set any."""
    own = own_files(code, (".py",))
    if len(own) > FILES:
        return {ANY}
    found: set[str] = set()
    for path in own:
        module = parsed(code, path)
        found |= {ANY} if module is None else set(_of(module))
    return found


def parsed(code: CodeTree, path: str) -> ast.Module | None:
    """One source file; None where it is too large or not understood."""
    content = code.tree.read(path)
    if content is None or len(content) > SIZE:
        return None
    try:
        return ast.parse(content.decode("utf-8", "replace"))
    except (SyntaxError, ValueError, RecursionError):
        return None


def prepared(code: CodeTree, path: str, module: ast.Module) -> int | None:
    """Line of the module's first statement that may load settings, itself or in own modules that it imports; None: none."""
    for statement in module.body:
        if _prepares(statement) or any(_any_prepares(code, p) for p in _imported(code, path, statement)):
            return statement.lineno
    return None


def _any_prepares(code: CodeTree, path: str) -> bool:
    """Whether an own module, or one that it imports, may load settings while it is imported."""
    seen, waiting = {path}, [path]
    while waiting and len(seen) < FILES:
        here = waiting.pop()
        module = parsed(code, here)
        if module is None or any(map(_prepares, module.body)):
            return True
        new = [p for s in module.body for p in _imported(code, here, s) if p not in seen]
        seen.update(new)
        waiting += new
    return False


def _imported(code: CodeTree, path: str, statement: ast.stmt) -> Iterator[str]:
    """Own source files that an import statement names."""
    names: list[str] = []
    folder = code.root
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            names += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            names += [base, *(f"{base}.{a.name}".strip(".") for a in node.names)]
            if node.level:
                folder = path.rsplit("/", node.level)[0]
    for name in names:
        parts = name.split(".") if name else []
        for end in range(1, len(parts) + 1):
            stem = "/".join([folder.rstrip("/"), *parts[:end]])
            yield from (p for p in (f"{stem}.py", f"{stem}/__init__.py") if code.tree.entry(p) is not None)


def _prepares(statement: ast.stmt) -> bool:
    """A call at the top level whose result nobody wants, or one of something that is named like settings."""
    later = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    if isinstance(statement, later) or (isinstance(statement, ast.If) and truth(statement.test) is False):
        return False
    thrown = {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Expr)}
    return any(
        _may_prepare(node, thrown=id(node) in thrown) for node in ast.walk(statement) if isinstance(node, ast.Call)
    )


def _may_prepare(call: ast.Call, *, thrown: bool) -> bool:
    name = _called(call)
    if _SPEAKS.search(name) or (isinstance(call.func, ast.Attribute) and is_environ(call.func.value)):
        return False
    nothing = all(isinstance(a, ast.Constant) for a in (*call.args, *(k.value for k in call.keywords)))
    return thrown or (nothing and not _is_reading(call) and _PREPARES.search(name) is not None)


def _is_reading(call: ast.Call) -> bool:
    """`os.getenv("X")`, `os.environ.get("X")`."""
    func = call.func
    by_method = isinstance(func, ast.Attribute) and func.attr in _READING
    return by_method or _called(call).rpartition(".")[2] in ("getenv", "getenvb")


def _called(call: ast.Call) -> str:
    """`Env.read_env` of `Env().read_env()`."""
    func = call.func
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Call):
        return f"{_called(func.value)}.{func.attr}"
    return dotted(func)


def _of(module: ast.Module) -> Iterator[str]:
    names, parents = _names(module), {id(c): p for p in ast.walk(module) for c in ast.iter_child_nodes(p)}
    for node in ast.walk(module):
        if _loads(node):
            yield ANY
        elif is_environ(node, names):
            yield from _use(node, parents)


def _loads(node: ast.AST) -> bool:
    """Whether it is there to fill the environment, by its name."""
    if isinstance(node, ast.Import):
        return any(_LOADERS.search(a.name.partition(".")[0]) for a in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module is not None and _LOADERS.search(node.module) is not None
    return isinstance(node, ast.Call) and _LOADS.search(_called(node).rpartition(".")[2]) is not None


def _names(module: ast.Module) -> frozenset[str]:
    """What `environ` is called here: `from os import environ as env`."""
    imported = [
        a.asname or a.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and node.module == "os"
        for a in node.names
        if a.name in ("environ", "environb", "putenv")
    ]
    return frozenset(("environ", *imported))


def is_environ(node: ast.AST, names: frozenset[str] = frozenset(("environ",))) -> bool:
    """`os.environ`, or a name that stands for it."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("environ", "environb", "putenv")
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names


def _use(node: ast.AST, parents: dict[int, ast.AST]) -> Iterator[str]:
    """Names that are set by one use of the mapping."""
    user = parents.get(id(node))
    if isinstance(user, ast.Subscript) and user.value is node:
        if not isinstance(user.ctx, ast.Load):
            yield _constant(user.slice)
    elif isinstance(user, ast.Attribute):
        call = parents.get(id(user))
        if user.attr not in _READING:
            yield from _by_method(user.attr, call)
    elif not _only_reads(node, user):
        yield ANY


def _by_method(name: str, call: ast.AST | None) -> Iterator[str]:
    if not isinstance(call, ast.Call):
        yield ANY
    elif name in ("setdefault", "__setitem__") and call.args:
        yield _constant(call.args[0])
    elif name == "update":
        for argument in call.args:
            keys = argument.keys if isinstance(argument, ast.Dict) else [None]
            yield from (_constant(key) for key in keys)
        yield from (k.arg or ANY for k in call.keywords)
    elif name not in ("__delitem__", "clear"):
        yield ANY


def _only_reads(node: ast.AST, user: ast.AST | None) -> bool:
    """Uses that hand the mapping to nobody who could write to it."""
    if isinstance(user, ast.Call):
        return node in user.args and dotted(user.func) in (*_HARMLESS, "json.dumps", "copy.copy")
    if isinstance(user, ast.keyword):
        return user.arg in ("env", None)
    if isinstance(user, ast.Compare):
        return True
    return isinstance(user, ast.Dict | ast.For | ast.comprehension | ast.FormattedValue | ast.Expr | ast.BinOp)


def _constant(key: ast.expr | None) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ANY
