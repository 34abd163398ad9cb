from __future__ import annotations

import pytest

from tests.native import node_image, shared
from troubleshooter.checks.handler.node_wrong_abi__unused import node_wrong_abi__unused as the_check
from troubleshooter.model import Outcome

LATER = "exports.open = () => require('bindings')('db.node');\n"
NOW = "module.exports = require('./build/Release/db.node');\n"


@pytest.mark.parametrize(
    ("symbol", "index", "outcome"),
    [
        ("node_register_module_v108", LATER, Outcome.FAIL),
        ("node_register_module_v115", LATER, Outcome.PASS),
        ("napi_register_module_v1", LATER, Outcome.PASS),
        ("node_register_module_v108", NOW, Outcome.PASS),
    ],
)
def test_outcome(symbol: str, index: str, outcome: Outcome) -> None:
    files = {
        "index.js": "require('db');\nexports.handler = async () => 1;\n",
        "node_modules/db/index.js": index,
        "node_modules/db/build/Release/db.node": shared(symbols=(symbol,)),
        "node_modules/bindings/index.js": "module.exports = (name) => require(require('path').join('x', name));\n",
    }
    assert node_image(files).ask(the_check).outcome is outcome
