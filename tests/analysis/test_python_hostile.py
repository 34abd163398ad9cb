"""Python sources that mean harm, or are merely large: an answer or a reason, never a crash of ours, and in bounded time."""

from __future__ import annotations

import time

import pytest

from tests.coding import HANDLER, a_zip
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import BackgroundWork, ImportClosure
from troubleshooter.facts.packages import InstalledPackages
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.tree import Entry, Kind

FACTS = (RuntimeModel, HandlerResolution, ImportClosure, InstalledPackages, BackgroundWork)


def elifs(count: int) -> str:
    return "if x == 0:\n    pass\n" + "".join(f"elif x == {n}:\n    import m{n}\n" for n in range(1, count)) + HANDLER


NESTED = "".join(" " * n + "if x:\n" for n in range(95)) + " " * 95 + "import deep\n" + HANDLER
SOURCES = {
    "a long chain of conditions": elifs(300),
    "a longer one": elifs(950),
    "one that no parser takes": elifs(9000),
    "deep nesting": NESTED,
    "brackets": "x = " + "(" * 3000 + ")" * 3000 + "\n" + HANDLER,
    "an endless sum": "x = " + " + ".join(["1"] * 30000) + "\n" + HANDLER,
    "an endless call chain": "x = a" + ".b()" * 5000 + "\n" + HANDLER,
    "null bytes": "x = '\0'\n" + HANDLER,
    "half a surrogate": "x = '\ud800'\n".encode("utf-8", "surrogatepass").decode("utf-8", "replace") + HANDLER,
    "binary": "\x7fELF\x02\x01\x01" + "\x01" * 500,
    "terminal escapes": "# \x1b]0;owned\x07\nimport \u202enot_there\n" + HANDLER,
    "one enormous line": "x = [" + "'aaaaaaaa', " * 120000 + "]\n" + HANDLER,
    "many names": "\n".join(f"from m{n} import a as v{n}" for n in range(4000)) + "\n" + HANDLER,
    "imports in a circle": "import app\nfrom app import handler\nfrom . import app\n" + HANDLER,
    "a class that derives from itself": "class A(A):\n    pass\ndef handler(e, c):\n    A().run()\n",
    "functions that call each other": "def handler(e, c):\n    other()\ndef other():\n    handler(1, 2)\n",
    "names made of each other": "def handler(e, c):\n    a = b.x()\n    b = c.x()\n    c = a.x()\n    a.y()\n",
    "tasks in tasks": "import asyncio\ndef handler(e, c):\n    t = asyncio.create_task(t)\n    t = [t, t]\n    f(t)\n",
    "formatted strings left open": "x = f'{" * 300 + "\n" + HANDLER,
}


@pytest.mark.parametrize("name", SOURCES)
def test_sources(name: str) -> None:
    began = time.process_time()
    target = a_zip({"app.py": SOURCES[name]})
    for kind in FACTS:
        found = target.get(kind)
        assert not (isinstance(found, Unavailable) and found.reason is Reason.FAULT), found
    assert time.process_time() - began < 20


def test_a_chain_of_conditions_is_no_nesting() -> None:
    found = a_zip({"app.py": elifs(950)}).get(ImportClosure)
    assert isinstance(found, ImportClosure)
    assert found.missing == (), "each of them may never run"
    assert len(found.imports) == 949


def test_links_and_folders_in_the_place_of_files() -> None:
    files = {
        "app.py": Entry(Kind.SYMLINK, link="app.py"),
        "loop": Entry(Kind.SYMLINK, link="loop"),
        "pkg/__init__.py": Entry(Kind.DIRECTORY, 0o755),
        "deep": Entry(Kind.SYMLINK, link="."),
        "more.pth": "../../..\n/\n" + "x" * 100_000 + "\n",
        "a-1.dist-info/METADATA": "Name: " + "a" * 100_000,
        "a-1.dist-info/RECORD": ",,\n" * 50_000,
    }
    for handler in ("app.handler", "pkg.handler", "loop.handler", "deep.deep.deep.app.handler"):
        target = a_zip(files, handler)
        for kind in FACTS:
            found = target.get(kind)
            assert not (isinstance(found, Unavailable) and found.reason is Reason.FAULT), found


@pytest.mark.parametrize(
    "handler", ["", ".", "..", "/", "a" * 100_000 + ".b", "a." * 5000 + "b", "\0.x", "\n.\n", "app.\u202e", "//..//.h"]
)
def test_handlers(handler: str) -> None:
    found = a_zip({"app.py": HANDLER}, handler).get(HandlerResolution)
    assert isinstance(found, HandlerResolution)
    assert found.problem
