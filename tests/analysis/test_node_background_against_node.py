"""Which promises a handler leaves behind, against Node itself: seeded handlers are run and their unfinished work counted.

Where the model is certain that something floats, work must be unfinished when the handler's promise settles; where it sees
nothing floating, everything that was started must be done. What it calls uncertain agrees with anything.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.factories import IMAGE
from tests.lab import node_oracle
from troubleshooter.analysis.node.background import node_background
from troubleshooter.facts.code import BackgroundWork
from troubleshooter.facts.image import CodeTree

HANDLERS = 600
HARNESS = Path(node_oracle.__file__).with_name("node_promises.mjs")
HEAD = """const work = exports.work = { started: 0, done: 0 };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
async function save(item) { work.started++; await sleep(30); work.done++; return item; }
const saveAll = async (items) => { for (const item of items) await save(item); };
const start = (item) => { save(item); };
const begin = (item) => save(item);
function chained(item) { return save(item).then((r) => r); }
async function nested(item) { await sleep(1); save(item); }
async function each(items) { items.forEach(async (item) => { await save(item); }); }
async function quick() { work.started++; work.done++; }
class Store {
  async put(item) { await save(item); }
  drop(item) { this.put(item); }
  keep(item) { return this.put(item); }
}
const store = new Store();
"""
STATEMENTS = (
    "await save(1);",
    "save(1);",
    "void save(1);",
    "await begin(2);",
    "begin(2);",
    "start(2);",
    "await chained(3);",
    "chained(3);",
    "quick();",
    "await nested(1);",
    "await each(event.items);",
    "await saveAll(event.items);",
    "saveAll(event.items);",
    "store.drop(1);",
    "await store.keep(1);",
    "store.keep(1);",
    "event.items.forEach(async (item) => { await save(item); });",
    "event.items.forEach((item) => save(item));",
    "event.items.forEach((item) => { start(item); });",
    "event.items.map(async (item) => { await save(item); });",
    "await Promise.all(event.items.map(async (item) => { await save(item); }));",
    "await Promise.all(event.items.map((item) => save(item)));",
    "await Promise.all(event.items.map(save));",
    "await Promise.allSettled([save(1), begin(2)]);",
    "Promise.all([save(1), save(2)]);",
    "const a{n} = save(1); await a{n};",
    "const b{n} = save(1);",
    "const c{n} = event.items.map((item) => save(item)); await Promise.all(c{n});",
    "const d{n} = []; for (const item of event.items) d{n}.push(save(item)); await Promise.all(d{n});",
    "const e{n} = []; for (const item of event.items) e{n}.push(save(item));",
    "let f{n}; f{n} = save(2); await f{n};",
    "for (const item of event.items) { await save(item); }",
    "for (const item of event.items) { save(item); }",
    "for await (const item of [save(1), save(2)]) { }",
    "if (event.yes) save(1);",
    "if (event.yes) { await save(1); }",
    "event.yes && save(1);",
    "event.yes && await save(1);",
    "await (event.yes ? save(1) : save(2));",
    "event.yes ? save(1) : null;",
    "save(1).then(() => 1).catch(() => 2);",
    "await save(1).then(() => save(2)).finally(() => {});",
    "(async () => { await save(1); })();",
    "await (async () => { await save(1); })();",
    "const g{n} = async () => { await save(1); }; g{n}();",
    "const h{n} = async () => { await save(1); }; await h{n}();",
    "try { await save(1); } catch { } finally { await save(2); }",
    "try { save(1); } catch { }",
    "await new Promise((done) => setTimeout(done, 1));",
    "work.started++; setTimeout(async () => { await save(1); work.done++; }, 5);",
    "const i{n} = [1].map(() => 1);",
    "await sleep(1);",
    "(0, save)(1);",
    "await (0, save)(1);",
    "const { x{n} } = { x{n}: save(1) }; await x{n};",
)
ENDS = (
    "return 1;",
    "",
    "return save(9);",
    "return await save(9);",
    "return Promise.all([save(8), save(9)]);",
    "await save(9);",
)


def handler(rng: random.Random) -> str:
    count = rng.choice((1, 1, 1, 2, 2, 3))
    lines = [rng.choice(STATEMENTS).replace("{n}", str(n)) for n in range(count)]
    lines.append(rng.choice(ENDS) if rng.random() < 0.5 else "return 1;")
    body = "\n  ".join(line for line in lines if line)
    form = rng.choice(
        (
            "exports.handler = async (event) => {{\n  {0}\n}};\n",
            "exports.handler = async function (event, context) {{\n  {0}\n}};\n",
            "const handler = async (event) => {{\n  {0}\n}};\nmodule.exports = {{ handler, work }};\n",
            "async function run(event) {{\n  {0}\n}}\nexports.handler = async (event) => {{ await run(event); }};\n",
            "async function run(event) {{\n  {0}\n}}\nexports.handler = async (event) => run(event);\n",
        )
    )
    return HEAD + form.format(body)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, int], BackgroundWork]]:
    version = node_oracle.node_version()
    base = tmp_path_factory.mktemp("promises")
    codes = [handler(random.Random(seed)) for seed in range(HANDLERS)]  # noqa: S311
    paths = []
    for seed, code in enumerate(codes):
        node_oracle.write(base / str(seed), {"index.js": code})
        paths.append(str(base / str(seed) / "index.js"))
    done = subprocess.run(
        ["node", str(HARNESS)],
        input=json.dumps(paths),
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = []
    for seed, (code, counts) in enumerate(zip(codes, json.loads(done.stdout), strict=True)):
        root = base / str(seed)
        tree = node_oracle.tree_of(root, {"index.js": code})
        model = node_oracle.runtime(IMAGE, root, "index.handler", version, "")
        work = node_background(model, CodeTree(reading=IMAGE, tree=tree, root=str(root), kind="image"))
        assert isinstance(work, BackgroundWork), (code, work)
        found.append((code, counts, work))
    return found


def test_certain_work_is_unfinished_and_nothing_else_is(
    asked: list[tuple[str, dict[str, int], BackgroundWork]],
) -> None:
    wrong = []
    for code, counts, work in asked:
        assert "error" not in counts, (code, counts)
        certain = [f for f in work.floating if f.certain]
        unfinished = counts["started"] > counts["done"]
        if (certain and not unfinished) or (not work.floating and unfinished):
            said = [(f.construct, f.text) for f in work.floating]
            wrong.append(f"{counts} {said}\n{code.removeprefix(HEAD)}")
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:15])


def test_most_handlers_are_decided(asked: list[tuple[str, dict[str, int], BackgroundWork]]) -> None:
    open_ones = sum(bool(w.floating) and not any(f.certain for f in w.floating) for _, _, w in asked)
    certain = sum(any(f.certain for f in w.floating) for _, _, w in asked)
    assert open_ones < 0.35 * len(asked), open_ones
    assert certain > 0.3 * len(asked), certain
