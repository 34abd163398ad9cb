"""Handler resolution and imports against the interpreter itself, on generated trees."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analysis.python_oracle import ask, write
from tests.factories import IMAGE
from troubleshooter.analysis.python.handler import Resolver, Step, python_handler
from troubleshooter.analysis.python.imports import python_imports
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.tree import FileTree

NONE = Unavailable(Reason.NOT_GIVEN, "no image configuration")
VERSION = sys.version_info[:2]
HANDLERS = 700
PERMISSIONS = 120
PROJECTS = 600


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="oracle-"))
    path.chmod(0o755)
    yield path
    for each in path.rglob("*"):
        if not each.is_symlink():
            each.chmod(0o700 if each.is_dir() else 0o600)
    shutil.rmtree(path)


def model(handler: str, *folders: Path) -> RuntimeModel:
    return RuntimeModel(
        reading=IMAGE,
        language="python",
        client="ric",
        version=VERSION,
        handler=handler,
        task_root=str(folders[0]),
        search_path=tuple(str(each) for each in folders),
    )


def code(tree: FileTree, root: Path) -> CodeTree:
    return CodeTree(reading=IMAGE, tree=tree, root=str(root), kind="image")


# ---------------------------------------------------------------- handlers

NAMES = [
    "app",
    "main",
    "src",
    "my-api",
    "lambda_function",
    "hello.world",
    "Api",
    "api",
    "pkg",
    "colorsys",
    "this_module",
]
BODIES = [
    "def handler(event, context):\n    return 1\n",
    "async def handler(event, context):\n    return 1\n",
    "handler = lambda event, context: 1\n",
    "class handler:\n    pass\n",
    "def lambda_handler(event, context):\n    return 1\n",
    "",
    "import os as handler\n",
    "from os import path as handler, getcwd\n",
    "try:\n    import nowhere_at_all\n    handler = 1\nexcept ImportError:\n    def handler(event, context): pass\n",
    "if True:\n    handler = 1\nelse:\n    other = 1\n",
    "if 1 == 2:\n    handler = 1\n",
    "handler = 1\ndel handler\n",
    "other, (handler, *more) = 1, (2, 3)\n",
    "for handler in (1, 2):\n    pass\n",
    "handler: int\n",
    "def __getattr__(name):\n    if name == 'handler':\n        return print\n    raise AttributeError(name)\n",
    "globals()['handler'] = print\n",
    "from os.path import *\n",
    "with open(__file__) as handler:\n    pass\n",
    "if (handler := 1):\n    pass\n",
    "def outer():\n    handler = 1\n",
    "class Outer:\n    def handler(self): pass\n",
    "match 1:\n    case handler:\n        pass\n",
    "import sys\nif sys.version_info >= (3, 99):\n    handler = 1\n",
    "def handler(:\n",
]


def a_tree(rng: random.Random) -> dict[str, str]:
    """Files of a task root (`task/…`) and of site-packages (`site/…`)."""
    files: dict[str, str] = {}
    for _ in range(rng.randint(1, 6)):
        parts = rng.choices(NAMES, k=rng.choice((1, 1, 1, 2, 2, 3)))
        place = rng.choice(("task", "task", "task", "site"))
        ending = rng.choice((".py", ".py", ".py", "/__init__.py", ".txt", ".PY", "/data.json"))
        path = "/".join([place, *parts]) + ending
        ancestors = {"/".join(path.split("/")[: n + 1]) for n in range(path.count("/"))}
        if ancestors & files.keys() or any(f.startswith(path + "/") for f in files):
            continue
        files[path] = rng.choice(BODIES) if path.lower().endswith(".py") else ""
    return files


def a_handler(rng: random.Random, files: dict[str, str]) -> str:
    """A handler text near to what is there."""
    path = rng.choice(sorted(files)).partition("/")[2].removesuffix(".py").removesuffix("/__init__")
    if rng.random() < 0.3:
        path = "/".join(rng.choices(NAMES, k=rng.choice((1, 2))))
    module = path.replace("/", rng.choice((".", "/")))
    export = rng.choice(("handler", "handler", "handler", "lambda_handler", "handlr", "path", "__doc__", "app"))
    return rng.choice(
        [f"{module}.{export}"] * 12
        + [module, f"/{module}.{export}", f"./{module}.{export}", f"../{module}.{export}", f"{module}.py.{export}"]
        + [
            f"{module}..{export}",
            f".{export}",
            f"{module}.{export} ",
            f" {module}.{export}",
            "",
            ".",
            f"{module}/.{export}",
        ]
        + [
            f"{rng.choice(('sys', 'time', 'posix', 'atexit'))}.{export}",
            f"{module}//x.{export}",
            f"{module}.__init__.{export}",
        ]
    )


def resolved(handler: str, tree: FileTree, *folders: Path) -> Step:
    return Resolver.of(model(handler, *folders), code(tree, folders[0])).resolve(handler)


def test_handlers_resolve_as_in_the_interpreter(folder: Path) -> None:
    rng = random.Random(20261121)  # noqa: S311
    cases, ours = [], []
    for number in range(HANDLERS):
        files = a_tree(rng)
        while not files:
            files = a_tree(rng)
        handler = a_handler(rng, files)
        tree = write(folder / str(number), files)
        folders = (folder / str(number) / "task", folder / str(number) / "site")
        cases.append({"how": "client", "name": handler, "path": [str(each) for each in folders]})
        ours.append((handler, files, resolved(handler, tree, *folders)))
    differing, seen = [], Counter[str]()
    for (handler, files, step), (problem, message, file) in zip(ours, ask(cases), strict=True):
        seen[step.problem or "resolves"] += 1
        if step.problem == "undecided":
            continue
        same = step.problem == problem
        if same and problem in ("malformed", "module missing", "relative import"):
            same = step.detail == message
        if same and problem in ("", "export missing"):
            same = (file and os.path.realpath(file)) == (step.path and os.path.realpath(step.path))
        if not same:
            differing.append(
                (handler, sorted(files.items()), (step.problem, step.detail, step.path), (problem, message, file))
            )
    assert not differing, "\n".join(map(str, [f"{len(differing)} disagreements", *differing[:10]]))
    assert seen["undecided"] < HANDLERS / 4, seen
    assert (
        min(seen[each] for each in ("resolves", "module missing", "export missing", "malformed", "relative import"))
        > 15
    )


def test_permissions_hide_modules_as_in_the_interpreter(folder: Path) -> None:
    """As Lambda's user when run by root. Modes grant the owner and others the same, so any user sees the same."""
    rng = random.Random(7)  # noqa: S311
    cases, ours = [], []
    body = BODIES[0]
    for number in range(PERMISSIONS):
        files = {
            "task/app.py": body,
            "task/pkg/__init__.py": "",
            "task/pkg/mod.py": body,
            "task/ns/mod.py": body,
            "site/app.py": body,
        }
        modes = dict.fromkeys(rng.sample(sorted(files), rng.choice((0, 1, 1, 2))), 128)
        for name in rng.sample(["task/pkg", "task/ns", "task"], rng.choice((0, 1, 1))):
            modes[name] = rng.choice((0o311, 0o644, 0o200))
        handler = rng.choice(("app.handler", "pkg.mod.handler", "ns/mod.handler", "pkg.handler"))
        tree = write(folder / str(number), files, modes)
        folders = (folder / str(number) / "task", folder / str(number) / "site")
        cases.append({"how": "client", "name": handler, "path": [str(each) for each in folders]})
        ours.append((handler, modes, resolved(handler, tree, *folders)))
    differing, seen = [], Counter[str]()
    for (handler, modes, step), (problem, message, _) in zip(ours, ask(cases, as_lambda_user=True), strict=True):
        seen[step.problem or "resolves"] += 1
        # What modes hide is `module missing` to the interpreter: the resolution says more.
        same = step.problem == problem or (step.problem == "unreadable" and problem == "module missing")
        if not same:
            differing.append((handler, modes, (step.problem, step.detail, step.path), (problem, message)))
    assert not differing, "\n".join(map(str, differing[:10]))
    assert seen["unreadable"] > 10, seen


# ---------------------------------------------------------------- imports

OWN = ["own_a", "own_b", "own_c", "kit", "kit.core", "kit.extra", "loose.part"]
THERE = ["json", "colorsys", "installed", "installed.sub", "shared_ns.one"]
GONE = ["absent_one", "absent_two.sub", "shared_ns.two", "kit.nothing", "own_a.nothing"]


def an_import(rng: random.Random, indent: str, package: str) -> list[str]:
    """One import statement in one of the shapes that code has."""
    name = rng.choice(OWN * 2 + THERE * 2 + GONE)
    parent, _, last = name.rpartition(".")
    plain = rng.choice(
        (f"import {name}", f"import {name} as x", f"from {parent} import {last}" if parent else f"import {name}")
    )
    if package and rng.random() < 0.3:
        plain = rng.choice(
            ("from . import core", "from .extra import value", "from .. import own_a", "from .gone import x")
        )
    other = rng.choice(OWN + THERE + GONE)
    caught = rng.choice(("ImportError", "ModuleNotFoundError", "Exception", "(ValueError, ImportError)", "ValueError"))
    shapes = [[plain]] * 8 + [
        ["try:", f"    {plain}", f"except {caught}:", "    pass"],
        ["try:", f"    {plain}", f"except {caught}:", f"    import {other}"],
        ["try:", f"    {plain}", f"except {caught}:", "    raise"],
        ["try:", f"    {plain}", f"except {caught}:", "    y = 1", "else:", f"    import {other}"],
        ["try:", f"    import {other}", "finally:", f"    {plain}"],
        ["def work():", f"    {plain}"],
        ["class K:", f"    {plain}"],
        ["import sys", "if sys.version_info >= (3, 9):", f"    {plain}", "else:", f"    import {other}"],
        ["import sys", "if sys.version_info[:2] < (3, 9):", f"    {plain}", "else:", f"    import {other}"],
        ["from typing import TYPE_CHECKING", "if TYPE_CHECKING:", f"    {plain}"],
        ["if __name__ == '__main__':", f"    {plain}"],
        ["import contextlib", "with contextlib.suppress(ImportError):", f"    {plain}"],
        ["import importlib", f"importlib.import_module('{name}')"],
        [f"__import__('{name}')"],
        ["import warnings", "with warnings.catch_warnings():", f"    {plain}"],
        ["import os", "if os.environ.get('NOT_SET_ANYWHERE'):", f"    {plain}"],
        ["import sys, os", "sys.path.append(os.path.join(os.path.dirname(__file__), 'vendor'))", "import vendored"],
        ["import sys", "if sys.platform == 'win32':", f"    {plain}"],
        ["import sys, types", "sys.modules['made_up'] = types.ModuleType('made_up')", "import made_up"],
    ]
    return [indent + line for line in rng.choice(shapes)]


def a_project(rng: random.Random) -> dict[str, str]:
    def body(package: str = "") -> str:
        lines = [line for _ in range(rng.choice((0, 1, 1, 2))) for line in an_import(rng, "", package)]
        return "\n".join([*lines, "value = 1", ""])

    return {
        "task/app.py": "\n".join(line for _ in range(3) for line in an_import(rng, "", ""))
        + "\ndef handler(e, c): pass\n",
        "task/own_a.py": body(),
        "task/own_b.py": body(),
        "task/own_c.py": body(),
        "task/kit/__init__.py": body("kit"),
        "task/kit/core.py": body("kit"),
        "task/kit/extra.py": body("kit"),
        "task/loose/part.py": body(),
        "task/vendor/vendored.py": "",
        "task/kit/vendor/vendored.py": "",
        "task/loose/vendor/vendored.py": "",
        "site/installed/__init__.py": "",
        "site/installed/sub.py": "",
        "site/installed-1.0.dist-info/METADATA": "Name: installed\nVersion: 1.0\n",
        "site/shared_ns/one.py": "",
    }


def closure(tree: FileTree, *folders: Path) -> ImportClosure:
    runtime = model("app.handler", *folders)
    resolution = python_handler(runtime, code(tree, folders[0]), NONE)
    assert isinstance(resolution, HandlerResolution)
    found = python_imports(runtime, resolution, code(tree, folders[0]))
    assert isinstance(found, ImportClosure)
    return found


def test_missing_imports_are_those_the_interpreter_stops_at(folder: Path) -> None:
    """Where the interpreter stops at a module that is not there, the first missing import is that one, and only then."""
    rng = random.Random(42)  # noqa: S311
    cases, ours = [], []
    for number in range(PROJECTS):
        files = a_project(rng)
        # Below /tmp, folders may be filled when the function runs: the analysis sees another place.
        tree = write(folder / str(number), files, place="/case")
        folders = (folder / str(number) / "task", folder / str(number) / "site")
        cases.append({"how": "import", "name": "app", "path": [str(each) for each in folders]})
        ours.append((files, closure(tree, Path("/case/task"), Path("/case/site"))))
    differing, seen = [], Counter[str]()
    for (files, found), (kind, message, name) in zip(ours, ask(cases), strict=True):
        first = found.missing[0] if found.missing else None
        seen["missing" if first else "complete" if found.complete else "incomplete"] += 1
        stopped = kind == "ImportError" and message.startswith("No module named")
        if kind == "ImportError" and not stopped:
            # A name or a parent package that is not there: no missing module, and nothing after it ran.
            seen["another import error"] += 1
            continue
        if first is None:
            same = not (stopped and found.complete)
        else:
            # An error in a `finally` takes the place of the one before it.
            replaced = any("finally:" in text for text in files.values())
            same = stopped and any(
                m.full == name or m.full.startswith(f"{name}.") for m in found.missing[: 99 if replaced else 1]
            )
            # Something in between could not be decided, and may have stopped it before.
            same = same or (stopped and not found.complete)
        if not same:
            differing.append((files, [(m.full, m.path[-12:], m.line) for m in found.missing], (kind, message, name)))
    assert not differing, "\n".join(map(str, [f"{len(differing)} disagreements", *differing[:3]]))
    assert min(seen["missing"], seen["complete"]) > 100, seen
    assert seen["incomplete"] + seen["another import error"] < PROJECTS / 5, seen
