from __future__ import annotations

import pytest

from tests import node_coding
from tests.coding import a_source, a_zip, an_image
from tests.factories import function_record
from troubleshooter.checks.invoke.fs_read_only import fs_read_only as the_check
from troubleshooter.model import Outcome, Rung

WRITES = "def handler(event, context):\n    with open('/var/task/state.json', 'w') as f:\n        f.write('{}')\n"


def body(*lines: str, before: str = "") -> str:
    inner = "".join(f"    {line}\n" for line in lines)
    return f"import os, pathlib, sys\nfrom pathlib import Path\n{before}\ndef handler(event, context):\n{inner}"


def node(line: str, before: str = "") -> str:
    return f"const fs = require('fs');\nconst path = require('path');\n{before}\nexports.handler = async (event) => {{\n  {line}\n}};\n"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(WRITES, id="beside the code"),
        pytest.param(body("open('out.txt', mode='a').write('x')"), id="relative to the working directory"),
        pytest.param(body("Path(__file__).parent.joinpath", "Path('/var/task/x').write_text('1')"), id="pathlib"),
        pytest.param(body("(Path(__file__).resolve().parent / 'x').touch()"), id="beside its own file"),
        pytest.param(body("os.makedirs('/var/task/cache', exist_ok=True)"), id="a folder that is not there"),
        pytest.param(
            body("open(NAME, 'wb')", before="NAME = os.path.join(os.path.dirname(__file__), 'a.db')\n"), id="constant"
        ),
        pytest.param(
            body("save()", before="def save():\n    open('/var/task/x', 'x')\n"), id="in a function that it calls"
        ),
        pytest.param(
            body("try:", "    open('/var/task/x', 'w')", "except KeyError:", "    pass"), id="handles another error"
        ),
    ],
)
def test_what_is_written_in_every_invocation(source: str) -> None:
    found = an_image({"app.py": source}).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung is Rung.INVOKE
    assert "in every invocation" in found.message
    assert found.remediation
    assert "/tmp/" in found.remediation.text


def test_what_is_written_while_the_module_is_loaded() -> None:
    own = an_image({"app.py": "import helper\n" + body("return 1"), "helper.py": "open('/var/task/log', 'a')\n"})
    found = own.ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.HANDLER
    assert "helper.py:1" in found.message
    assert a_zip({"app.py": WRITES}).ask(the_check).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(body("open('/tmp/x', 'w')"), id="tmp"),
        pytest.param(body("open('/mnt/efs/x', 'w')"), id="a mounted file system"),
        pytest.param(body("open('/dev/null', 'w')"), id="a device"),
        pytest.param(body("open('/var/task/config.json')"), id="reading"),
        pytest.param(body("open('/var/task/config.json', 'r')"), id="reading, said"),
        pytest.param(body("os.chdir('/tmp')", "open('x', 'w')"), id="another working directory"),
        pytest.param(body("open('/nowhere/x', 'w')"), id="a folder that is not there"),
        pytest.param(body("os.makedirs('/var/task', exist_ok=True)"), id="a folder that is there"),
        pytest.param(body("if event:", "    open('/var/task/x', 'w')"), id="in a branch"),
        pytest.param(body("if not event:", "    return 1", "open('/var/task/x', 'w')"), id="after an early return"),
        pytest.param(body("for each in event:", "    open('/var/task/x', 'w')"), id="in a loop"),
        pytest.param(body("try:", "    open('/var/task/x', 'w')", "except OSError:", "    pass"), id="handled"),
        pytest.param(
            body("with contextlib.suppress(OSError):", "    open('/var/task/x', 'w')", before="import contextlib\n"),
            id="suppressed",
        ),
        pytest.param(body("open(event['name'], 'w')"), id="a path that is not known"),
        pytest.param(
            body("open(NAME, 'w')", before="NAME = os.environ.get('X', '/var/task/x')\n"), id="from the environment"
        ),
        pytest.param(body("return lambda: open('/var/task/x', 'w')"), id="not called"),
        pytest.param(body("event and open('/var/task/x', 'w')"), id="only if"),
        pytest.param(body("open('/var/task/x', 'w')", before="from storage import open\n"), id="another open"),
        pytest.param(body("store.write_text('x')", before="import store\n"), id="another write_text"),
        pytest.param(
            body("return 1", before="if __name__ == '__main__':\n    open('/var/task/x', 'w')\n"), id="as a program"
        ),
        pytest.param(body("return 1", before="def unused():\n    open('/var/task/x', 'w')\n"), id="nobody calls it"),
    ],
)
def test_what_is_fine_or_not_certain(source: str) -> None:
    found = an_image({"app.py": source}).ask(the_check)
    assert found.outcome is Outcome.PASS, found.message


def test_a_source_folder_shows_absolute_paths_only() -> None:
    function = function_record(package_type="Zip", runtime="python3.12", handler="app.handler")
    assert a_source({"app.py": WRITES}, function).ask(the_check).outcome is Outcome.FAIL
    relative = body("open('x', 'w')")
    assert a_source({"app.py": relative}, function).ask(the_check).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(node("fs.writeFileSync('/var/task/state.json', '{}');"), id="sync"),
        pytest.param(node("await fs.promises.writeFile(path.join(__dirname, 'x'), '');"), id="awaited"),
        pytest.param(
            node("fs.mkdirSync(FOLDER, { recursive: true });", "const FOLDER = '/var/task/cache';"), id="folder"
        ),
        pytest.param(node("return 1;", "fs.appendFileSync(`/var/task/log`, 'x');"), id="at load"),
    ],
)
def test_what_javascript_writes(source: str) -> None:
    found = node_coding.an_image({"index.js": source}).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert "/var/task/" in found.message


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(node("fs.writeFileSync('/tmp/x', '');"), id="tmp"),
        pytest.param(node("fs.readFileSync('/var/task/x');"), id="reading"),
        pytest.param(node("if (event.a) fs.writeFileSync('/var/task/x', '');"), id="in a branch"),
        pytest.param(node("if (!event.a) return; fs.writeFileSync('/var/task/x', '');"), id="after an early return"),
        pytest.param(node("try { fs.writeFileSync('/var/task/x', ''); } catch (e) { console.log(e); }"), id="handled"),
        pytest.param(node("event.a && fs.writeFileSync('/var/task/x', '');"), id="only if"),
        pytest.param(node("fs.writeFile('/var/task/x', '', () => {});"), id="an error that is handed over"),
        pytest.param(node("fs.writeFileSync(event.path, '');"), id="a path that is not known"),
        pytest.param(node("return () => fs.writeFileSync('/var/task/x', '');"), id="not called"),
        pytest.param(
            "const fs = require('memfs');\nexports.handler = async () => fs.writeFileSync('/var/task/x', '');\n",
            id="memfs",
        ),
    ],
)
def test_what_javascript_may_write(source: str) -> None:
    found = node_coding.an_image({"index.js": source}).ask(the_check)
    assert found.outcome is Outcome.PASS, found.message
