from __future__ import annotations

from typing import Any

import pytest

from tests.native import shared
from tests.node_coding import an_image
from troubleshooter.checks.handler.bundler_drops_native import bundler_drops_native as the_check
from troubleshooter.model import Outcome

END = "exports.handler = async () => 1;\n"


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        ({"index.js": "require('./build/Release/x.node');\n" + END}, Outcome.FAIL),
        ({"index.js": "const w = require('../data/x.wasm');\n" + END}, Outcome.FAIL),
        (
            {"index.js": "require('./build/Release/x.node');\n" + END, "build/Release/x.node": shared()},
            Outcome.PASS,
        ),
        ({"index.js": "require('./lib/other');\n" + END}, Outcome.PASS),
        ({"index.js": "try { require('./x.node'); } catch (e) {}\n" + END}, Outcome.PASS),
        ({"index.js": "exports.handler = async () => require('./x.node');\n"}, Outcome.PASS),
        (
            {"index.js": "require('db');\n" + END, "node_modules/db/index.js": "require('./x.node');\n"},
            Outcome.PASS,
        ),
    ],
    ids=["dropped", "wasm", "there", "another mode", "guarded", "later", "of a package: another mode"],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert an_image(files).ask(the_check).outcome is outcome


def test_the_place_is_named() -> None:
    verdict = an_image({"index.js": "\nrequire('./build/x.node');\n" + END}).ask(the_check)
    assert "/var/task/build/x.node" in verdict.message
    assert any(e.source.endswith("/var/task/index.js:2") for e in verdict.evidence)


def test_what_changes_resolution_leaves_it_open() -> None:
    files = {"index.js": "module.paths.push('/x');\nrequire('./x.node');\n" + END}
    assert an_image(files).ask(the_check).outcome is Outcome.UNKNOWN
