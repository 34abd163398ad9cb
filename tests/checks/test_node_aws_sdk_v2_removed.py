from __future__ import annotations

import pytest

from tests.coding import invoked, logged
from tests.node_coding import a_zip, an_image
from troubleshooter.checks.handler.node_aws_sdk_v2_removed import node_aws_sdk_v2_removed as the_check
from troubleshooter.model import Outcome, Rung

CODE = "const AWS = require('aws-sdk');\nexports.handler = async () => new AWS.S3();\n"
LAYER = ("arn:aws:lambda:eu-west-1:123456789012:layer:deps:1",)
ERROR = "Error: Cannot find module 'aws-sdk'"


@pytest.mark.parametrize(
    ("node", "files", "outcome"),
    [
        pytest.param(20, {"index.js": CODE}, Outcome.FAIL, id="20"),
        pytest.param(18, {"index.js": CODE}, Outcome.FAIL, id="18"),
        pytest.param(16, {"index.js": CODE}, Outcome.PASS, id="16 brings it"),
        pytest.param(20, {"index.js": CODE.replace("aws-sdk", "aws-sdk/clients/s3")}, Outcome.FAIL, id="one client"),
        pytest.param(20, {"index.js": CODE, "node_modules/aws-sdk/index.js": ""}, Outcome.PASS, id="packaged"),
        pytest.param(20, {"index.js": CODE.replace("aws-sdk", "@aws-sdk/client-s3")}, Outcome.PASS, id="version 3"),
        pytest.param(20, {"index.js": f"try {{ {CODE.splitlines()[0]} }} catch {{}}\n"}, Outcome.PASS, id="caught"),
        pytest.param(
            20, {"index.mjs": "import AWS from 'aws-sdk';\nexport const handler = 1;"}, Outcome.FAIL, id="import"
        ),
    ],
)
def test_outcome(node: int, files: dict[str, str], outcome: Outcome) -> None:
    assert an_image(files, node=node).ask(the_check).outcome is outcome
    assert a_zip(files, node=node).ask(the_check).outcome is outcome


def test_a_package_may_be_what_needs_it() -> None:
    files = {"index.js": "require('dep');\nexports.handler = () => 1;", "node_modules/dep/index.js": CODE}
    verdict = an_image(files).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert "a package of yours" in verdict.message
    assert verdict.evidence[0].source == "image /var/task/node_modules/dep/index.js:1"


def test_layers_that_were_not_read_may_hold_it() -> None:
    assert a_zip({"index.js": CODE}, layers=LAYER).ask(the_check).outcome is Outcome.UNKNOWN
    told = a_zip({"index.js": CODE}, layers=LAYER, timeline=logged(ERROR)).ask(the_check)
    assert told.outcome is Outcome.FAIL


def test_at_call_time_only_a_failed_invocation_proves_it() -> None:
    files = {"index.js": "exports.handler = async () => require('aws-sdk');\n"}
    assert an_image(files).ask(the_check).outcome is Outcome.PASS
    timeline = logged(invocations=(invoked(status="error", error=ERROR),))
    verdict = an_image(files, timeline=timeline).ask(the_check)
    assert (verdict.outcome, verdict.rung) == (Outcome.FAIL, Rung.INVOKE)


def test_the_fix_offers_both_ways() -> None:
    verdict = an_image({"index.js": CODE}, timeline=logged(ERROR)).ask(the_check)
    assert verdict.remediation
    assert "version 3" in verdict.remediation.text
    assert verdict.remediation.commands[0] == "npm install --save-prod aws-sdk"
    assert ERROR in verdict.evidence[-1].value
