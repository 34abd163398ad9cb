from __future__ import annotations

import pytest

from tests import node_coding
from tests.coding import an_image
from troubleshooter.checks.invoke.sys_exit_in_code import sys_exit_in_code as the_check
from troubleshooter.model import Outcome, Rung

HANDLER = "def handler(event, context):\n    return 1\n"


def body(*lines: str, before: str = "") -> str:
    return f"import sys, os\n{before}\ndef handler(event, context):\n" + "".join(f"    {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("source", "rung"),
    [
        pytest.param(body("print('done')", "sys.exit(0)"), Rung.INVOKE, id="sys.exit"),
        pytest.param(body("exit()"), Rung.INVOKE, id="exit"),
        pytest.param(body("raise SystemExit(1)"), Rung.INVOKE, id="SystemExit"),
        pytest.param(body("try:", "    sys.exit(1)", "except Exception:", "    pass"), Rung.INVOKE, id="no Exception"),
        pytest.param(body("try:", "    pass", "finally:", "    os._exit(1)"), Rung.INVOKE, id="in finally"),
        pytest.param(
            body("main()", before="def main():\n    run()\n    sys.exit(0)\ndef run(): pass\n"), Rung.INVOKE, id="main"
        ),
        pytest.param(HANDLER + "import sys\nsys.exit(0)\n", Rung.HANDLER, id="at load"),
    ],
)
def test_what_always_ends_the_process(source: str, rung: Rung) -> None:
    found = an_image({"app.py": source}).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung is rung
    assert found.remediation


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(HANDLER + "import sys\nif __name__ == '__main__':\n    sys.exit(0)\n", id="as a program"),
        pytest.param(body("if not event:", "    sys.exit(1)", "return 1"), id="in a branch"),
        pytest.param(body("return 1", "sys.exit(0)"), id="after the return"),
        pytest.param(body("try:", "    sys.exit(1)", "except SystemExit:", "    return 1"), id="handled"),
        pytest.param(body("try:", "    sys.exit(1)", "except:", "    return 1"), id="handled with all"),
        pytest.param(body("exit()", before="from helper import exit\n"), id="another exit"),
        pytest.param(body("for x in event:", "    sys.exit(1)"), id="in a loop"),
        pytest.param(body("return 1", before="def cli():\n    sys.exit(2)\n"), id="nobody calls it"),
        pytest.param(
            "import os, sys\nif 'X' not in os.environ:\n    sys.exit('X is missing')\n" + HANDLER, id="only if"
        ),
    ],
)
def test_what_may_go_on(source: str) -> None:
    found = an_image({"app.py": source, "helper.py": "def exit(): pass\n"}).ask(the_check)
    assert found.outcome is Outcome.PASS, found.message


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        pytest.param("exports.handler = async () => { process.exit(0); };\n", Outcome.FAIL, id="handler"),
        pytest.param("exports.handler = async () => 1;\nprocess.exit();\n", Outcome.FAIL, id="at load"),
        pytest.param(
            "exports.handler = async () => { try { process.exit(1); } catch (e) { return 1; } };\n",
            Outcome.FAIL,
            id="try",
        ),
        pytest.param(
            "exports.handler = async (e) => { if (!e.a) process.exit(1); return 1; };\n", Outcome.PASS, id="branch"
        ),
        pytest.param(
            "exports.handler = async () => { return 1; process.exit(1); };\n", Outcome.PASS, id="after the return"
        ),
        pytest.param(
            "process.on('SIGTERM', () => process.exit(0));\nexports.handler = async () => 1;\n",
            Outcome.PASS,
            id="signal",
        ),
        pytest.param(
            "if (require.main === module) process.exit(0);\nexports.handler = async () => 1;\n",
            Outcome.PASS,
            id="program",
        ),
        pytest.param(
            "const process = { exit() {} };\nexports.handler = async () => { process.exit(0); return 1; };\n",
            Outcome.PASS,
            id="another process",
        ),
    ],
)
def test_javascript(source: str, outcome: Outcome) -> None:
    found = node_coding.an_image({"index.js": source}).ask(the_check)
    assert found.outcome is outcome, found.message


CLI = "import sys\ndef main():\n    print('done')\n    sys.exit(0)\n"


@pytest.mark.parametrize(
    ("before", "outcome"),
    [
        pytest.param("sys.exit = lambda code=0: None\n", Outcome.PASS, id="assigned"),
        pytest.param("setattr(sys, 'exit', print)\n", Outcome.PASS, id="setattr"),
        pytest.param("mock.patch('sys.exit').start()\n", Outcome.PASS, id="patched by name"),
        pytest.param("mock.patch.object(sys, 'exit').start()\n", Outcome.PASS, id="patched in its module"),
        pytest.param("cli.main = print\n", Outcome.PASS, id="the function that exits"),
        pytest.param("print('exit')\n", Outcome.FAIL, id="a text"),
        pytest.param("", Outcome.FAIL, id="nothing of the kind"),
    ],
)
def test_an_exit_that_is_replaced(before: str, outcome: Outcome) -> None:
    own = body("cli.main()", before=f"import cli\nfrom unittest import mock\n{before}")
    found = an_image({"app.py": own, "cli.py": CLI}).ask(the_check)
    assert found.outcome is outcome, found.message


def test_a_manager_that_may_swallow_the_exit() -> None:
    manager = "import contextlib\n@contextlib.contextmanager\ndef on():\n    try:\n        yield\n    except SystemExit:\n        pass\n"
    swallowed = body("with on():", "    sys.exit(0)", "return 1", before=manager)
    assert an_image({"app.py": swallowed}).ask(the_check).outcome is Outcome.PASS
    opened = body("with open('/etc/hosts') as f:", "    sys.exit(0)")
    assert an_image({"app.py": opened}).ask(the_check).outcome is Outcome.FAIL


def test_a_method_that_a_class_overrides() -> None:
    base = "class Base:\n    def run(self):\n        self.done()\n    def done(self):\n        sys.exit(0)\n"
    own = body("App().run()", before=base + "class App(Base):\n    def done(self):\n        pass\n")
    assert an_image({"app.py": own}).ask(the_check).outcome is Outcome.PASS
    plain = body("App().run()", before=base + "class App(Base):\n    pass\n")
    assert an_image({"app.py": plain}).ask(the_check).outcome is Outcome.FAIL


def test_a_handler_that_is_wrapped_below_its_definition() -> None:
    wrapped = body("sys.exit(0)", before="from lib import safe\n") + "handler = safe(handler)\n"
    assert an_image({"app.py": wrapped, "lib.py": "def safe(f): return f\n"}).ask(the_check).outcome is Outcome.PASS


def test_javascript_that_replaces_the_exit() -> None:
    files = {"index.js": "exports.handler = async () => { process.exit(0); };\n"}
    replacing = {**files, "setup.js": "process.exit = () => {};\n"}
    assert node_coding.an_image(replacing).ask(the_check).outcome is Outcome.PASS
    stubbed = {**files, "setup.js": "sinon.stub(process, 'exit');\n"}
    assert node_coding.an_image(stubbed).ask(the_check).outcome is Outcome.PASS
    assert node_coding.an_image({**files, "a.js": "const exit = 1;\n"}).ask(the_check).outcome is Outcome.FAIL
