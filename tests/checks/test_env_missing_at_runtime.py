from __future__ import annotations

from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN, called, exited_in_init, told, went_well
from tests.factories import IMAGE, SOURCE, function_record, image_config, tree, variable
from troubleshooter.analysis.python_settings import environment_reads, settings_question
from troubleshooter.checks.handler.env_missing_at_runtime import env_missing_at_runtime as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.settings import EnvironmentReads, SettingsQuestion
from troubleshooter.model import Outcome, Rung, Unblock, Verdict

TOP = 'import os\nTABLE = os.environ["TABLE_NAME"]\n\ndef handler(event, context):\n    return TABLE\n'
INSIDE = 'import os\n\ndef handler(event, context):\n    return os.environ["TABLE_NAME"]\n'
SILENT = told()
FAILED_INIT = told(exited_in_init("with error: exit status 1", "[ERROR] KeyError: 'TABLE_NAME'"))
FAILED_CALL = told(
    called("[ERROR] KeyError: 'TABLE_NAME'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4")
)


def verdict(
    files: dict[str, str] | str,
    timeline: Timeline | Unavailable = SILENT,
    client: str = "aws-base",
    image: Any = None,
    **record: Any,
) -> Verdict:
    question = settings_question(timeline, NOT_GIVEN)
    assert isinstance(question, SettingsQuestion)
    named = {"/var/task/app.py": files} if isinstance(files, str) else {f"/var/task/{k}": v for k, v in files.items()}
    code = CodeTree(reading=IMAGE, tree=tree(dict(named)), root="/var/task", kind="image")
    resolution = HandlerResolution(
        reading=IMAGE, handler="app.handler", language="python", problem="", path="/var/task/app.py"
    )
    reads = environment_reads(question, resolution, code)
    assert isinstance(reads, EnvironmentReads)
    runtime = RuntimeModel(reading=IMAGE, language="python", client=client)
    return the_check(function_record(**record), question, reads, runtime, image or image_config())


def test_what_the_module_demands_while_loading_and_nothing_sets_fails() -> None:
    found = verdict(TOP)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.HANDLER
    assert "/var/task/app.py:2" in [e.source for e in found.evidence]
    assert found.remediation
    assert found.remediation.commands


@pytest.mark.parametrize(
    ("text", "timeline", "rung"),
    [
        pytest.param(TOP, FAILED_INIT, Rung.HANDLER, id="the init missed it"),
        pytest.param(INSIDE, FAILED_CALL, Rung.INVOKE, id="the handler missed it"),
    ],
)
def test_what_the_log_misses_and_the_code_reads_fails(text: str, timeline: Timeline, rung: Rung) -> None:
    found = verdict(text, timeline, client="ric")
    assert found.outcome is Outcome.FAIL
    assert found.rung is rung


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('import os\nX = os.environ.get("TABLE_NAME")', id="get"),
        pytest.param('import os\nX = os.getenv("TABLE_NAME")', id="getenv"),
        pytest.param('import os\nos.environ["TABLE_NAME"] = "x"\nX = os.environ.get("Y")', id="it sets it"),
        pytest.param('import os\nX = os.environ["AWS_REGION"] + os.environ["HOME"]', id="given by Lambda"),
        pytest.param("X = {}['TABLE_NAME'] if False else 1", id="another mapping"),
    ],
)
def test_what_demands_nothing(text: str) -> None:
    found = verdict(text)
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert found.ungiven, "there are other ways to read a variable"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('import os\ntry:\n    X = os.environ["TABLE_NAME"]\nexcept KeyError:\n    X = ""', id="try"),
        pytest.param('import os\nif LOCAL:\n    X = os.environ["TABLE_NAME"]', id="if"),
        pytest.param('import os\nX = "a" if LOCAL else os.environ["TABLE_NAME"]', id="either or"),
        pytest.param('import os\nX = default or os.environ["TABLE_NAME"]', id="or"),
        pytest.param('import os\nX = lambda: os.environ["TABLE_NAME"]', id="later"),
        pytest.param(INSIDE, id="in the handler"),
        pytest.param("from dotenv import load_dotenv\nload_dotenv()\n" + TOP, id="a file of settings"),
        pytest.param('import os\nos.environ.setdefault("TABLE_NAME", "t")\n' + TOP, id="a default"),
        pytest.param("import os\nos.environ.update(read())\n" + TOP, id="many at once"),
    ],
)
def test_what_may_not_get_there_is_left_open(text: str) -> None:
    found = verdict(text)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


def test_other_own_modules_may_set_it() -> None:
    assert verdict({"app.py": TOP, "boot.py": 'import os\nos.environ["TABLE_NAME"] = "t"'}).outcome is Outcome.UNKNOWN
    assert verdict({"app.py": TOP, "boot.py": 'import os\nos.environ["OTHER"] = "t"'}).outcome is Outcome.FAIL
    assert verdict({"app.py": TOP, "site-packages/x.py": "environ.update("}).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        pytest.param(
            {"environment": (variable("TABLE_NAME", "t"),)}, Outcome.NOT_APPLICABLE, id="the function sets it"
        ),
        pytest.param(
            {"image": image_config(environment=(variable("TABLE_NAME", "t"),))}, Outcome.NOT_APPLICABLE, id="the image"
        ),
        pytest.param({"environment": (variable("table_name", "t"),)}, Outcome.FAIL, id="in another spelling"),
        pytest.param({"client": "ric"}, Outcome.UNKNOWN, id="a script may run before"),
        pytest.param({"environment": (variable("AWS_LAMBDA_EXEC_WRAPPER", "/w"),)}, Outcome.UNKNOWN, id="a wrapper"),
        pytest.param({"environment_error": "KMSDisabledException"}, Outcome.NOT_APPLICABLE, id="not decrypted"),
        pytest.param({"reading": SOURCE}, Outcome.NOT_APPLICABLE, id="not deployed"),
        pytest.param(
            {"image": Unavailable(Reason.DENIED, "denied", Unblock("allow", "ecr:BatchGetImage", "*"))},
            Outcome.UNKNOWN,
            id="the image was not read",
        ),
        pytest.param(
            {"image": NOT_GIVEN, "package_type": "Zip", "client": "zip"},
            Outcome.FAIL,
            id="a zip has no other variables",
        ),
    ],
)
def test_where_it_may_come_from(changes: dict[str, Any], outcome: Outcome) -> None:
    assert verdict(TOP, **changes).outcome is outcome


def test_a_key_error_of_the_events_is_not_the_environments() -> None:
    found = verdict(
        "def handler(event, context):\n    return event['TABLE_NAME']\n",
        FAILED_CALL,
    )
    assert found.outcome is Outcome.UNKNOWN


def test_a_function_that_runs_is_not_asked() -> None:
    assert isinstance(settings_question(told(went_well()), NOT_GIVEN), Unavailable)
    assert isinstance(settings_question(told(called("KeyError: 'A_B'"), went_well()), NOT_GIVEN), Unavailable)
    assert isinstance(settings_question(NOT_GIVEN, NOT_GIVEN), Unavailable)
