"""What the handler's code does: imports, and work that nobody waits for."""

from __future__ import annotations

from dataclasses import dataclass

from troubleshooter.facts.base import Fact


@dataclass(frozen=True, slots=True)
class Import:
    """One import that is reached from the handler at load time."""

    module: str
    """Top-level import name (Python) or package specifier (Node: `@scope/name` or `name`)."""
    full: str
    """As written: `google.cloud.storage`, `@aws-sdk/client-s3/dist`."""
    path: str
    line: int
    guarded: bool = False
    """Inside try/except ImportError, `if TYPE_CHECKING`, or an optional require: its absence breaks nothing at load time."""
    deferred: bool = False
    """Inside a function body: breaks at call time only."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One of the function's own files that is sure to be loaded with the handler."""

    path: str
    module: str
    """As imported."""
    importer: str
    """`path:line` of the import; empty for the handler's own file."""


@dataclass(frozen=True, slots=True)
class NewerSyntax:
    """Syntax that the target's interpreter does not know yet."""

    path: str
    line: int
    text: str
    """The source line, stripped."""
    construct: str
    """In words: `a match statement`."""
    since: tuple[int, int]
    """First version that knows it."""


@dataclass(frozen=True, kw_only=True)
class ImportClosure(Fact):
    """Imports reached from the handler, and which of them nothing provides."""

    language: str
    imports: tuple[Import, ...] = ()
    missing: tuple[Import, ...] = ()
    """Unguarded, at load time, provided by neither standard library, runtime, nor any folder of the search path."""
    missing_deferred: tuple[Import, ...] = ()
    complete: bool = True
    """False where a file on the way could not be read or parsed, so that more may be missing."""
    unread: tuple[str, ...] = ()
    """What was not read, or why nothing may be called missing."""
    unseen: tuple[Import, ...] = ()
    """What would be missing, where doubts forbid to say so."""
    loaded: tuple[Loaded, ...] = ()
    """The function's own files that load with the handler, its own file left out."""
    esm_required: tuple[Import, ...] = ()
    """Node: requires, at load time, of files that are ES modules, where the runtime's `require` does not load those."""
    newer_syntax: tuple[NewerSyntax, ...] = ()
    """Python: own modules that are loaded with the handler and that the target's interpreter cannot compile."""


@dataclass(frozen=True, kw_only=True)
class ToldMissing(Fact):
    """What the runtime client did not find, nothing in the tree is named like, and an installed package imports."""

    asked: Import
    """The import, in the package's file."""


@dataclass(frozen=True, slots=True)
class UnboundName:
    """A name that one installed package imports from another, which does not have it."""

    name: str
    module: str
    path: str
    """The module's file."""
    place: str
    """`path:line` of the import."""
    importer: str
    """`path:line` in the function's own code that leads there."""


@dataclass(frozen=True, kw_only=True)
class UnboundNames(Fact):
    """Names that the SDK imports at load time, with the handler, and that are not there."""

    names: tuple[UnboundName, ...] = ()


@dataclass(frozen=True, slots=True)
class FloatingWork:
    """Work that is started and not awaited before the handler returns."""

    construct: str
    """`asyncio.create_task`, `loop.create_task`, `asyncio.ensure_future`, `forEach(async …)`, `floating promise`, …"""
    path: str
    line: int
    text: str
    """The source line, stripped."""
    function: str
    """Function that starts it."""
    certain: bool
    """True where every path from the handler returns without awaiting it; False where that could not be decided."""


@dataclass(frozen=True, kw_only=True)
class BackgroundWork(Fact):
    """Floating work that is reachable from the handler."""

    language: str
    handler_path: str
    floating: tuple[FloatingWork, ...] = ()
    awaited: tuple[FloatingWork, ...] = ()
    """Look-alikes that are waited for: gathered, awaited later, run in a task group."""
    returns_coroutine: bool = False
    """Python: the handler itself is an undecorated `async def`, whose coroutine nobody runs."""
    handler_line: int = 0
    """Line of the handler's definition; 0 where it was not found."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that the code certainly does."""

    kind: str
    """`exit`: ends the process; `write`: makes or changes a file where nothing can be written; `wait`: awaits what never
    comes."""
    what: str
    """The call that ends it, the path that is written to, or the promise."""
    path: str
    line: int
    text: str
    """The source line, stripped."""
    when: str
    """`import` while the handler's module is loaded, `handler` when it is called."""


@dataclass(frozen=True, kw_only=True)
class CertainEffects(Fact):
    """What happens on every load of the handler's module, and on every call of the handler."""

    language: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NodeHandlerShape(Fact):
    """How the exported Node.js handler is written."""

    path: str
    line: int
    text: str
    """The source line where it begins, stripped."""
    parameters: tuple[str, ...] = ()
    """Names of the plain parameters; empty text for one that is taken apart or has a default."""
    is_async: bool = False
    wrapped: bool = False
    """Handed to a function whose result is the handler."""
    streams: bool = False
    """Wrapped in `streamifyResponse` and in nothing else."""
    calls_back: int = 0
    """Line where its third parameter is called; 0 where it is not."""
    returns: bool = True
    """Whether it returns a value anywhere."""
    stream_left_open: bool = False
    """Streams: its response stream is only written to, and neither ended nor handed on anywhere in the function."""
