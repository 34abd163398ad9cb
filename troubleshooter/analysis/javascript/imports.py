"""What a JavaScript file imports and requires, and in which module system it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from troubleshooter.analysis.javascript.loading import Runs, module_returns, order, runs
from troubleshooter.analysis.javascript.scopes import FUNCTIONS, Path, Use, is_field, nearest_function, same
from troubleshooter.analysis.javascript.syntax import Script, arguments, has_token, literal, unwrap

if TYPE_CHECKING:
    from tree_sitter import Node

CJS_NAMES = ("require", "module", "exports", "__dirname", "__filename")
"""Names that exist in CommonJS modules only."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One import or require with a constant specifier."""

    specifier: str
    line: int
    kind: str
    """`import` (a declaration, or a re-export), `require` (by the `require` of every CommonJS module), `created` (by one
    that `createRequire` made), `shim` (by esbuild's stand-in for `require`), or `dynamic` (`import(…)`)."""
    runs: Runs
    """Whether it happens while the module loads. Declarations always do."""
    position: int


@dataclass(frozen=True, slots=True)
class Construct:
    """One piece of code that belongs to one module system only."""

    text: str
    """Its line as written, stripped."""
    line: int
    position: int
    error: str
    """What Node says where the other module system meets it."""


def wanted(script: Script) -> tuple[Wanted, ...]:
    """Everything that the file imports by constant name: declarations first, then in the order of execution."""
    if "wanted" not in script.memory:
        found = [*_declared(script), *_dynamic(script), *_required(script)]
        script.memory["wanted"] = tuple(sorted(found, key=lambda w: (w.kind != "import", w.position)))
    cached: tuple[Wanted, ...] = script.memory["wanted"]
    return cached


def module_statements(script: Script) -> list[Node]:
    """The file's `import` and `export` declarations."""
    if "statements" not in script.memory:
        found = [n for n in script.root.named_children if n.type in ("import_statement", "export_statement")]
        script.memory["statements"] = found
    cached: list[Node] = script.memory["statements"]
    return cached


def _declared(script: Script) -> Iterator[Wanted]:
    for node in module_statements(script):
        specifier = literal(script, node.child_by_field_name("source"))
        if specifier is not None:
            yield Wanted(specifier, script.line(node), "import", Runs.ALWAYS, node.start_byte)


def _dynamic(script: Script) -> Iterator[Wanted]:
    """`import(…)`: a miss is a rejected promise, which stops the module only where its top level awaits it."""
    for offset in script.find("import", "("):
        path = script.trail(offset)
        at = len(path) - 1
        while at > 0 and path[at].type == "import":
            at -= 1
        if at == len(path) - 1 or path[at].type != "call_expression":
            continue
        specifier = _first_literal(script, path[at])
        if specifier is not None:
            awaited = path[at - 1].type == "await_expression" and nearest_function(path) is None
            state = runs(script, path[: at + 1]) if awaited else Runs.LATER
            yield Wanted(specifier, script.line(path[at]), "dynamic", state, offset)


def _required(script: Script) -> Iterator[Wanted]:
    for name, start, kind in _require_names(script):
        names = script.names(name)
        for use in names.uses:
            declaration = names.declaration_of(use.offset)
            call = called_by(use.path)
            if (declaration.node.start_byte if declaration else None) != start or call is None:
                continue
            specifier = _first_literal(script, call[-1])
            if specifier is not None:
                yield Wanted(specifier, script.line(use.node), kind, runs(script, call), order(script, call))


def _first_literal(script: Script, call: Node) -> str | None:
    first = arguments(call)[:1]
    return literal(script, first[0]) if first else None


def called_by(path: Path) -> Path | None:
    """The path to the call that calls the name at the end of `path`, `(0, name)(…)` included; None where none does."""
    at = len(path) - 1
    while at > 0 and path[at - 1].type in ("parenthesized_expression", "sequence_expression"):
        if not same(unwrap(path[at - 1]), path[-1]):
            return None
        at -= 1
    if at > 0 and path[at - 1].type == "call_expression" and is_field(path[at - 1], "function", path[at]):
        return path[:at]
    return None


def _require_names(script: Script) -> list[tuple[str, int | None, str]]:
    """Names that a call requires by, the offset of their declaration (none for the module's own), and the kind."""
    found: list[tuple[str, int | None, str]] = [("require", None, "require")]
    for maker in _makers(script):
        for offset in script.find(maker, "("):
            path = script.trail(offset)
            declarator = next((n for n in reversed(path[-6:]) if n.type == "variable_declarator"), None)
            value = unwrap(declarator.child_by_field_name("value")) if declarator is not None else None
            if declarator is None or value is None or value.type != "call_expression":
                continue
            name = declarator.child_by_field_name("name")
            callee = value.child_by_field_name("function")
            if name is not None and name.type == "identifier" and callee is not None and callee.end_byte > offset:
                found.append((script.text(name), name.start_byte, "created"))
    return found + [(name, start, "shim") for name, start in _shims(script)]


def _makers(script: Script) -> list[str]:
    """Names under which the file has `createRequire`."""
    found = ["createRequire"]
    for offset in script.find("createRequire"):
        path = script.trail(offset)
        specifier = next((n for n in reversed(path[-3:]) if n.type in ("import_specifier", "pair_pattern")), None)
        alias = (
            specifier.child_by_field_name("alias" if specifier.type == "import_specifier" else "value")
            if specifier
            else None
        )
        if alias is not None and alias.type == "identifier":
            found.append(script.text(alias))
    return list(dict.fromkeys(found))


def _shims(script: Script) -> Iterator[tuple[str, int]]:
    """esbuild's `__require`: the module's own `require` where there is one, else a function that throws."""
    if b"Dynamic require of" not in script.source:
        return
    for offset in script.find("require", ".apply"):
        path = script.trail(offset)
        declarator = next((n for n in path if n.type == "variable_declarator" and _is_shim(script, n)), None)
        name = declarator.child_by_field_name("name") if declarator is not None else None
        if name is not None:
            yield script.text(name), name.start_byte


def _is_shim(script: Script, declarator: Node) -> bool:
    size = declarator.end_byte - declarator.start_byte
    return size < 800 and b"Dynamic require of" in script.source[declarator.start_byte : declarator.end_byte]


def esm_construct(script: Script) -> Construct | None:
    """The first thing in the file that only an ES module may hold."""
    found = [_construct(script, node, _STATEMENT_ERRORS[node.type]) for node in module_statements(script)[:1]]
    for offset in script.find("import", "."):
        path = script.trail(offset)
        if len(path) > 1 and path[-2].type == "meta_property":
            found.append(_construct(script, path[-2], "SyntaxError: Cannot use 'import.meta' outside a module"))
            break
    awaited = _top_level_await(script)
    if awaited is not None:
        found.append(_construct(script, awaited, _AWAIT_ERRORS[awaited.type]))
    return min(found, key=lambda c: c.position, default=None)


def awaits(script: Script) -> bool:
    """Whether loading the module waits for something."""
    return _top_level_await(script) is not None


def _top_level_await(script: Script) -> Node | None:
    for offset in script.find("await"):
        path = script.trail(offset)
        if any(n.type in FUNCTIONS or n.type in ("field_definition", "class_static_block") for n in path):
            continue
        if path[-1].type == "await" and path[-2].type in _AWAIT_ERRORS:
            return path[-2]
        # `await (…)(…)`, which the grammar takes for a call of a function of that name.
        if path[-1].type == "identifier" and called_by(path) is not None and not script.names("await").declarations:
            return path[-2]
    return None


_STATEMENT_ERRORS = {
    "import_statement": "SyntaxError: Cannot use import statement outside a module",
    "export_statement": "SyntaxError: Unexpected token 'export'",
}
_AWAIT_ERRORS = {
    "call_expression": "SyntaxError: await is only valid in async functions and the top level bodies of modules",
    "await_expression": "SyntaxError: await is only valid in async functions and the top level bodies of modules",
    "for_in_statement": "SyntaxError: Unexpected reserved word",
}


def cjs_construct(script: Script) -> Construct | None:
    """The first thing that loading the file as an ES module is sure to fail at."""
    returned = module_returns(script)
    if returned is not None:
        return _construct(script, returned, "SyntaxError: Illegal return statement")
    found = []
    for name in CJS_NAMES:
        if _is_made_global(script, name):
            continue
        for use in sorted(script.names(name).free(), key=lambda u: u.offset):
            if not _is_typeof(use) and runs(script, use.path) is Runs.ALWAYS:
                error = f"ReferenceError: {name} is not defined in ES module scope"
                # The target of an assignment is reached after the value.
                target = use.writes and use.path[-2].type == "assignment_expression"
                position = use.path[-2].end_byte if target else order(script, use.path)
                found.append((position, _construct(script, use.node, error)))
                break
    for want in wanted(script):
        if want.kind == "shim" and want.runs is Runs.ALWAYS and _shim_throws(script):
            error = f'Error: Dynamic require of "{want.specifier}" is not supported'
            found.append((want.position, Construct(script.numbered(want.line), want.line, want.position, error)))
            break
    return min(found, key=lambda f: f[0])[1] if found else None


def uses_commonjs(script: Script) -> bool:
    """Whether any code of the file, run or not, uses what only CommonJS modules have."""
    return any(not _is_typeof(use) for name in CJS_NAMES for use in script.names(name).free())


def _shim_throws(script: Script) -> bool:
    return next(script.names("require").free(), None) is not None and not _is_made_global(script, "require")


def _is_made_global(script: Script, name: str) -> bool:
    pattern = rb"\bglobal(?:This)?\s*(?:\.\s*%b|\[\s*['\"]%b['\"]\s*\])\s*(?:\?\?|\|\|)?=(?!=)" % ((name.encode(),) * 2)
    return re.search(pattern, script.source) is not None


def _is_typeof(use: Use) -> bool:
    at = len(use.path) - 1
    while at > 0 and use.path[at - 1].type == "parenthesized_expression":
        at -= 1
    return use.path[at - 1].type == "unary_expression" and has_token(use.path[at - 1], "typeof")


def _construct(script: Script, node: Node, error: str) -> Construct:
    return Construct(script.line_text(node), script.line(node), node.start_byte, error)
