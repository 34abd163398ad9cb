"""JavaScript files as trees: names, what runs at load, imports, exports; and files that mean harm."""

from __future__ import annotations

import contextlib
import time

import pytest

from troubleshooter.analysis.javascript import syntax as javascript
from troubleshooter.analysis.javascript.exports import exports_of
from troubleshooter.analysis.javascript.imports import cjs_construct, esm_construct, wanted
from troubleshooter.analysis.javascript.loading import Runs, runs
from troubleshooter.analysis.javascript.syntax import Unparsed, parse
from troubleshooter.analysis.javascript.values import Sort, Value


def script(text: str) -> javascript.Script:
    return parse("/x.js", text.encode())


def states(text: str) -> list[Runs]:
    """Whether each free `require` of a text runs at load."""
    tree = script(text)
    return [runs(tree, use.path) for use in tree.names("require").free()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("require('a')", Runs.ALWAYS),
        ("{ require('a') }", Runs.ALWAYS),
        ("const { a = 1 } = require('a')", Runs.ALWAYS),
        ("class A { static x = require('a') }", Runs.ALWAYS),
        ("class A { [require('a')]() {} }", Runs.ALWAYS),
        ("for (const a of require('a')) { }", Runs.ALWAYS),
        ("function f() { require('a') } f()", Runs.ALWAYS),
        ("const f = () => { require('a') }; if (true) { } f();", Runs.ALWAYS),
        ("const f = () => g(); const g = () => require('a'); f();", Runs.ALWAYS),
        ("(function () { require('a') }).call(this)", Runs.ALWAYS),
        ("new Promise(require('a'))", Runs.ALWAYS),
        ("if (x) require('a')", Runs.PERHAPS),
        ("if (x) ; else require('a')", Runs.PERHAPS),
        ("x ? require('a') : 1", Runs.PERHAPS),
        ("x || require('a')", Runs.PERHAPS),
        ("x ??= require('a')", Runs.PERHAPS),
        ("x?.y(require('a'))", Runs.PERHAPS),
        ("while (x) require('a')", Runs.PERHAPS),
        ("for (;;) { require('a') }", Runs.PERHAPS),
        ("switch (x) { case 1: require('a') }", Runs.PERHAPS),
        ("try { require('a') } catch (e) { }", Runs.PERHAPS),
        ("try { } catch (e) { require('a') }", Runs.PERHAPS),
        ("function f() { if (x) return; require('a') } f()", Runs.PERHAPS),
        ("if (x) f(); function f() { require('a') }", Runs.PERHAPS),
        ("(async () => { require('a') })()", Runs.PERHAPS),
        ("const { a = require('a') } = b", Runs.PERHAPS),
        ("function f() { require('a') }", Runs.LATER),
        ("const f = () => require('a')", Runs.LATER),
        ("class A { x = require('a') }", Runs.LATER),
        ("class A { m() { require('a') } }", Runs.LATER),
        ("function* f() { require('a') } f()", Runs.LATER),
        ("on('x', () => require('a'))", Runs.LATER),
        ("function f() { g() } function g() { f(); require('a') }", Runs.LATER),
    ],
)
def test_what_runs_while_the_module_loads(text: str, expected: Runs) -> None:
    assert states(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "function f(require) { require('a') }",
        "const require = make(); require('a')",
        "import { createRequire as require } from 'm'; require('a')",
        "try { } catch (require) { require('a') }",
        "a.require('b'); ({ require: 1 }); require: for (;;) { break require }",
        "(require, module) => require('a')",
        "function f() { var require; { require('a') } }",
        "({ require }) => require('a')",
        "[1].map(require => require('a'))",
        "for (const require of all) require('a')",
        "// require('a')\n'require'; `require`; /require/",
    ],
)
def test_names_that_are_somebody_elses(text: str) -> None:
    assert states(text) == []


def test_shadowing_ends_with_its_scope() -> None:
    tree = script("function f(require) { require('a') }\nrequire('b');\n{ let require; require('c') }\nrequire('d')")
    assert [w.specifier for w in wanted(tree)] == ["b", "d"]


def test_bundlers_wrappers_are_not_requires_but_what_they_hold_is() -> None:
    tree = script(
        "var __commonJS = (cb, mod) => function __require() { return mod || (0, cb[Object.keys(cb)[0]])((mod = {exports: {}})"
        ".exports, mod), mod.exports; };\n"
        "var require_a = __commonJS({ 'a.js'(exports, module) { module.exports = require('used'); } });\n"
        "var require_b = __commonJS({ 'b.js'(exports, module) { module.exports = require('unused'); } });\n"
        "var import_a = __toESM(require_a());\n"
    )
    assert {w.specifier: w.runs for w in wanted(tree)} == {"used": Runs.ALWAYS, "unused": Runs.LATER}


def test_browserify_and_webpack_bundles_ask_for_nothing_by_their_own_names() -> None:
    tree = script(
        "(function e(t,n,r){function s(o,u){return n[o](u)}return s})({1:[function(require,module,exports){"
        "var x=require('./x');module.exports=x},{}]},{},[1]);\n"
        "var __webpack_modules__ = ({ 7: (module, exports, __webpack_require__) => { __webpack_require__(8); },\n"
        "  'fs': (module) => { module.exports = require('fs'); } });\n"
    )
    assert [(w.specifier, w.runs) for w in wanted(tree)] == [("fs", Runs.LATER)]


def test_imports_of_every_form() -> None:
    tree = script(
        "require('f');\nimport a from 'a';\nimport 'b';\nexport * from 'c';\nexport { d } from 'd';\nconst e = await import('e');\n"
        "const later = () => import(`g`);\nimport(name);\nrequire(name);\nrequire('h' + 1);\n"
    )
    found = [(w.specifier, w.kind, w.runs) for w in wanted(tree)]
    assert found == [
        ("a", "import", Runs.ALWAYS),
        ("b", "import", Runs.ALWAYS),
        ("c", "import", Runs.ALWAYS),
        ("d", "import", Runs.ALWAYS),
        ("f", "require", Runs.ALWAYS),
        ("e", "dynamic", Runs.ALWAYS),
        ("g", "dynamic", Runs.LATER),
    ]


def test_escapes_in_specifiers() -> None:
    assert [w.specifier for w in wanted(script(r"require('\x61\u0062\u{63}\'d')"))] == ["abc'd"]


def test_lines_and_constructs() -> None:
    tree = script("#!/usr/bin/env node\n'use strict';\n\nimport x from 'y';\n")
    construct = esm_construct(tree)
    assert construct is not None
    assert (construct.line, construct.text) == (4, "import x from 'y';")
    assert cjs_construct(tree) is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("const a = 1;\nawait a;", 2),
        ("await (async () => 1)();", 1),
        ("for await (const a of b) { }", 1),
        ("const f = async () => { await 1; };", 0),
        ("function await(x) { return x; }\nawait(1)();", 0),
        ("class A { static { await; } }", 0),
    ],
)
def test_await_at_the_top_level(text: str, line: int) -> None:
    construct = esm_construct(script(text))
    assert (construct.line if construct else 0) == line


def exported(text: str, esm: bool = False) -> Value:
    return exports_of(script(text), esm=esm)


@pytest.mark.parametrize(
    ("text", "sort"),
    [
        ("exports.h = () => 1", Sort.FUNCTION),
        ("module.exports = { h() {} }", Sort.FUNCTION),
        ("exports['h'] = class {}", Sort.FUNCTION),
        ("exports.h = exports.g = function () {}", Sort.FUNCTION),
        ("exports.h = void 0; const h = () => 1; exports.h = h", Sort.FUNCTION),
        ("(0, exports.h = () => 1)", Sort.FUNCTION),
        ("let h; h = () => 1; exports.h = h", Sort.FUNCTION),
        ("exports.h = 5", Sort.PLAIN),
        ("exports.h = `x`", Sort.PLAIN),
        ("exports.h = wrap(() => 1)", Sort.CALL),
        ("exports.h = require('./x').h", Sort.MEMBER),
        ("exports.h = require('./x')", Sort.IMPORTED),
        ("if (x) exports.h = () => 1", Sort.UNKNOWN),
        ("let h = 1; later(() => { h = () => 1 }); exports.h = h", Sort.UNKNOWN),
        ("let h; exports.h = h", Sort.UNDEFINED),
    ],
)
def test_what_an_export_holds(text: str, sort: Sort) -> None:
    assert exported(text).props["h"].sort is sort


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("exports.g = 1", True),
        ("exports = { h() {} }", True),
        ("exports.h = 1; module.exports = {}", True),
        ("typeof exports; module.id; require.main === module", True),
        ("exports.g = () => exports.g()", True),
        ("0 && (module.exports = { h })", True),
        ("fill(exports)", False),
        ("fill(module)", False),
        ("for (const k of all) exports[k] = 1", False),
        ("(() => { const e = exports; e.h = 1 })()", False),
        ("module.exports = { ...rest }", False),
        ("module.exports = { [name]: 1 }", False),
        ("later(() => { module.exports = 1 })", False),
        ("const api = {}; fill(api); module.exports = api", False),
        ("const api = {}; module.exports = api; later(() => fill(api))", False),
        ("const kept = { exports }; fill(kept)", False),
    ],
)
def test_whether_more_may_be_exported(text: str, certain: bool) -> None:
    value = exported(text)
    assert (value.sort is Sort.OBJECT and not value.open and "h" not in value.props) is certain


def test_reserved_words_are_names_outside() -> None:
    value = exported(
        "const _null = () => 1;\nexport { _null as null, _null as handler };\nexport { _null as function };", esm=True
    )
    assert value.props["handler"].sort is Sort.FUNCTION


def test_broken_files_say_so() -> None:
    with pytest.raises(Unparsed):
        exported("exports.h = (;")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 200_000, id="parentheses"),
        pytest.param("[" * 100_000 + "]" * 100_000, id="arrays"),
        pytest.param("x=>" * 100_000 + "1", id="arrows"),
        pytest.param("1" + "+require" * 60_000, id="one long sum"),
        pytest.param("{" * 50_000 + "require('a')" + "}" * 50_000, id="blocks"),
        pytest.param("`${" * 50_000, id="templates"),
        pytest.param("module.exports=" * 20_000 + "1", id="assignments"),
        pytest.param("a" * 3_000_000, id="one long name"),
        pytest.param("require " * 30_000, id="too many names"),
        pytest.param("\0\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace") * 1000, id="bytes"),
        pytest.param("function f(){g()}" + "".join(f"function g{i}(){{g{i + 1}();require('x')}}" for i in range(500)), id="chain"),
    ],
)  # fmt: skip
def test_files_that_mean_harm_end_soon(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(Unparsed):
        tree = script(text)
        wanted(tree)
        esm_construct(tree)
        cjs_construct(tree)
        exports_of(tree, esm=False)
    assert time.process_time() - began < 10


def test_files_that_are_too_large_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "MAX_BYTES", 10)
    with pytest.raises(Unparsed, match="larger"):
        parse("/x.js", b"x" * 11)


def test_a_parser_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(javascript, "MAX_SECONDS", 0.0)
    with pytest.raises(Unparsed, match="takes more than"):
        parse("/x.js", b"const a = 1;\n" * 200_000)
