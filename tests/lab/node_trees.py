"""Generated projects for Node.js: handlers, module systems, exports and imports in the forms that people and compilers write."""

from __future__ import annotations

import json
import random

STEMS = ("index", "index", "app", "my-handler", "path", "Main")
FOLDERS = ("", "", "", "dist/", "src/a.b/", "lib/deep/er/")
EXPORTS = (*["handler"] * 12, "default", "default", "api.handler", "main", "main", "default.handler", "toString")

CJS_EXPORTS = (
    "exports.handler = async () => 1;",
    "exports.handler = function (event, context, callback) { callback(null, 1); };",
    "module.exports.handler = () => 1;",
    "module.exports = { handler: async () => 1 };",
    "module.exports = { handler() {}, main: () => 2 };",
    "const handler = async () => 1;\nmodule.exports = { handler };",
    "async function handler() {}\nexports.handler = handler;",
    "exports = { handler() {} };",
    "exports = module.exports = { main() {} };\nexports.handler = () => 1;",
    "module.exports = exports = {};\nmodule.exports.handler = () => 1;",
    "exports.handler = () => 1;\nmodule.exports = { main() {} };",
    "module.exports = () => 1;\nmodule.exports.handler = module.exports;",
    "module.exports = class { static handler() {} };",
    "module.exports = function main() {};",
    '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.main = exports.handler = void 0;\n'
    "const handler = async () => 1;\nexports.handler = handler;",
    '"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nexports.default = void 0;\n'
    "var _default = async () => 1;\nexports.default = _default;",
    'Object.defineProperty(exports, "handler", { enumerable: true, get: function () { return local_1.handler; } });\n'
    "const local_1 = { handler() {} };",
    "var __defProp = Object.defineProperty;\nvar __export = (target, all) => {\n  for (var name in all)\n"
    "    __defProp(target, name, { get: all[name], enumerable: true });\n};\n"
    'var __toCommonJS = (mod) => Object.assign(__defProp({}, "__esModule", { value: true }), (() => mod)() && mod, '
    "Object.fromEntries(Object.entries(mod)));\n"
    "var index_exports = {};\n__export(index_exports, { handler: () => handler });\n"
    "module.exports = index_exports;\nvar handler = async () => 1;\n0 && (module.exports = { handler });",
    "var D=Object.defineProperty,M=(e,t)=>{for(var r in t)D(e,r,{get:t[r],enumerable:!0})},Z=e=>D(e,"
    '"__esModule",{value:!0});var q={};M(q,{main:()=>h});module.exports=Z(q);var h=async()=>1;',
    "const api = {};\napi.handler = () => 1;\nmodule.exports = { api, handler: api.handler };",
    "exports.api = { handler: () => 1 };",
    "exports.api = {};\nexports.api.handler = async () => 1;",
    "exports['handler'] = async () => 1;",
    "this.handler = async () => 1;",
    "if (process.env.NOBODY_SETS_THIS) exports.handler = () => 1;",
    "if (!process.env.NOBODY_SETS_THIS) { exports.handler = () => 1; }",
    "(function (target) { target.handler = () => 1; })(exports);",
    "(() => { exports.handler = () => 1; })();",
    "for (const name of ['handler', 'main']) exports[name] = () => 1;",
    "exports.handler = 'text';",
    "exports.handler = { handle() {} };",
    "exports.handler = [() => 1];",
    "let handler;\nexports.handler = handler;\nhandler = () => 1;",
    "const wrap = (inner) => async (event) => inner(event);\nexports.handler = wrap(async () => 1);",
    "exports.handler = new (class { })();",
    "exports.handler = (() => undefined)();",
    "module.exports = { ...{ handler() {} }, main: 1 };",
    "module.exports = { get handler() { return () => 1; } };",
    "module.exports = Object.freeze({ handler() {} });",
    "Object.assign(exports, { handler() {} });",
    "Object.assign(module.exports, require('./re'));",
    "module.exports = require('./re');",
    "exports.handler = require('./re').handler;",
    "const { handler } = require('./re');\nmodule.exports = { handler, main: handler };",
    "var re_1 = require('./re');\nmodule.exports = { ...re_1 };",
    'var __exportStar = (m, e) => { for (var p in m) if (p !== "default") e[p] = m[p]; };\n__exportStar(require("./re"), exports);',
    "const keep = { exports };\nkeep.exports.handler = () => 1;",
    "const self = module;\nself.exports = { handler() {} };",
    "exports.handler = null;",
    "delete exports.handler;",
    "exports.handler = () => 1;\ndelete exports.handler;",
    "var exports_ = exports;\nexports_.handler = () => 1;",
    "",
)
ESM_EXPORTS = (
    "export const handler = async () => 1;",
    "export async function handler() {}",
    "export default async () => 1;",
    "export default async function handler() {}",
    "export default { handler: async () => 1 };",
    "const handler = async () => 1;\nexport { handler };",
    "const h = async () => 1;\nexport { h as handler, h as main };",
    "const handler = () => 1;\nexport default handler;",
    "export class handler {}",
    "export let handler;\nhandler = () => 1;",
    "export let handler;",
    "export const api = { handler: () => 1 };",
    "export * from './re.mjs';",
    "export { handler } from './re.mjs';",
    "export * as api from './re.mjs';",
    "import { handler } from './re.mjs';\nexport { handler };",
    "import * as re from './re.mjs';\nexport const handler = re.handler;\nexport default re;",
    "export const { handler, main = 1 } = { handler: () => 1 };",
    "export const handler = 'text';",
    "export const main = 1;",
    "export {};",
    "const wrap = (inner) => inner;\nexport const handler = wrap(() => 1);",
)
RE_EXPORTED = ("handler() { return 1; }", "main: 3", "handler: 5", "api: { handler() {} }")
CJS_EXTRAS = (
    "if (typeof module !== 'undefined' && module.exports) { module.exports.extra = 1; }",
    "typeof require === 'function' && require('node:os');",
    "if (require.main === module) { throw new Error('not here'); }",
    "const here = __dirname;",
    "const path = typeof __filename === 'undefined' ? '' : __filename;",
    "function later() { return require('nothing-there'); }",
    "try { require('nothing-there'); } catch {}",
    "try { module.exports.extra = 2; } catch (error) {}",
    "(function (root, factory) { if (typeof exports === 'object') factory(); })(globalThis, function () { return 1; });",
    "const fs = require('fs');",
    "var os = require('node:os'), { join } = require('path');",
    "const lazy = () => require('nothing-there');",
    "if (process.env.NOBODY_SETS_THIS) require('nothing-there');",
    "process.env.NOBODY_SETS_THIS && require('nothing-there');",
    "const maybe = process.env.NOBODY_SETS_THIS ? require('nothing-there') : null;",
    "(() => { const util = require('util'); })();",
    "function now() { return require('util'); }\nnow();",
    "function guarded() { if (!process.env.NOBODY_SETS_THIS) return; require('nothing-there'); }\nguarded();",
    "var __commonJS = (cb, mod) => function __require() {\n  return mod || (0, cb[Object.keys(cb)[0]])((mod = { exports: {} })"
    ".exports, mod), mod.exports;\n};\nvar require_inner = __commonJS({ 'inner.js'(exports, module) { module.exports = 1; } });\n"
    "var inner = require_inner();",
    "class Kept { field = require('nothing-there'); method() { return module; } }",
    "let { hidden = require('nothing-there') } = { hidden: 1 };",
    "// require('nothing-there')\nconst text = \"require('nothing-there')\";",
)
ESM_EXTRAS = (
    "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\nconst os = require('os');",
    "import fs from 'fs';",
    "const url = import.meta.url;",
    "await Promise.resolve(1);",
    "const later = () => import('nothing-there');",
    "await import('node:util');",
    "import { readFile } from 'node:fs/promises';\nimport path, { join } from 'path';",
    "for await (const each of []) {}",
    "export const meta = () => import.meta.dirname;",
)
NEUTRAL_EXTRAS = (
    "const answer = 42;",
    "const module_ = { exports: 1 }, obj = { require: 1, module: 2, exports: 3 };\nobj.require;",
    "function named(require, module, exports) { return require(module, exports); }",
    "const text = `import x from 'y'; export default 1;`;",
    "/* export const a = 1; */ const regex = /require\\('x'\\)/;",
    "import('node:os').catch(() => {});",
    "async function inner() { await 1; for await (const x of []) {} }",
    "#!never",
)
REQUIRES = (
    "const dep = require('%s');",
    "require('%s');",
    "const { a, b } = require(`%s`);",
    "var dep = (0, require)('%s');",
    "(function () { require('%s'); })();",
    "!function () { const inner = require('%s'); }();",
    "const load = () => require('%s');\nload();",
    "const unused = () => require('%s');",
    "try { require('%s'); } catch (error) { console.assert(error); }",
    "try { require('%s'); } finally { }",
    "let dep;\nif (Date.now() < 0) { dep = require('%s'); }",
    "function call(require) { return 1; }\ncall(require);\nrequire('%s');",
    "const kept = [1].map(() => 1).concat(require('%s'));",
    "exports.extra = require('%s').default || 1;",
    "switch (require('%s')) { default: }",
    "const object = { key: require('%s'), later() { return require('nothing-there'); } };",
)
IMPORTS = (
    "import '%s';",
    "import * as dep from '%s';",
    "await import('%s');",
    "const later = () => import('%s');",
    "import('%s').catch(() => {});",
    "try { await import('%s'); } catch {}",
    "import { createRequire as make } from 'module';\nconst need = make(import.meta.url);\nneed('%s');",
)
TARGETS = (
    "./near.js", "./near", "./near.json", "./sub", "./sub/", "./sub/index.js", "../up.js", "./none", "./none.js",
    "plain", "plain/file", "plain/file.js", "plain/package.json", "mained", "mapped", "mapped/feature", "mapped/hidden",
    "mapped/pattern/one", "mapped/pattern/none", "@scope/pkg", "@scope/none", "not-there", "not-there/deep", "esm-only",
    "dual", "broken-main", "no-main", "#internal", "#none", "./near.cjs", "./near.mjs", "self-named", "os", "node:fs",
    "on-path", ".", "./", "linked", "needs-missing", "bad-json", "./sub.dotted", "fs/promises", "needs-optional",
)  # fmt: skip
PACKAGES: dict[str, dict[str, str]] = {
    "plain": {"index.js": "module.exports = 1;", "file.js": "exports.x = 1;"},
    "mained": {"package.json": '{"main": "lib/start"}', "lib/start.js": "module.exports = { x: 1 };"},
    "mapped": {
        "package.json": json.dumps(
            {
                "exports": {
                    ".": {"import": "./m.mjs", "require": "./m.cjs"},
                    "./feature": ["./absent-kind:x", "./feature.js"],
                    "./hidden": None,
                    "./pattern/*": "./parts/*.js",
                    "./package.json": "./package.json",
                }
            }
        ),
        "m.mjs": "export const x = 1;",
        "m.cjs": "exports.x = 1;",
        "feature.js": "exports.f = 1;",
        "parts/one.js": "exports.p = 1;",
    },
    "@scope/pkg": {"package.json": '{"name": "@scope/pkg", "main": "./index"}', "index.js": "exports.s = 1;"},
    "esm-only": {"package.json": '{"type": "module", "exports": "./index.js"}', "index.js": "export const x = 1;"},
    "dual": {
        "package.json": '{"exports": {"node": {"import": "./e.mjs", "default": "./c.js"}, "default": "./nope.js"}}',
        "e.mjs": "export default 1;",
        "c.js": "module.exports = 1;",
    },
    "broken-main": {"package.json": '{"main": "gone.js"}', "index.js": "module.exports = 1;"},
    "no-main": {"package.json": '{"main": "gone.js"}', "other.js": ""},
    "linked": {},
    "needs-missing": {"index.js": "const x = require('deep-missing');\nmodule.exports = x;"},
    "needs-optional": {"index.js": "try { require('deep-optional'); } catch {}\nmodule.exports = 1;"},
    "bad-json": {"package.json": "{ nope", "index.js": "module.exports = 1;"},
}
PACKAGE_JSONS = (
    None, None, None, "{}", '{"type": "module"}', '{"type": "module"}', '{"type": "commonjs"}', '{"name": "self-named", '
    '"type": "module", "exports": {".": "./near.js"}, "imports": {"#internal": "./near.js"}}',
    '{"name": "self-named", "exports": "./near.js", "imports": {"#internal": {"require": "./near.js", "default": "plain"}}}',
    '{"name": "x", "type": "Module"}', "[]",
)  # fmt: skip
ODD_PACKAGE_JSONS = ("{ not json", '\ufeff{"type": "module"}', '{"type": ["module"]}')


def project(rng: random.Random) -> tuple[dict[str, str], str, str]:
    """Files by relative path, the handler's text, and NODE_PATH entries relative to the root (`:`-separated)."""
    files: dict[str, str] = {}
    folder, stem, export = rng.choice(FOLDERS), rng.choice(STEMS), rng.choice(EXPORTS)
    for place in {"", folder, folder.split("/")[0] + "/" if folder else ""}:
        text = rng.choice(PACKAGE_JSONS if rng.random() < 0.95 else ODD_PACKAGE_JSONS)
        if text is not None and (place == "" or rng.random() < 0.4):
            files[f"{place}package.json"] = text
    _handler_files(rng, files, folder, stem)
    _neighbours(rng, files, folder)
    return files, _text(rng, folder, stem, export), rng.choice(("", "", "layer", "layer:.", "gone:layer"))


def _handler_files(rng: random.Random, files: dict[str, str], folder: str, stem: str) -> None:
    suffix = rng.choices((".js", ".mjs", ".cjs", "", "/index.js", None), (60, 14, 8, 3, 5, 5))[0]
    if suffix is not None:
        esm = suffix == ".mjs" or (suffix == ".js" and _nearest_says_module(files, folder))
        files[f"{folder}{stem}{suffix}"] = body(rng, esm if rng.random() < 0.75 else not esm)
    decoy = rng.choice((".js", ".mjs", ".cjs", "/nothing.txt", ".json"))
    if rng.random() < 0.12 and not (decoy.startswith("/") and suffix == ""):
        files.setdefault(f"{folder}{stem}{decoy}", "{}")
    if rng.random() < 0.06:
        files.setdefault(f"{stem}.js", body(rng, False))
    if rng.random() < 0.05 and f"{folder}{stem}.js" in files:
        files[f"real/{stem}-real.js"] = files[f"{folder}{stem}.js"]
        files[f"{folder}{stem}.js"] = "-> " + "../" * folder.count("/") + f"real/{stem}-real.js"


def _nearest_says_module(files: dict[str, str], folder: str) -> bool:
    parts = folder.split("/")[:-1]
    for end in range(len(parts), -1, -1):
        text = files.get("/".join([*parts[:end], "package.json"]))
        if text is not None:
            return '"module"' in text
    return False


def _neighbours(rng: random.Random, files: dict[str, str], folder: str) -> None:
    for name, text in (
        ("near.js", "exports.x = 1;" if not _nearest_says_module(files, folder) else "export const x = 1;"),
        ("near.json", '{"a": 1}'),
        ("near.cjs", "module.exports = 1;"),
        ("near.mjs", "export default 1;"),
        ("sub/index.js", "exports.x = 1;" if not _nearest_says_module(files, folder) else "export const x = 1;"),
        ("re.js", f"module.exports = {{ {', '.join(rng.sample(RE_EXPORTED[:2], rng.randint(0, 2)))} }};"),
        (
            "re.mjs",
            rng.choice(("export const handler = () => 1;", "export const main = 2;", "export * from './near.mjs';")),
        ),
    ):
        if rng.random() < 0.9:
            files.setdefault(folder + name, text)
    wanted = " ".join(files.values())
    for name, parts in PACKAGES.items():
        if name not in wanted:
            continue
        where = rng.choices(("", folder, "layer/", None), (60, 20, 5, 15))[0]
        base = f"{where}node_modules/{name}" if where != "layer/" else f"layer/{name}"
        if where is not None:
            files.update({f"{base}/{part}": text for part, text in parts.items()})
    if rng.random() < 0.5:
        files["layer/on-path/index.js"] = "module.exports = 1;"
    if rng.random() < 0.7:
        files["store/linked/index.js"] = "module.exports = require('./part');"
        files["store/linked/part.js"] = "module.exports = 1;"
        files["node_modules/linked"] = "-> ../store/linked"


def body(rng: random.Random, esm: bool) -> str:
    """One module: mostly of one system, now and then with something of the other."""
    parts = [rng.choice(NEUTRAL_EXTRAS[:-1])] if rng.random() < 0.4 else []
    if rng.random() < 0.55:
        parts.append(rng.choice(IMPORTS if esm else REQUIRES) % rng.choice(TARGETS))
    if rng.random() < 0.35:
        parts.append(rng.choice(ESM_EXTRAS if esm else CJS_EXTRAS))
    if rng.random() < 0.08:
        parts.append(rng.choice(CJS_EXTRAS if esm else ESM_EXTRAS))
    parts.append(rng.choice(ESM_EXPORTS if esm else CJS_EXPORTS))
    if rng.random() < 0.5:
        rng.shuffle(parts)
    separated = [part if "require" not in part.split("=")[0] else f"\n{part}" for part in parts]
    return "\n".join(separated) + "\n"


def _text(rng: random.Random, folder: str, stem: str, export: str) -> str:
    usual = f"{folder}{stem}.{export}"
    return rng.choices(
        (usual, f"{folder}{stem}.js.{export}", f"./{usual}", f"../{usual}", f"{folder}{stem}", f"{usual}/", f"{folder}.{export}",
         f"{folder}{stem}.", f"{folder}other.{export}", f"{folder}{stem.upper()}.{export}", f"{usual} "),
        (86, 2, 2, 1, 1, 1, 1, 1, 2, 1, 1),
    )[0]  # fmt: skip
