"""What the exported handler is wrapped in, read by the real providers."""

from __future__ import annotations

import pytest

from tests.coding import PACKAGE
from tests.factories import function_record, tree
from troubleshooter.analysis import code_tree
from troubleshooter.analysis.node import handler as node_handler
from troubleshooter.analysis.node import module_format
from troubleshooter.analysis.node import streaming as node_streaming
from troubleshooter.analysis.runtime import language as runtime
from troubleshooter.analysis.spawn import launch
from troubleshooter.facts import Reason, Store, Unavailable, providers_in
from troubleshooter.facts.account import StreamingHandler
from troubleshooter.facts.image import CodeTree

MODULES = (code_tree, launch, runtime, module_format, node_handler, node_streaming)
BODY = "(async (event, responseStream) => { responseStream.end(); })"


def ask(files: dict[str, str], **record: str) -> StreamingHandler | Unavailable:
    values = {"package_type": "Zip", "runtime": "nodejs22.x", "handler": "index.handler", **record}
    contents = tree({f"/var/task/{name}": text for name, text in files.items()})
    code = CodeTree(reading=PACKAGE, tree=contents, root="/var/task", kind="zip")
    return Store(providers_in(MODULES), [function_record(**values), code]).get(StreamingHandler)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"index.js": f"exports.handler = awslambda.streamifyResponse{BODY};\n"}, id="CommonJS"),
        pytest.param({"index.mjs": f"export const handler = awslambda.streamifyResponse{BODY};\n"}, id="ES module"),
        pytest.param({"index.js": f"exports.handler = globalThis.awslambda.streamifyResponse{BODY};\n"}, id="global"),
        pytest.param(
            {"index.js": f"const h = awslambda.streamifyResponse{BODY};\nmodule.exports = {{ handler: h }};\n"},
            id="by a variable",
        ),
    ],
)
def test_a_handler_that_streams(files: dict[str, str]) -> None:
    found = ask(files)
    assert isinstance(found, StreamingHandler)
    assert found.streams
    assert (found.path, found.line) == (f"/var/task/{next(iter(files))}", 1)


def test_a_handler_that_does_not() -> None:
    text = f"const other = awslambda.streamifyResponse{BODY};\nexports.handler = async () => 1;\n"
    found = ask({"index.js": text})
    assert isinstance(found, StreamingHandler)
    assert not found.streams


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("const wrap = require('./wrap');\nexports.handler = wrap(async () => 1);\n", Reason.UNSUPPORTED),
        ("exports.other = async () => 1;\n", None),
        ("exports.handler = (((\n", None),
    ],
)
def test_what_cannot_be_told_is_no_fact(text: str, reason: Reason | None) -> None:
    found = ask({"index.js": text, "wrap.js": "module.exports = (f) => f;\n"})
    assert isinstance(found, Unavailable)
    assert found.reason is (reason or found.reason)
    assert found.reason is not Reason.FAULT


def test_another_language_has_no_such_question() -> None:
    found = ask({"app.py": "def handler(event, context): ...\n"}, runtime="python3.13", handler="app.handler")
    assert isinstance(found, Unavailable)
    assert not found.applies
