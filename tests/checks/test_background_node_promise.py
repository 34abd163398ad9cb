from __future__ import annotations

import pytest

from tests.coding import invoked, logged
from tests.node_coding import SLOW, an_image
from troubleshooter.checks.completion.background_node_promise import background_node_promise as the_check
from troubleshooter.model import Outcome


def handler(body: str, arguments: str = "event") -> dict[str, str]:
    return {"index.js": f"{SLOW}exports.handler = async ({arguments}) => {{\n  {body}\n}};\n"}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param("event.items.forEach(async (item) => { await save(item); });", Outcome.FAIL, id="forEach(async)"),
        pytest.param("event.items.forEach((item) => save(item));", Outcome.FAIL, id="forEach that drops what it gets"),
        pytest.param("event.items.map(async (item) => { await save(item); }); return 1;", Outcome.FAIL, id="map dropped"),
        pytest.param("save(event); return 1;", Outcome.FAIL, id="call without await"),
        pytest.param("void save(event); return 1;", Outcome.FAIL, id="void"),
        pytest.param("const job = save(event); return 1;", Outcome.FAIL, id="kept and forgotten"),
        pytest.param("const jobs = []; for (const i of event) jobs.push(save(i)); return 1;", Outcome.FAIL, id="collected only"),
        pytest.param("fetch(event.url).then((r) => r.json()); return 1;", Outcome.FAIL, id="fetch with then"),
        pytest.param("client.send(new PutItemCommand({})); return 1;", Outcome.FAIL, id="SDK version 3"),
        pytest.param("s3.putObject({}).promise(); return 1;", Outcome.FAIL, id="SDK version 2"),
        pytest.param("Promise.all(event.items.map(save)); return 1;", Outcome.FAIL, id="Promise.all dropped"),
        pytest.param("setTimeout(async () => { await save(event); }, 100); return 1;", Outcome.FAIL, id="timer that works"),
        pytest.param("if (event.x) save(event); return 1;", Outcome.FAIL, id="on some path"),
        pytest.param("await save(event);", Outcome.PASS, id="awaited"),
        pytest.param("return save(event);", Outcome.PASS, id="returned"),
        pytest.param("await Promise.all(event.items.map(async (i) => { await save(i); }));", Outcome.PASS, id="Promise.all"),
        pytest.param("await Promise.allSettled([save(1), save(2)]);", Outcome.PASS, id="allSettled"),
        pytest.param("await Promise.race([save(1), save(2)]);", Outcome.PASS, id="race"),
        pytest.param("const job = save(1); await save(2); await job;", Outcome.PASS, id="awaited later"),
        pytest.param("const jobs = event.map((i) => save(i)); await Promise.all(jobs);", Outcome.PASS, id="collected by map"),
        pytest.param("const jobs = []; jobs.push(save(1)); await Promise.all(jobs);", Outcome.PASS, id="collected by push"),
        pytest.param("for (const i of event) await save(i);", Outcome.PASS, id="loop"),
        pytest.param("for await (const i of event) { console.log(i); }", Outcome.PASS, id="for await"),
        pytest.param("await new Promise((done) => setTimeout(done, 10));", Outcome.PASS, id="sleep"),
        pytest.param("setTimeout(() => controller.abort(), 10); return await fetch(event.url);", Outcome.PASS, id="time limit"),
        pytest.param("const quick = async () => { console.log(1); }; quick();", Outcome.PASS, id="nothing to wait for"),
        pytest.param("metrics.flush(); return 1;", Outcome.PASS, id="a call that is not known to promise"),
        pytest.param("emitter.on('x', () => save(1)); return 1;", Outcome.PASS, id="a callback that nobody may call"),
        pytest.param("save(event); await save(2); return 1;", Outcome.UNKNOWN, id="the handler may last long enough"),
    ],
)  # fmt: skip
def test_outcome(body: str, outcome: Outcome) -> None:
    assert an_image(handler(body)).ask(the_check).outcome is outcome


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("exports.handler = (event, context, callback) => { save(1).then(() => callback(null, 1)); };", Outcome.PASS,
                     id="the event loop is waited for"),
        pytest.param("exports.handler = (event, context, callback) => { context.callbackWaitsForEmptyEventLoop = false; save(1); "
                     "callback(null, 1); };", Outcome.UNKNOWN, id="unless it is turned off"),
        pytest.param("exports.handler = async (event, context, callback) => { save(1).then(() => callback(null, 1)); };",
                     Outcome.FAIL, id="a callback in an async handler"),
        pytest.param("const https = require('https');\nexports.handler = async (event, context, callback) => {"
                     " https.get(event.url, (r) => { callback(null, r.statusCode); }); };",
                     Outcome.FAIL, id="an async handler that answers from a callback"),
        pytest.param("exports.handler = async (event, context, callback) => { db.put(event, (e, r) => { callback(e, r); }); };",
                     Outcome.UNKNOWN, id="the same with a call that may call back at once"),
        pytest.param("exports.handler = async (event, context, callback) => { event.all.forEach((e) => { callback(null, e); }); };",
                     Outcome.PASS, id="a callback that is called at once"),
        pytest.param("exports.handler = async () => { (async () => { await save(1); })(); };", Outcome.FAIL, id="called where it stands"),
        pytest.param("exports.handler = async () => { await (async () => { await save(1); })(); };", Outcome.PASS, id="and awaited"),
        pytest.param("exports.handler = (event) => { save(1); return 5; };", Outcome.PASS, id="plain value: the loop is waited for"),
        pytest.param("exports.handler = awslambda.streamifyResponse(async (event, stream) => { save(1); stream.end(); });",
                     Outcome.PASS, id="streaming"),
        pytest.param("exports.handler = wrap(async (event) => { save(1); });", Outcome.UNKNOWN, id="wrapped"),
        pytest.param("const ready = save(1);\nexports.handler = async () => { await ready; };", Outcome.PASS, id="started at load"),
        pytest.param("const work = async () => { save(1); };\nexports.handler = async () => { await work(); };", Outcome.FAIL,
                     id="in a function that is awaited"),
        pytest.param("class Job { async run() { await save(1); } start() { this.run(); } }\nconst job = new Job();\n"
                     "exports.handler = async () => { job.start(); };", Outcome.FAIL, id="in a method"),
        pytest.param("exports.handler = build();", Outcome.UNKNOWN, id="a function that is not read"),
        pytest.param("exports.other = 1;", Outcome.UNKNOWN, id="no handler"),
    ],
)  # fmt: skip
def test_ways_of_handling(code: str, outcome: Outcome) -> None:
    assert an_image({"index.js": SLOW + code}).ask(the_check).outcome is outcome


def test_other_files_are_followed_and_named_by_line() -> None:
    files = {
        "index.mjs": "import { store } from './lib/store.mjs';\nexport const handler = async (e) => { await store(e); };\n",
        "lib/store.mjs": "import db from 'pg';\n\nexport async function store(all) {\n  all.forEach(async (each) => {\n"
        "    await db.query(each);\n  });\n}\n",
    }
    verdict = an_image(files).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source == "image /var/task/lib/store.mjs:4"
    assert verdict.evidence[0].value == "all.forEach(async (each) => {"
    assert verdict.remediation
    assert "Promise.all" in verdict.remediation.text


def test_typescripts_older_targets_are_understood() -> None:
    code = """var __awaiter = (this && this.__awaiter) || function (t, a, P, g) { return new Promise((r) => r(g)); };
const save = (r) => __awaiter(void 0, void 0, void 0, function* () { yield fetch(r); });
exports.handler = (event) => __awaiter(void 0, void 0, void 0, function* () {
    yield save(1);
    event.Records.forEach((r) => __awaiter(void 0, void 0, void 0, function* () { yield save(r); }));
});
"""
    verdict = an_image({"index.js": code}).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source.endswith("index.js:5")


def test_late_lines_settle_what_the_code_leaves_open() -> None:
    files = handler("save(event); await save(2); return 1;")
    late = logged(invocations=(invoked(), invoked(late_lines=("saved 17",))))
    verdict = an_image(files, timeline=late).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert "saved 17" in [e.value for e in verdict.evidence]


def test_late_lines_alone_prove_nothing() -> None:
    late = logged(invocations=(invoked(), invoked(late_lines=("saved 17",))))
    assert an_image(handler("await save(event);"), timeline=late).ask(the_check).outcome is Outcome.PASS


def test_python_handlers_are_not_asked() -> None:
    from tests import coding

    assert coding.an_image({"app.py": coding.HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
