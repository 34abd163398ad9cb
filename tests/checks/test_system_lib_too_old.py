from __future__ import annotations

from typing import Any

import pytest

from tests.coding import a_zip
from tests.native import node_image, shared, with_natives
from troubleshooter.checks.handler.native_glibc_too_new import native_glibc_too_new
from troubleshooter.checks.handler.system_lib_too_old import system_lib_too_old as the_check
from troubleshooter.model import Outcome

OLD = shared(defines=("GLIBCXX_3.4", "GLIBCXX_3.4.24", "CXXABI_1.3"))
NEW = shared(defines=("GLIBCXX_3.4", "GLIBCXX_3.4.24", "GLIBCXX_3.4.30", "CXXABI_1.3"))


def addon(*versions: str, library: Any = OLD, index: Any = "require('./duck.node');\n", **more: Any) -> dict[str, Any]:
    return {
        "index.js": "const d = require('duck');\nexports.handler = async () => d;\n",
        "node_modules/duck/index.js": "module.exports = " + index,
        "node_modules/duck/duck.node": shared(needed=("libstdc++.so.6",), needs={"libstdc++.so.6": versions}),
        "/usr/lib64/libstdc++.so.6": library,
        **more,
    }


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(addon("GLIBCXX_3.4.30"), Outcome.FAIL, id="newer"),
        pytest.param(addon("GLIBCXX_3.4.24", "CXXABI_1.3"), Outcome.PASS, id="as new"),
        pytest.param(addon("GLIBCXX_3.4.30", library=NEW), Outcome.PASS, id="the image has it"),
        pytest.param(
            addon("GLIBCXX_3.4.30", **{"/opt/lib/libstdc++.so.6": NEW}), Outcome.PASS, id="another copy has it"
        ),
        pytest.param(addon("GLIBCXX_3.4.30", index="{};\n"), Outcome.PASS, id="not loaded"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert node_image(files).ask(the_check).outcome is outcome


def test_glibc_is_another_mode() -> None:
    target = node_image(addon("GLIBCXX_3.4.30"))
    assert target.ask(native_glibc_too_new).outcome is Outcome.PASS
    assert "GLIBCXX_3.4.24" in target.ask(the_check).message


def test_a_zips_system_is_not_in_it() -> None:
    target = with_natives(a_zip({"index.js": ""}, handler="index.handler", runtime_name="nodejs20.x"))
    assert target.ask(the_check).outcome is Outcome.NOT_APPLICABLE
