"""Handler, module format, imports and packages of Node.js on trees: what the oracle cannot ask, and trees that mean harm."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.factories import IMAGE, made_by, tree
from tests.node_coding import a_source, a_zip, an_image
from troubleshooter.analysis.node.background import node_background
from troubleshooter.analysis.node.handler import node_handler
from troubleshooter.analysis.node.imports import node_imports, node_packages
from troubleshooter.analysis.node.module_format import module_format
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import BackgroundWork, ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import InstalledPackages
from troubleshooter.facts.runtime import HandlerResolution, ModuleFormat, RuntimeModel
from troubleshooter.facts.tree import Entry, Kind

CODE = "exports.handler = async () => 1;\n"
NONE = Unavailable(Reason.NOT_GIVEN, "no image configuration")


def resolved(files: dict[str, Any], handler: str = "index.handler", **how: Any) -> HandlerResolution:
    found = an_image(files, handler, **how).get(HandlerResolution)
    assert isinstance(found, HandlerResolution)
    return found


@pytest.mark.parametrize(
    ("files", "handler", "problem", "path"),
    [
        ({"index.js": CODE}, "index.handler", "", "/var/task/index.js"),
        ({"http/a/index.js": CODE}, "http/a/index.handler", "", "/var/task/http/a/index.js"),
        ({"dist/c.js": CODE}, "/var/task/dist/c.handler", "", "/var/task/dist/c.js"),
        ({"v1.2/index.js": CODE}, "v1.2/index.handler", "", "/var/task/v1.2/index.js"),
        ({"index.mjs": "export const handler = () => 1;"}, "index.handler", "", "/var/task/index.mjs"),
        ({"index.cjs": CODE}, "index.handler", "", "/var/task/index.cjs"),
        ({"index": CODE}, "index.handler", "", "/var/task/index"),
        ({"app/index.js": CODE}, "app.handler", "", "/var/task/app/index.js"),
        ({"node_modules/app/index.js": CODE}, "app.handler", "", "/var/task/node_modules/app/index.js"),
        ({"index.js": CODE}, ".handler", "", "/var/task/index.js"),
        ({"index.js": "exports.a = { b: () => 1 };"}, "index.a.b", "", "/var/task/index.js"),
        ({"index.js": CODE}, "../index.handler", "malformed", None),
        ({"index.js": CODE}, "index", "malformed", None),
        ({"index.js": CODE}, "other.handler", "module missing", None),
        ({"index.ts": CODE}, "index.handler", "module missing", None),
        ({"app.v2.js": CODE}, "app.v2.handler", "module missing", None),
        ({"app/nothing.txt": "", "app.mjs": CODE}, "app.handler", "module missing", None),
        ({"index.js": CODE}, "index.run", "export missing", "/var/task/index.js"),
        ({"index.js": "exports.handler = 'x';"}, "index.handler", "export missing", "/var/task/index.js"),
        ({"index.js": CODE}, "index.", "export missing", "/var/task/index.js"),
        ({"index.js": CODE}, "index.js.handler", "export missing", "/var/task/index.js"),
        ({"index.js": "const = 1"}, "index.handler", "undecided", "/var/task/index.js"),
        ({"index.js": "fill(exports)"}, "index.handler", "undecided", "/var/task/index.js"),
    ],
)
def test_the_clients_steps(files: dict[str, str], handler: str, problem: str, path: str | None) -> None:
    found = resolved(files, handler)
    assert (found.problem, found.path) == (problem, path), found.detail


def test_node_path_may_find_a_stale_file() -> None:
    found = resolved({"index.js": CODE}, "dist/index.handler")
    assert (found.problem, found.path) == ("", "/var/task/index.js")
    assert "NODE_PATH" in found.detail


def test_a_handler_named_like_a_builtin_module() -> None:
    assert resolved({"path.js": CODE}, "path.handler").problem == ""
    missing = resolved({"index.js": CODE}, "path.handler")
    assert missing.problem == "module missing"
    assert "Node's own module" in missing.detail


def test_the_order_of_node_24s_client_is_not_known() -> None:
    both = {"index.js": CODE, "index.mjs": "export const handler = () => 1;"}
    assert resolved(both, node=22).problem == ""
    assert resolved(both, node=24).problem == "undecided"
    assert resolved({"index.js": CODE}, node=24).problem == ""


def test_files_that_lambdas_user_may_not_read() -> None:
    closed = Entry(Kind.FILE, 0o600, size=len(CODE), head=CODE.encode())
    assert resolved({"index.js": closed}).problem == "unreadable"


@pytest.mark.parametrize(
    ("files", "handler", "best"),
    [
        ({"dist/index.js": CODE}, "index.handler", "dist/index.handler"),
        ({"Index.js": CODE}, "index.handler", "Index.handler"),
        ({"index.js": "exports.lambdaHandler = () => 1; exports.x = 1;"}, "index.handler", "index.lambdaHandler"),
        ({"index.mjs": "export default { handler() {} };"}, "index.handler", "index.default.handler"),
        ({"index.js": CODE}, "index.js.handler", "index.handler"),
        ({"src/index.js": CODE}, "src/index.js", "src/index.handler"),
        ({"index.js": CODE}, "index", "index.handler"),
    ],
)
def test_what_would_work_is_offered(files: dict[str, str], handler: str, best: str) -> None:
    assert resolved(files, handler).alternatives[:1] == (best,)


def test_a_source_folder_may_still_be_built() -> None:
    found = a_source({"src/index.ts": CODE}).get(HandlerResolution)
    assert found.problem == "undecided"


def test_only_node_is_answered_for() -> None:
    model = RuntimeModel(reading=IMAGE, language="python", client="ric", handler="app.handler")
    code = CodeTree(reading=IMAGE, tree=tree({"/var/task/index.js": CODE}), root="/var/task", kind="image")
    for made in (
        made_by(node_handler, model, code, NONE),
        made_by(module_format, model, code),
        made_by(node_imports, model, code),
        made_by(node_background, model, code),
        made_by(node_packages, model, code),
    ):
        assert isinstance(made, Unavailable)
        assert not made.applies
    nobody = RuntimeModel(reading=IMAGE, language="node", client="aws-base", handler=None)
    nothing = made_by(node_handler, nobody, code, NONE)
    assert isinstance(nothing, Unavailable)
    assert not nothing.applies


def test_format_says_what_decides() -> None:
    files = {"package.json": '{"type": "module"}', "dist/package.json": "{}", "dist/index.js": CODE}
    found = an_image(files, "dist/index.handler").get(ModuleFormat)
    assert isinstance(found, ModuleFormat)
    assert (found.loaded_as, found.written_as, found.package_json) == (
        "commonjs",
        "commonjs",
        "/var/task/dist/package.json",
    )
    assert found.because == '/var/task/dist/package.json has no "type"'


def test_required_es_modules_are_listed() -> None:
    files = {
        "index.js": "require('got');\n" + CODE,
        "node_modules/got/package.json": '{"type": "module", "exports": "./index.js"}',
        "node_modules/got/index.js": "export default 1;",
    }
    closure = an_image(files).get(ImportClosure)
    assert [(i.full, i.path, i.line) for i in closure.esm_required] == [("got", "/var/task/index.js", 1)]
    switched_on = an_image(files, environment={"NODE_OPTIONS": "--experimental-require-module"}).get(ImportClosure)
    assert switched_on.esm_required == ()


def test_loaders_that_change_the_look_up_make_it_open() -> None:
    files = {"index.js": "require('uuid');\n" + CODE}
    for options in ("--import ./hooks.mjs", "--loader=./x.mjs", "-r ./.pnp.cjs", "--require ts-node/register"):
        closure = an_image(files, environment={"NODE_OPTIONS": options}).get(ImportClosure)
        assert (closure.missing, closure.complete) == ((), False), options
    plain = an_image(files, environment={"NODE_OPTIONS": "--enable-source-maps"}).get(ImportClosure)
    assert [i.full for i in plain.missing] == ["uuid"]


def test_installed_packages_with_their_versions() -> None:
    files = {
        "index.js": CODE,
        "node_modules/a/package.json": '{"name": "a", "version": "1.2.3"}',
        "node_modules/@s/b/package.json": '{"name": "@s/b", "version": "2.0.0"}',
        "node_modules/.bin/a": "",
    }
    found = an_image(files).get(InstalledPackages)
    if isinstance(found, Unavailable):
        launched = an_image(files)
        found = node_packages(launched.get(RuntimeModel), launched.get(CodeTree))
    assert isinstance(found, InstalledPackages)
    names = {d.name: d.version for d in found.distributions}
    assert names["a"] == "1.2.3"
    assert names["@s/b"] == "2.0.0"
    assert "@aws-sdk/client-s3" in names


HARMFUL = [
    pytest.param({"index.js": "require('./index');\nmodule.exports = require('./index');"}, id="requires itself"),
    pytest.param({"index.js": "module.exports = require('./b');", "b.js": "module.exports = require('./index');"}, id="circle"),
    pytest.param({"index.mjs": "export * from './b.mjs';", "b.mjs": "export * from './index.mjs';"}, id="circle of stars"),
    pytest.param({"index.js": Entry(Kind.SYMLINK, link="index.js")}, id="link to itself"),
    pytest.param({"index.js": CODE, "package.json": "[" * 100_000}, id="deep package.json"),
    pytest.param({"index.js": "require('a')", "node_modules/a/package.json": '{"exports": ' + '{"default": ' * 900 + '"x"' + "}" * 901},
                 id="deep exports"),
    pytest.param({"index.js": "require('a')", "node_modules/a/package.json": '{"exports": {"./*": "./*/*/*"}, "main": 5}'},
                 id="odd exports"),
    pytest.param({"index.js": "require('#a')", "package.json": '{"imports": {"#a": "#a"}}'}, id="imports itself"),
    pytest.param({"index.js": "require('me')", "package.json": '{"name": "me", "exports": "./index.js"}'}, id="names itself"),
    pytest.param({"index.js": "require('../'.repeat(9)); require('" + "../" * 5000 + "x')"}, id="far up"),
    pytest.param({"index.js": b"\xff\xfe\x00exports.handler = 1"}, id="no text"),
    pytest.param({"index.js": "exports.handler = async () => { " + "save(); " * 3000 + "}; async function save() { await x(); }"},
                 id="much floats"),
    pytest.param({"index.js": "".join(f"async function f{i}() {{ await f{i + 1}(); f{i}(); }}\n" for i in range(300))
                  + "exports.handler = async () => { await f0(); };"}, id="long chain"),
    pytest.param({"index.js": "const a = b, b = a; exports.handler = a;"}, id="circle of names"),
]  # fmt: skip


@pytest.mark.parametrize("files", HARMFUL)
def test_trees_that_mean_harm_end_soon(files: dict[str, Any]) -> None:
    launched = an_image(files)
    began = time.process_time()
    for kind in (HandlerResolution, ModuleFormat, ImportClosure, BackgroundWork):
        made = launched.get(kind)
        assert not (isinstance(made, Unavailable) and made.reason is Reason.FAULT), made
    assert time.process_time() - began < 10


def test_what_was_not_kept_is_open_not_missing() -> None:
    launched = a_zip({"index.js": CODE})
    model = launched.get(RuntimeModel)
    unread = tree({"/var/task/index.js": CODE})
    unread._read = lambda path: None
    code = CodeTree(reading=IMAGE, tree=unread, root="/var/task", kind="zip")
    handler, closure = node_handler(model, code, NONE), node_imports(model, code)
    assert isinstance(handler, HandlerResolution)
    assert handler.problem == "undecided"
    assert isinstance(closure, ImportClosure)
    assert (closure.complete, closure.missing) == (False, ())
