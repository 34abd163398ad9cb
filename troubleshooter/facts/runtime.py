"""Which runtime client runs the handler, and how it finds it."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact

NOT_BUILT = "a source folder does not show what the build installs"
"""The open end of a runtime model that was made of a source folder."""


@dataclass(frozen=True, kw_only=True)
class RuntimeModel(Fact):
    """The language runtime that the launch ends in, as the image or the zip's runtime shows it."""

    language: str
    """`python`, `node`, or `other`."""
    client: str
    """`aws-base` (an AWS language image), `ric` (the client on another base), `zip` (managed runtime), `unknown`."""
    version: tuple[int, ...] = ()
    """Interpreter version as far as known: (3, 12), (20,)."""
    handler: str | None = None
    """The handler text that the client is given; None where the launch gives none."""
    task_root: str = "/var/task"
    """Folder that handler look-up starts from."""
    search_path: tuple[str, ...] = ()
    """Python: the folders of sys.path in order. Node: the NODE_PATH folders."""
    architecture: str = "x86_64"
    """The function's CPU where known, else the image's, in Lambda's words."""
    flags: tuple[str, ...] = ()
    """Node flags in effect: Lambda's own and those of NODE_OPTIONS."""
    open_ends: tuple[str, ...] = ()
    """Why more may be importable than the search path shows, one clause each: `layers of the function were not read`.
    Empty where it is certain; nothing may be called missing otherwise."""


@dataclass(frozen=True, kw_only=True)
class HandlerResolution(Fact):
    """Where the runtime client's own algorithm ends for this handler."""

    handler: str
    language: str
    problem: str
    """Empty where it resolves; else `malformed`, `module missing`, `export missing`, `builtin conflict`, `relative import`,
    `unreadable`, or `undecided` (its file exists but could not be read or parsed)."""
    module: str = ""
    path: str | None = None
    """Real path of the handler's file."""
    export: str = ""
    tried: tuple[str, ...] = ()
    """Paths that were looked at, in order."""
    alternatives: tuple[str, ...] = ()
    """Handlers that would resolve, best first: the same export in the files that exist."""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ModuleFormat(Fact):
    """Node: in which module system the handler's file is loaded, and in which one it is written.

    Where the handler's own file is fine, the first of the files it loads, outside node_modules, that is not.
    """

    path: str
    loaded_as: str
    """`esm` or `commonjs`: by extension and nearest package.json."""
    because: str
    """What decides: `.mjs`, `package.json "type": "module"`, `no package.json`, …"""
    package_json: str | None
    """Path of the nearest package.json."""
    written_as: str
    """`esm`, `commonjs`, `either` (no module syntax), `both`, or `unparsed`."""
    offence: str = ""
    """The first construct that the loader refuses, as written; empty where there is none."""
    line: int = 0
    error: str = ""
    """The error text that Node raises for it."""
    doubt: str = ""
    """Why it could not be told whether the loader refuses the file; empty where it was told."""
