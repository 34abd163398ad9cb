from __future__ import annotations

from typing import Any

import pytest

from tests.factories import variable
from tests.node_coding import a_zip, an_image
from troubleshooter.checks.invoke.engine_binary_target_missing import engine_binary_target_missing as the_check
from troubleshooter.model import Outcome

FOLDER = "node_modules/.prisma/client/"
AL2023 = {"/etc/os-release": 'NAME="Amazon Linux"\nID="amzn"\nVERSION_ID="2023"\n'}
DEBIAN = {"/etc/os-release": 'ID=debian\nVERSION_ID="12"\n'}


def package(*engines: str, main: str = "const p = require('@prisma/client');\n") -> dict[str, Any]:
    return {
        "index.js": main + "exports.handler = async () => 1;\n",
        "node_modules/@prisma/client/index.js": "module.exports = {};\n",
        **{FOLDER + name: "engine" for name in engines},
    }


DARWIN, OLD, RIGHT = (
    "libquery_engine-darwin-arm64.dylib.node",
    "libquery_engine-rhel-openssl-1.0.x.so.node",
    "libquery_engine-rhel-openssl-3.0.x.so.node",
)


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param(package(DARWIN), Outcome.FAIL, id="the laptop's alone"),
        pytest.param(package(OLD, DARWIN), Outcome.FAIL, id="another OpenSSL's"),
        pytest.param(package("query-engine-debian-openssl-3.0.x"), Outcome.FAIL, id="another system's, as a program"),
        pytest.param(package(DARWIN, RIGHT), Outcome.PASS, id="generated"),
        pytest.param(
            {**package(DARWIN), "/opt/engines/" + RIGHT: "engine"}, Outcome.PASS, id="elsewhere: it may be copied"
        ),
        pytest.param(package(), Outcome.NOT_APPLICABLE, id="no engines: another way"),
        pytest.param(package(DARWIN, main=""), Outcome.PASS, id="not imported"),
        pytest.param(
            {**package(), "node_modules/@prisma/engines/" + DARWIN: "engine"},
            Outcome.NOT_APPLICABLE,
            id="the tool's own engine",
        ),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert an_image({**files, **AL2023}).ask(the_check).outcome is outcome
    assert a_zip({k: v for k, v in files.items() if k[0] != "/"}).ask(the_check).outcome in (outcome, Outcome.FAIL)


def test_a_system_that_is_not_told_says_nothing() -> None:
    assert an_image({**package(DARWIN), **DEBIAN}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_the_target_follows_system_and_cpu() -> None:
    verdict = a_zip(package(DARWIN), node=18, architecture="arm64").ask(the_check)
    assert "linux-arm64-openssl-1.0.x" in verdict.message


def test_a_variable_names_the_engine() -> None:
    named = {"PRISMA_QUERY_ENGINE_LIBRARY": "/opt/engine"}
    assert an_image({**package(DARWIN), **AL2023}, environment=named).ask(the_check).outcome is Outcome.PASS
    own = (variable("PRISMA_QUERY_ENGINE_LIBRARY", "/opt/engine"),)
    assert a_zip(package(DARWIN), environment=own).ask(the_check).outcome is Outcome.PASS
