from __future__ import annotations

from typing import Any

import pytest

from tests.checks.happened import NOT_GIVEN, called, exited, exited_in_init, told, went_well
from tests.factories import IMAGE, SOURCE, function_record, image_config, tree, variable
from troubleshooter.analysis.python.settings import environment_reads, settings_question
from troubleshooter.checks.handler.env_missing_at_runtime import env_missing_at_runtime as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.runtime import HandlerResolution, RuntimeModel
from troubleshooter.facts.settings import EnvironmentReads, SettingsQuestion
from troubleshooter.model import Outcome, Rung, Unblock, Verdict

TOP = 'import os\nTABLE = os.environ["TABLE_NAME"]\n\ndef handler(event, context):\n    return TABLE\n'
INSIDE = 'import os\n\ndef handler(event, context):\n    return os.environ["TABLE_NAME"]\n'
TRACE = "Traceback (most recent call last):"
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
    assert "image /var/task/app.py:2" in [e.source for e in found.evidence]
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


LOADS = 'import os\nimport settings\nsettings.load()\nTABLE = os.environ["TABLE_NAME"]\n'


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {"app.py": LOADS, "settings.py": "import os\ndef load():\n    os.environ[name()['N'].upper()] = 'x'\n"},
            id="a name that is computed",
        ),
        pytest.param(
            'import os\nfrom environs import Env\nEnv().read_env()\nTABLE = os.environ["TABLE_NAME"]\n', id="environs"
        ),
        pytest.param(
            'import os\nimport environ\nenviron.Env.read_env()\nT = os.environ["TABLE_NAME"]\n', id="django-environ"
        ),
        pytest.param("from os import environ as e\nfor k in ks:\n    e[k] = 'x'\n" + TOP, id="under another name"),
        pytest.param("import os\nenv = os.environ\nenv[name] = 'x'\n" + TOP, id="by a variable"),
        pytest.param("import os\nfill(os.environ)\n" + TOP, id="handed to somebody"),
        pytest.param("import os\nos.environ |= read()\n" + TOP, id="joined"),
        pytest.param("import os\nos.environ.update({k: 'x'})\n" + TOP, id="update"),
        pytest.param("import os\nos.environ.update(**read())\n" + TOP, id="update by keywords"),
        pytest.param("import os\nos.putenv(name, 'x')\n" + TOP, id="putenv"),
        pytest.param("import os\nimport chamber\nchamber.fetch('shop')\n" + TOP, id="a call for what it does"),
        pytest.param("import os\nimport chamber\nparameters = chamber.load_parameters()\n" + TOP, id="named like it"),
        pytest.param("import os\nif True:\n    chamber.fetch()\n" + TOP, id="in a branch"),
        pytest.param({"app.py": "import boot\n" + TOP, "boot.py": "import x\nx.fetch()\n"}, id="an own module's call"),
        pytest.param(
            {
                "app.py": "from pkg import boot\n" + TOP,
                "pkg/__init__.py": "",
                "pkg/boot.py": "from . import deep\n",
                "pkg/deep.py": "x.fetch()\n",
            },
            id="a module of a module's",
        ),
        pytest.param({"app.py": TOP, "other.py": "def ("}, id="code that is not understood"),
    ],
)
def test_what_may_set_its_own_variables_is_left_open(files: dict[str, str] | str) -> None:
    found = verdict(files)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            "import logging\nlogging.getLogger().setLevel(logging.INFO)\nlogger.info('x')\n" + TOP, id="logging"
        ),
        pytest.param("import sys\nsys.path.insert(0, 'lib')\nprint('cold')\n" + TOP, id="sys and print"),
        pytest.param(
            "import boto3\ns3 = boto3.client('s3')\napp = Flask(__name__)\nt = Tracer()\n" + TOP, id="objects"
        ),
        pytest.param(
            "import os\nprint(dict(os.environ), 'X' in os.environ)\nfor k in os.environ:\n    pass\n" + TOP, id="read"
        ),
        pytest.param("import os\nenv = os.environ.copy()\nsub = {**os.environ}\n" + TOP, id="a copy"),
        pytest.param(
            "import os\nos.environ.update(OTHER='x')\nos.environ.update({'B': 'x'})\n" + TOP, id="other names"
        ),
        pytest.param(
            "import os\ndef later():\n    x.fetch()\nif __name__ == '__main__':\n    main()\n" + TOP, id="not now"
        ),
        pytest.param(TOP + "x.fetch()\n", id="after it"),
        pytest.param({"app.py": TOP, "setup.py": "import setuptools\nsetuptools.setup()\n"}, id="a script beside"),
    ],
)
def test_what_sets_none_leaves_the_proof(files: dict[str, str] | str) -> None:
    assert verdict(files).outcome is Outcome.FAIL


BOTH = (
    "import os\n\n\ndef local():\n    return handler({'TABLE_NAME': os.environ['TABLE_NAME']}, None)\n\n\n"
    "def handler(event, context):\n    return event['TABLE_NAME']\n"
)
OF_OS = '\n  File "/var/lang/lib/python3.12/os.py", line 685, in __getitem__\n    raise KeyError(key) from None'


def frames(*lines: int) -> str:
    return "".join(f'\n  File "/var/task/app.py", line {line}, in handler' for line in lines)


@pytest.mark.parametrize(
    ("text", "line", "outcome"),
    [
        pytest.param(BOTH, f"[ERROR] KeyError: 'TABLE_NAME'\n{TRACE}{frames(9)}", Outcome.UNKNOWN, id="the event's"),
        pytest.param(
            BOTH, f"[ERROR] KeyError: 'TABLE_NAME'\n{TRACE}{frames(5, 9)}", Outcome.UNKNOWN, id="called by it"
        ),
        pytest.param(
            BOTH, f"[ERROR] KeyError: 'TABLE_NAME'\n{TRACE}{frames(5)}{OF_OS}", Outcome.FAIL, id="the variable's"
        ),
        pytest.param(BOTH, f"{TRACE}{frames(9)}\nKeyError: 'TABLE_NAME'", Outcome.UNKNOWN, id="the event's, logged"),
        pytest.param(
            BOTH, f"{TRACE}{frames(5)}{OF_OS}\nKeyError: 'TABLE_NAME'", Outcome.FAIL, id="the variable's, logged"
        ),
        pytest.param(BOTH, "[ERROR] KeyError: 'TABLE_NAME'", Outcome.UNKNOWN, id="either"),
        pytest.param(INSIDE, "[ERROR] KeyError: 'TABLE_NAME'", Outcome.FAIL, id="it has no other use"),
        pytest.param(INSIDE, f"[ERROR] KeyError: 'TABLE_NAME'\n{TRACE}{frames(9)}", Outcome.UNKNOWN, id="another line"),
    ],
)
def test_the_traceback_tells_whose_key_it_is(text: str, line: str, outcome: Outcome) -> None:
    failed = exited("with error: exit status 1", line) if line.startswith(TRACE) else called(line)
    assert verdict(text, told(failed), client="ric").outcome is outcome


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
