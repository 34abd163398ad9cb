from __future__ import annotations

import pytest

from tests import node_coding
from tests.coding import a_source, a_zip, an_image
from tests.factories import function_record
from tests.launching import link
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


LAST = "(CACHE / 'last.json').write_text('{}')"
OWN_MANAGER = (
    "import contextlib\n@contextlib.contextmanager\ndef quietly(*errors):\n"
    "    try:\n        yield\n    except errors:\n        pass\n"
)
STORES = "class Disk:\n    def save(self):\n        open('/var/task/x', 'w')\nclass Bucket:\n    def {0}(self):\n        pass\n"


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        pytest.param("/tmp", Outcome.PASS, id="to /tmp"),
        pytest.param("../../tmp/app", Outcome.PASS, id="to a folder below it, relative, made at run time"),
        pytest.param("/mnt/efs", Outcome.PASS, id="to a mount"),
        pytest.param("data", Outcome.FAIL, id="to a folder of the image"),
    ],
)
def test_a_link_is_where_it_leads(target: str, outcome: Outcome) -> None:
    source = body(LAST, before="CACHE = Path('/var/task/cache')\n")
    files = {"app.py": source, "cache": link(target), "data/x": ""}
    assert an_image(files).ask(the_check).outcome is outcome
    script = {"index.js": node("fs.writeFileSync('/var/task/cache/x', '');"), "cache": link(target), "data/x": ""}
    assert node_coding.an_image(script).ask(the_check).outcome is outcome


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        pytest.param("/dev/stdout", Outcome.PASS, id="to a device"),
        pytest.param("/proc/self/fd/1", Outcome.PASS, id="to a descriptor"),
        pytest.param("/nowhere/app.log", Outcome.PASS, id="to nothing, which fails for another reason"),
        pytest.param("other.log", Outcome.FAIL, id="to another file of the image"),
    ],
)
def test_a_file_that_is_a_link(target: str, outcome: Outcome) -> None:
    files = {"app.py": body("open('/var/task/app.log', 'a')"), "app.log": link(target), "other.log": ""}
    assert an_image(files).ask(the_check).outcome is outcome


def test_a_dockerfile_that_makes_links_leaves_a_source_folder_open() -> None:
    function = function_record(package_type="Zip", runtime="python3.12", handler="app.handler")
    linked = {"app.py": WRITES, "Dockerfile": "FROM x\nRUN ln -s /tmp/state.json /var/task/state.json\n"}
    assert a_source(linked, function).ask(the_check).outcome is not Outcome.FAIL
    assert a_source({**linked, "Dockerfile": "FROM x\n"}, function).ask(the_check).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("helper", "line", "outcome"),
    [
        pytest.param("import os\nos.chdir('/tmp')\n", "open('out.csv', 'w')", Outcome.PASS, id="changes the folder"),
        pytest.param("import os\nos.chdir('/tmp')\n", "open('/var/task/out.csv', 'w')", Outcome.FAIL, id="absolute"),
        pytest.param("import os\nos.getcwd()\n", "open('out.csv', 'w')", Outcome.FAIL, id="does not"),
        pytest.param("import builtins\nbuiltins.open = print\n", "open('/var/task/x', 'w')", Outcome.PASS, id="open"),
        pytest.param(
            "from unittest import mock\nmock.patch('builtins.open').start()\n",
            "open('/var/task/x', 'w')",
            Outcome.PASS,
            id="mocked",
        ),
        pytest.param("import app\napp.NAME = '/tmp/x'\n", "open(NAME, 'w')", Outcome.PASS, id="sets the constant"),
        pytest.param("NAME = '/tmp/x'\n", "open(NAME, 'w')", Outcome.FAIL, id="has one of its own"),
        pytest.param("import app\napp.save = print\n", "save()", Outcome.PASS, id="replaces the function"),
        pytest.param("", "save()", Outcome.FAIL, id="leaves the function"),
        pytest.param("import importlib\nimportlib.import_module(X)\n", "save()", Outcome.PASS, id="loads anything"),
    ],
)
def test_what_another_module_does(helper: str, line: str, outcome: Outcome) -> None:
    before = "import helper\nNAME = '/var/task/x'\ndef save():\n    open(NAME, 'w')\n"
    found = an_image({"app.py": body(line, before=before), "helper.py": helper}).ask(the_check)
    assert found.outcome is outcome, found.message


@pytest.mark.parametrize(
    ("lines", "before", "outcome"),
    [
        pytest.param(
            ["with quietly(OSError):", "    open('/var/task/x', 'w')"], OWN_MANAGER, Outcome.PASS, id="an own manager"
        ),
        pytest.param(
            ["with tracer.span('x'):", "    open('/var/task/x', 'w')"], "import tracer\n", Outcome.PASS, id="unknown"
        ),
        pytest.param(
            ["with LOCK:", "    open('/var/task/x', 'w')"],
            "import threading\nLOCK = threading.Lock()\n",
            Outcome.FAIL,
            id="a lock",
        ),
        pytest.param(
            ["with quietly(OSError), open('/var/task/x', 'w'):", "    pass"], OWN_MANAGER, Outcome.PASS, id="beside it"
        ),
        pytest.param(
            ["with open('/var/task/x', 'w'), quietly(OSError):", "    pass"], OWN_MANAGER, Outcome.FAIL, id="before it"
        ),
        pytest.param(
            ["try:", "    open('/var/task/x', 'w')", "except ERRORS:", "    pass"],
            "ERRORS = (OSError, KeyError)\n",
            Outcome.PASS,
            id="errors by a name",
        ),
        pytest.param(
            ["try:", "    open('/var/task/x', 'w')", "except os.error:", "    pass"], "", Outcome.PASS, id="os.error"
        ),
        pytest.param(
            ["try:", "    open('/var/task/x', 'w')", "except ClientError:", "    pass"],
            "from botocore.exceptions import ClientError\n",
            Outcome.FAIL,
            id="an error of a library",
        ),
        pytest.param(
            ["try:", "    open('/var/task/x', 'w')", "finally:", "    return 1"], "", Outcome.PASS, id="finally returns"
        ),
        pytest.param(
            ["save()"],
            "try:\n    from fast import save\nexcept ImportError:\n    def save():\n        open('/var/task/x', 'w')\n",
            Outcome.PASS,
            id="one of two functions",
        ),
        pytest.param(
            ["store.save()"],
            STORES.format("save") + "store = Disk() if os.name else Bucket()\n",
            Outcome.PASS,
            id="either",
        ),
        pytest.param(
            ["store.save()"],
            STORES.format("save") + "store = Disk()\nif os.environ.get('B'):\n    store = Bucket()\n",
            Outcome.PASS,
            id="set again",
        ),
        pytest.param(["store.save()"], STORES.format("load") + "store = Disk()\n", Outcome.FAIL, id="the one store"),
        pytest.param(
            ["open(NAME, 'w')"], "NAME = '/var/task/x'\nNAME += '.tmp'\n", Outcome.PASS, id="a constant that goes on"
        ),
    ],
)
def test_what_stands_around_it(lines: list[str], before: str, outcome: Outcome) -> None:
    found = an_image({"app.py": body(*lines, before=before)}).ask(the_check)
    assert found.outcome is outcome, found.message


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        pytest.param("const fs = require('fs');\nfs.writeFileSync = () => {};\n", Outcome.PASS, id="assigned"),
        pytest.param("require('mock-fs')({});\n", Outcome.PASS, id="mocked"),
        pytest.param("Object.assign(fs, { writeFileSync: () => {} });\n", Outcome.PASS, id="assigned over"),
        pytest.param("if (fs.writeFileSync === x) y();\n", Outcome.FAIL, id="compared"),
    ],
)
def test_what_another_file_replaces(other: str, outcome: Outcome) -> None:
    files = {"index.js": node("fs.writeFileSync('/var/task/x', '');"), "lib/setup.js": other}
    found = node_coding.an_image(files).ask(the_check)
    assert found.outcome is outcome, found.message
