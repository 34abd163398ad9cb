from __future__ import annotations

import json

import pytest

from tests.coding import HANDLER, a_source, a_zip, an_image, logged
from tests.factories import IMAGE, function_record
from troubleshooter.checks.handler.handler_module_missing import handler_module_missing as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Outcome

NONE = Unavailable(Reason.DENIED, "not allowed")


@pytest.mark.parametrize(
    ("files", "handler", "outcome"),
    [
        pytest.param({"app.py": HANDLER}, "app.handler", Outcome.PASS, id="there"),
        pytest.param({"src/my-api/app.py": HANDLER}, "src/my-api/app.handler", Outcome.PASS, id="folders and dashes"),
        pytest.param({"src/app.py": HANDLER}, "src.app.handler", Outcome.PASS, id="dots, no __init__"),
        pytest.param({"/opt/python/app.py": HANDLER}, "app.handler", Outcome.PASS, id="on the search path"),
        pytest.param({"hello/app.py": HANDLER}, "app.handler", Outcome.FAIL, id="one folder deeper"),
        pytest.param({"App.py": HANDLER}, "app.handler", Outcome.FAIL, id="another case"),
        pytest.param({"app.js": ""}, "app.handler", Outcome.FAIL, id="another language's file"),
        pytest.param({"app.py": HANDLER}, "app.sub.handler", Outcome.FAIL, id="a file is no package"),
        pytest.param({"app.py": "x = 1\n"}, "app.handler", Outcome.PASS, id="file there, function missing"),
        pytest.param({}, "app", Outcome.NOT_APPLICABLE, id="malformed"),
        pytest.param({}, "time.handler", Outcome.NOT_APPLICABLE, id="compiled into Python"),
        pytest.param({}, "calendar.handler", Outcome.UNKNOWN, id="the standard library has such a module"),
    ],
)
def test_outcome(files: dict[str, str], handler: str, outcome: Outcome) -> None:
    assert an_image(files, handler).ask(the_check).outcome is outcome


def test_an_override_is_another_mode() -> None:
    found = an_image({"app.py": HANDLER}, "app.handler", override="gone.handler").ask(the_check)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "imageconfig_command_wrong" in found.message


def test_an_unreadable_file_is_another_mode() -> None:
    secret = Entry(Kind.FILE, 0o600, size=len(HANDLER), head=HANDLER.encode())
    assert an_image({"app.py": secret}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
    hidden = {"src": Entry(Kind.DIRECTORY, 0o700), "src/app.py": HANDLER}
    assert an_image(hidden, "src.app.handler").ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_layers_may_hold_it() -> None:
    assert a_zip({}, "vendor.handler").ask(the_check).outcome is Outcome.FAIL
    assert (
        a_zip({}, "vendor.handler", layers=("arn:aws:lambda:x:1:layer:l:1",)).ask(the_check).outcome is Outcome.UNKNOWN
    )


def test_a_source_folder_proves_nothing() -> None:
    dockerfile = 'FROM public.ecr.aws/lambda/python:3.12\nCMD ["app.handler"]\n'
    assert a_source({"Dockerfile": dockerfile}).ask(the_check).outcome is Outcome.UNKNOWN
    assert a_source({"Dockerfile": dockerfile, "app.py": HANDLER}).ask(the_check).outcome is Outcome.PASS


def test_failure_shows_where_was_looked_and_what_is_there() -> None:
    logs = logged("Unable to import module 'app': No module named 'app'")
    found = an_image({"hello/app.py": HANDLER}, timeline=logs).ask(the_check)
    labels = {e.label: e.value for e in found.evidence}
    assert "/var/task/app.py" in labels["looked for, and not there"]
    assert "hello.app.handler" in labels["handlers that would be found"]
    assert "No module named 'app'" in labels["error in the log"]
    assert found.remediation
    assert json.dumps(["hello.app.handler"]) in found.remediation.text


def test_node_is_served_by_the_same_facts() -> None:
    resolution = HandlerResolution(
        reading=IMAGE, handler="dist/index.handler", language="node", problem="module missing", module="dist/index"
    )
    found = the_check(
        resolution, NONE, function_record(), NONE, NONE, logged("Error: Cannot find module 'index'"), NONE
    )
    assert found.outcome is Outcome.FAIL
    assert found.evidence[-1].label == "error in the log"
