from __future__ import annotations

from typing import Any

import pytest

from tests.coding import analysed
from tests.factories import function_code, function_record, image_config, variable
from tests.launching import Launched, aws_base, custom_base, image_tree, program
from troubleshooter.checks.runtime.image_entrypoint_hides_ric import image_entrypoint_hides_ric as the_check
from troubleshooter.checks.runtime.ric_missing import ric_missing
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.model import Outcome

BINARY = custom_base()["/usr/local/bin/python3.12"]
CONSOLE = "#!/usr/local/bin/python3.12\nfrom uvicorn.main import main\nmain()\n"
RIC = "/usr/local/lib/python3.12/site-packages/awslambdaric/__main__.py"
UVICORN = ("uvicorn", "app:app", "--port", "8080")
SERVES = "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('app:app', port=8080)\n"
PASSES = '#!/bin/sh\nset -e\n# prepares\nexport MODE=web\nexec "$@"\n'
CLIENT = '#!/bin/sh\nexec python -m awslambdaric "$@"\n'


def started(*argv: str, base: Any = None, **files: Any) -> Launched:
    """An image with a runtime client that starts `argv`; files lie in /function, or are absolute."""
    tree: dict[str, Any] = {
        **(custom_base() if base is None else base),
        "/usr/local/bin/uvicorn": program(CONSOLE),
        "/usr/bin/tini": BINARY,
        "/usr/bin/dumb-init": BINARY,
    }
    if base is None:
        tree[RIC] = ""
    tree.update({path if path.startswith("/") else f"/function/{path}": content for path, content in files.items()})
    path = (variable("PATH", "/usr/local/bin:/usr/bin:/bin"),)
    image = image_config(entrypoint=argv, command=None, workdir="/function", environment=path)
    facts: dict[type[Any], Any] = {
        FunctionRecord: function_record(),
        ImageConfig: image,
        ImageTree: image_tree(tree),
        FunctionCode: function_code(),
    }
    return analysed(facts)


@pytest.mark.parametrize(
    ("argv", "files"),
    [
        pytest.param(UVICORN, {}, id="the server itself"),
        pytest.param(("tini", "--", *UVICORN), {}, id="behind tini"),
        pytest.param(("/usr/bin/dumb-init", *UVICORN), {}, id="behind dumb-init"),
        pytest.param(("/entry.sh", *UVICORN), {"/entry.sh": program(PASSES)}, id="an entry script that passes it on"),
        pytest.param(("tini", "--", "/entry.sh", *UVICORN), {"/entry.sh": program(PASSES)}, id="tini and a script"),
        pytest.param(
            ("/entry.sh",),
            {"/entry.sh": program("#!/bin/bash\necho up\nexec uvicorn app:app\n")},
            id="the script's own",
        ),
        pytest.param(("python", "main.py"), {"main.py": SERVES}, id="a script that serves"),
    ],
)
def test_a_server_in_the_clients_place(argv: tuple[str, ...], files: dict[str, Any]) -> None:
    target = started(*argv, **files)
    found = target.ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.remediation
    assert "awslambdaric" in found.remediation.text
    assert target.ask(ric_missing).outcome is not Outcome.FAIL


def test_awss_base_with_another_entrypoint() -> None:
    base = {**aws_base(), "/usr/local/bin/python3.12": BINARY, "/usr/local/bin/python": BINARY}
    found = started(*UVICORN, base=base).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/lambda-entrypoint.sh" in found.remediation.text


@pytest.mark.parametrize(
    ("argv", "files"),
    [
        pytest.param(("tini", "--", "python", "-m", "awslambdaric", "app.handler"), {}, id="tini and the client"),
        pytest.param(
            ("/entry.sh", "app.handler"), {"/entry.sh": program(CLIENT)}, id="a script that ends in the client"
        ),
        pytest.param(
            ("/entry.sh", "python", "-m", "awslambdaric", "app.handler"),
            {"/entry.sh": program(PASSES)},
            id="a script that passes the client on",
        ),
        pytest.param(UVICORN, {"/opt/extensions/lambda-adapter": BINARY}, id="the web adapter"),
    ],
)
def test_what_reaches_a_client(argv: tuple[str, ...], files: dict[str, Any]) -> None:
    assert started(*argv, **files).ask(the_check).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("argv", "files"),
    [
        pytest.param(
            ("/entry.sh", *UVICORN),
            {"/entry.sh": program('#!/bin/sh\nif [ -n "$AWS_LAMBDA_RUNTIME_API" ]; then exec run-it; fi\nexec "$@"\n')},
            id="a script that looks where it runs",
        ),
        pytest.param(
            ("/entry.sh", *UVICORN),
            {"/entry.sh": program('#!/bin/sh\nif [ -n "$RIC" ]; then\n  exec python app.py\nfi\nexec "$@"\n')},
            id="two ways",
        ),
        pytest.param(
            ("python", "main.py"), {"main.py": SERVES + "import awslambdaric\n"}, id="calls the client itself"
        ),
        pytest.param(("/function/server",), {"server": BINARY}, id="a compiled program"),
    ],
)
def test_what_could_not_be_told(argv: tuple[str, ...], files: dict[str, Any]) -> None:
    found = started(*argv, **files).ask(the_check)
    assert found.outcome is Outcome.UNKNOWN
    assert found.unblock


def test_no_client_to_hide() -> None:
    assert started(*UVICORN, base=custom_base()).ask(the_check).outcome is Outcome.NOT_APPLICABLE


WHERE = "import os\ndef on_cloud():\n    return 'AWS_LAMBDA_RUNTIME_API' in os.environ\n"
NODE_RIC = {"node_modules/aws-lambda-ric/index.js": "", "/usr/local/bin/node": BINARY}


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        pytest.param(". /docker/platform.sh", Outcome.UNKNOWN, id="reads another script"),
        pytest.param("source ./platform.sh", Outcome.UNKNOWN, id="source"),
        pytest.param("[ -f x ] && . ./x", Outcome.UNKNOWN, id="reads one that may be there"),
        pytest.param("if [ -f x ]; then . ./x; fi", Outcome.UNKNOWN, id="in a branch"),
        pytest.param("/docker/start-client", Outcome.UNKNOWN, id="starts a program of its own"),
        pytest.param('eval "$BEFORE"', Outcome.UNKNOWN, id="eval"),
        pytest.param("MODE=x ./start-client", Outcome.UNKNOWN, id="starts one with a variable"),
        pytest.param("./start-client & echo up", Outcome.UNKNOWN, id="starts one beside it"),
        pytest.param('if [ -z "$PORT" ]; then PORT=80; else echo "$PORT"; fi', Outcome.FAIL, id="chooses a port"),
        pytest.param("cd /function && mkdir -p /tmp/x", Outcome.FAIL, id="prepares"),
        pytest.param("python manage.py migrate --noinput", Outcome.FAIL, id="migrates"),
    ],
)
def test_what_a_start_script_does_before(line: str, outcome: Outcome) -> None:
    script = program(f'#!/bin/sh\nset -e\n{line}\nexec "$@"\n')
    found = started("/entry.sh", *UVICORN, **{"/entry.sh": script}).ask(the_check)
    assert found.outcome is outcome, found.message


@pytest.mark.parametrize(
    ("main", "outcome"),
    [
        pytest.param("from where import on_cloud\nif on_cloud():\n    serve()\n" + SERVES, Outcome.UNKNOWN, id="asks"),
        pytest.param(
            "import os, uvicorn\nif os.environ.get('CLOUD'):\n    events()\nelse:\n    uvicorn.run('app:app')\n",
            Outcome.UNKNOWN,
            id="one of two ways",
        ),
        pytest.param(
            "import sys, uvicorn\nif len(sys.argv) > 1:\n    sys.exit(events())\nuvicorn.run('app:app')\n",
            Outcome.UNKNOWN,
            id="may leave before",
        ),
        pytest.param("import uvicorn\ndef local():\n    uvicorn.run('app:app')\n", Outcome.UNKNOWN, id="not called"),
        pytest.param(
            "import uvicorn\ndef main():\n    uvicorn.run('app:app')\nif __name__ == '__main__':\n    main()\n",
            Outcome.FAIL,
            id="called",
        ),
        pytest.param("import uvicorn\nif DEBUG:\n    log()\nuvicorn.run('app:app')\n", Outcome.FAIL, id="always"),
    ],
)
def test_a_script_that_may_do_something_else(main: str, outcome: Outcome) -> None:
    asks = {"where.py": WHERE} if "where" in main else {}
    found = started("python", "main.py", **{"main.py": main, **asks}).ask(the_check)
    assert found.outcome is outcome, found.message


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        pytest.param(
            "if (process.env.AWS_LAMBDA_FUNCTION_NAME) {\n  start();\n} else {\n  app.listen(3000);\n}\n",
            Outcome.UNKNOWN,
            id="asks",
        ),
        pytest.param("if (!process.env.CLOUD) app.listen(3000);\n", Outcome.UNKNOWN, id="only if"),
        pytest.param("process.env.CLOUD || app.listen(3000);\n", Outcome.UNKNOWN, id="or"),
        pytest.param("exports.local = () => { app.listen(3000); };\n", Outcome.UNKNOWN, id="exported"),
        pytest.param("function local() { app.listen(3000); }\n", Outcome.UNKNOWN, id="not called"),
        pytest.param("app.listen(3000);\n", Outcome.FAIL, id="always"),
        pytest.param("if (require.main === module) {\n  app.listen(3000);\n}\n", Outcome.FAIL, id="as the program"),
        pytest.param(
            "if (DEBUG) { log(); }\nasync function run() {\n  await db();\n  app.listen(port);\n}\nrun();\n",
            Outcome.FAIL,
            id="called",
        ),
    ],
)
def test_a_javascript_server(script: str, outcome: Outcome) -> None:
    found = started("node", "server.js", **NODE_RIC, **{"server.js": script}).ask(the_check)
    assert found.outcome is outcome, found.message
