from __future__ import annotations

import shlex

import pytest

from tests.node_coding import a_zip, an_image
from troubleshooter.checks.handler.handler_export_missing import handler_export_missing
from troubleshooter.checks.handler.node_default_export import node_default_export as the_check
from troubleshooter.model import Outcome


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("export default async () => 1;", Outcome.FAIL, id="function"),
        pytest.param(
            "const handler = () => 1;\nexport default handler;", Outcome.FAIL, id="named function, default only"
        ),
        pytest.param("export default { handler: async () => 1, other() {} };", Outcome.FAIL, id="object that holds it"),
        pytest.param("export default { other() {} };", Outcome.PASS, id="object without it"),
        pytest.param("export const handler = 1;", Outcome.PASS, id="no function: another mode"),
        pytest.param("export default () => 1;\nexport const main = () => 2;", Outcome.PASS, id="default and another"),
        pytest.param("export const handler = () => 1;\nexport default handler;", Outcome.PASS, id="both"),
        pytest.param("export {};", Outcome.PASS, id="nothing"),
        pytest.param("export default () => 1;\nexport * from 'somewhere';", Outcome.UNKNOWN, id="more may be exported"),
        pytest.param("export default () => 1;\nrequire('x');", Outcome.UNKNOWN, id="does not load: another mode"),
    ],
)
def test_outcome(code: str, outcome: Outcome) -> None:
    assert an_image({"index.mjs": code}).ask(the_check).outcome is outcome


def test_compiled_default_exports_are_found_too() -> None:
    code = 'Object.defineProperty(exports, "__esModule", { value: true });\nexports.default = async () => 1;\n'
    assert an_image({"index.js": code}).ask(the_check).outcome is Outcome.FAIL


def test_a_missing_file_is_another_mode() -> None:
    assert an_image({"other.js": "exports.default = () => 1;"}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_the_fix_sets_the_handler_where_it_is_set() -> None:
    code = {"index.mjs": "export default async () => 1;"}
    verdict = an_image(code).ask(the_check)
    assert verdict.evidence[1].source == "image /var/task/index.mjs"
    assert verdict.remediation
    assert 'CMD ["index.default"]' in verdict.remediation.text
    zipped = a_zip(code).ask(the_check)
    assert zipped.remediation
    words = shlex.split(zipped.remediation.commands[0])
    assert words[words.index("--handler") + 1] == "index.default"
    assert an_image(code).ask(handler_export_missing).outcome is Outcome.FAIL


def test_an_object_is_addressed_through_default() -> None:
    verdict = an_image({"index.mjs": "export default { handler: () => 1 };"}).ask(the_check)
    assert verdict.remediation
    assert "index.default.handler" in verdict.remediation.text
