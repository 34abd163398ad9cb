"""The real interpreter's answers, to compare an analysis with: many cases in one process, each with fresh modules."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from troubleshooter.facts.tree import Entry, FileTree, Kind

_PROGRAM = r"""
import builtins, calendar, codecs, collections, importlib, importlib.machinery, json, os, sys, traceback, typing, zipimport

def client(handler):
    # The runtime client's own steps, with its error types as words.
    try:
        modname, fname = handler.rsplit(".", 1)
    except ValueError as e:
        return "malformed", f"Bad handler '{handler}': {e}", None
    try:
        if modname.split(".")[0] in sys.builtin_module_names:
            return "builtin conflict", "", None
        module = importlib.import_module(modname.replace("/", "."))
    except ImportError as e:
        return "module missing", str(e), getattr(e, "name", None)
    except SyntaxError as e:
        return "syntax", str(e), None
    except TypeError as e:
        return "relative import", str(e), None
    except ValueError as e:
        return "malformed", str(e), None
    except OSError as e:
        return "unreadable", str(e), None
    try:
        getattr(module, fname)
    except AttributeError:
        return "export missing", "", getattr(module, "__file__", None)
    return "", "", getattr(module, "__file__", None)

def plain(name):
    try:
        importlib.import_module(name)
    except ImportError as e:
        return "ImportError", str(e), getattr(e, "name", None)
    except BaseException as e:
        return type(e).__name__, str(e), None
    return "", "", None

cases = json.load(sys.stdin)
if cases["user"] and os.geteuid() == 0:
    os.setgroups([]); os.setgid(990); os.setuid(993)
sys.dont_write_bytecode = True
sys.tracebacklimit = 0
before, path = set(sys.modules), list(sys.path)
answers = []
for case in cases["cases"]:
    sys.path[:] = case["path"] + path
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    answers.append((client if case["how"] == "client" else plain)(case["name"]))
    for name in set(sys.modules) - before:
        del sys.modules[name]
json.dump(answers, sys.stdout)
"""


def ask(cases: Sequence[dict[str, Any]], *, as_lambda_user: bool = False) -> list[tuple[str, str, str | None]]:
    """For each case {path, name, how}: (outcome, message, file or missing name). `how` is `client` or `import`.

    With `as_lambda_user` a root process gives its rights up first, so that modes count.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _PROGRAM],
        input=json.dumps({"user": as_lambda_user, "cases": list(cases)}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd="/",
    )
    return [(a, b, c) for a, b, c in json.loads(done.stdout)]


def write(folder: Path, files: dict[str, str], modes: dict[str, int] | None = None, place: str = "") -> FileTree:
    """Writes files below a folder and gives the same as a tree. Files and folders get their modes.

    The tree has the folder's own absolute paths, or those below `place`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    entries: dict[str, Entry] = {}
    contents: dict[str, bytes] = {}
    root = Path(place) if place else folder
    for path in [folder, *folder.rglob("*")]:
        mode = (modes or {}).get(str(path.relative_to(folder)), 0o755 if path.is_dir() else 0o644)
        kind = Kind.DIRECTORY if path.is_dir() else Kind.FILE
        there = str(root / path.relative_to(folder))
        entries[there] = Entry(kind, mode)
        if kind is Kind.FILE:
            contents[there] = path.read_bytes()
    for parent in root.parents:
        entries.setdefault(str(parent), Entry(Kind.DIRECTORY, 0o755))
    entries.pop("/", None)
    # Deepest first: a folder that may no longer be entered hides what is in it.
    for name in sorted(modes or {}, key=len, reverse=True):
        (folder / name).chmod((modes or {})[name])
    return FileTree(entries, contents.get)
