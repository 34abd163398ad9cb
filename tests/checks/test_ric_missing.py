from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, NO_LOGS, a_zip, an_image, analysed
from tests.factories import SOURCE, function_code, function_record, image_config, variable
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, Launched, custom_base, image_tree, launched, program
from tests.native import with_natives
from troubleshooter.analysis.dockerfile.image import image_of_recipe, image_recipe
from troubleshooter.checks.runtime.ric_missing import ric_missing as the_check
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Outcome, Role, Subject
from troubleshooter.redact import Secrets

BINARY = custom_base()["/usr/local/bin/python3.12"]
SITE = "/usr/local/lib/python3.12/site-packages"
CONSOLE = "#!/usr/local/bin/python3.12\nfrom uvicorn.main import main\nmain()\n"
SERVER = "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('app:app', port=8080)\n"
NODE = "const app = require('express')();\napp.listen(process.env.PORT || 8080);\n"
RUNTIME = "import os, urllib.request\nHOST = os.environ['AWS_LAMBDA_RUNTIME_API']\napp.run()\n"
UVICORN = ("uvicorn", "app:app", "--port", "8080")
CLIENT = ("python", "-m", "awslambdaric", "app.handler")


def started(*argv: str, **files: Any) -> Launched:
    """An image of a distribution's Python and Node that starts `argv`; files lie in /function, or are absolute."""
    tree: dict[str, Any] = {
        **custom_base(),
        "/usr/local/bin/uvicorn": program(CONSOLE),
        "/usr/local/bin/node": BINARY,
        "/usr/local/bin/npm": program("#!/usr/bin/env node\n"),
        "/usr/bin/tini": BINARY,
        "/usr/bin/env": BINARY,
    }
    tree.update({path if path.startswith("/") else f"/function/{path}": content for path, content in files.items()})
    path = (variable("PATH", "/usr/local/bin:/usr/bin:/bin"),)
    image = image_config(entrypoint=None, command=argv, workdir="/function", environment=path)
    return with_natives(
        analysed(
            {
                FunctionRecord: function_record(),
                ImageConfig: image,
                ImageTree: image_tree(tree),
                FunctionCode: function_code(),
                Timeline: NO_LOGS,
            }
        )
    )


@pytest.mark.parametrize(
    ("argv", "files", "outcome"),
    [
        pytest.param(UVICORN, {}, Outcome.FAIL, id="uvicorn"),
        pytest.param(("/usr/local/bin/uvicorn", "app:app"), {}, Outcome.FAIL, id="by its path"),
        pytest.param(("tini", "--", *UVICORN), {}, Outcome.FAIL, id="behind tini"),
        pytest.param(("/bin/sh", "-c", "exec uvicorn app:app --port ${PORT:-8080}"), {}, Outcome.FAIL, id="shell form"),
        pytest.param(("python", "-m", "uvicorn", "app:app"), {}, Outcome.FAIL, id="as a module"),
        pytest.param(("python", "main.py"), {"main.py": SERVER}, Outcome.FAIL, id="a script that serves"),
        pytest.param(("node", "server.js"), {"server.js": NODE}, Outcome.FAIL, id="express"),
        pytest.param(
            ("npm", "start"),
            {"package.json": '{"scripts": {"start": "node server.js"}}', "server.js": NODE},
            Outcome.FAIL,
            id="npm start",
        ),
        pytest.param(("python", "main.py"), {"main.py": "print('done')\n"}, Outcome.UNKNOWN, id="a script that ends"),
        pytest.param(("python", "main.py"), {"main.py": RUNTIME}, Outcome.UNKNOWN, id="a client of its own"),
        pytest.param(("/function/serve",), {"serve": program(b"\x7fELF" + b"\0" * 60)}, Outcome.NOT_APPLICABLE, id="broken"),
        pytest.param(("/usr/local/bin/serve",), {"/usr/local/bin/serve": BINARY}, Outcome.NOT_APPLICABLE, id="a binary of that name"),
        pytest.param(("/bin/sh", "-c", "setup && uvicorn app:app"), {}, Outcome.UNKNOWN, id="more than one command"),
        pytest.param(UVICORN, {"/opt/extensions/lambda-adapter": program(b"\x7fELF")}, Outcome.PASS, id="web adapter"),
        pytest.param(UVICORN, {"/opt/extensions/other": program(b"\x7fELF")}, Outcome.UNKNOWN, id="an extension"),
        pytest.param(UVICORN, {f"{SITE}/awslambdaric/__init__.py": ""}, Outcome.UNKNOWN, id="a client is there"),
        pytest.param(CLIENT, {f"{SITE}/awslambdaric/__init__.py": ""}, Outcome.PASS, id="the client"),
    ],
)  # fmt: skip
def test_outcome(argv: tuple[str, ...], files: dict[str, Any], outcome: Outcome) -> None:
    assert started(*argv, **files).ask(the_check).outcome is outcome


def test_aws_base_has_its_client() -> None:
    assert an_image({"app.py": HANDLER}).ask(the_check).outcome is Outcome.PASS


def test_a_zip_has_no_launch() -> None:
    assert a_zip({"app.py": HANDLER}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_a_launch_that_fails_is_another_mode() -> None:
    assert started("/nothing/uvicorn").ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_proof_and_fix() -> None:
    verdict = started("node", "server.js", **{"server.js": NODE}).ask(the_check)
    assert "server.js" in verdict.message
    assert any(e.source == "image /function/server.js" for e in verdict.evidence)
    assert verdict.remediation is not None
    assert "Web Adapter" in verdict.remediation.text
    assert "aws-lambda-ric" in verdict.remediation.text


def test_the_client_is_not_installed() -> None:
    found = started(*CLIENT, **{"app.py": HANDLER}).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.remediation
    assert "awslambdaric" in found.remediation.text
    for place in (SITE, "/function"):
        there = started(*CLIENT, **{"app.py": HANDLER, f"{place}/awslambdaric/__init__.py": ""})
        assert there.ask(the_check).outcome is Outcome.PASS
    linked = started(*CLIENT, **{f"{SITE}/own.pth": "import os\n"})
    assert linked.ask(the_check).outcome is Outcome.UNKNOWN


def test_an_interpreter_that_is_not_found_searches_nothing() -> None:
    for name, outcome in (("python3.12", Outcome.FAIL), ("python3.9", Outcome.UNKNOWN)):
        script = {"/start.sh": program(f'#!/bin/sh\nexec {name} -m awslambdaric "$@"\n')}
        assert started("/start.sh", **script, **{"/bin/sh": BINARY}).ask(the_check).outcome is outcome


OFFICIAL = '#!/bin/sh\nset -e\nif [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then\n  set -- node "$@"\nfi\nexec "$@"\n'


def test_nodes_own_entrypoint_takes_a_handler_for_a_file() -> None:
    image = {"entrypoint": ("docker-entrypoint.sh",), "command": ("index.handler",), "workdir": "/function"}
    path = (variable("PATH", "/usr/local/bin:/usr/bin:/bin"),)
    tree = {**custom_base(), "/usr/local/bin/docker-entrypoint.sh": program(OFFICIAL), "/usr/local/bin/node": BINARY}
    for more, outcome in (
        ({}, Outcome.FAIL),
        ({"/function/index.handler.js": "x"}, Outcome.UNKNOWN),
        ({"/usr/local/bin/docker-entrypoint.sh": program('#!/bin/sh\nexec /lambda "$@"\n')}, Outcome.UNKNOWN),
    ):
        facts = {
            FunctionRecord: function_record(),
            ImageConfig: image_config(**image, environment=path),
            ImageTree: image_tree({**tree, **more}),
            FunctionCode: function_code(),
            Timeline: NO_LOGS,
        }
        found = with_natives(analysed(facts)).ask(the_check)
        assert found.outcome is outcome
        assert outcome is Outcome.UNKNOWN or "runs `node index.handler`" in found.message


@pytest.mark.parametrize(
    ("dockerfile", "outcome"),
    [
        pytest.param('FROM node:20-slim\nCMD ["index.handler"]\n', Outcome.FAIL, id="nothing starts a client"),
        pytest.param('FROM node:20-slim\nCMD ["server.js"]\n', Outcome.UNKNOWN, id="a program of its own"),
        pytest.param(
            'FROM node:20-slim\nRUN npm i aws-lambda-ric\nCMD ["index.handler"]\n',
            Outcome.UNKNOWN,
            id="it has a client",
        ),
        pytest.param('FROM company/node:20\nCMD ["index.handler"]\n', Outcome.UNKNOWN, id="a base that is not known"),
    ],
)
def test_a_dockerfile_on_node_without_a_client(dockerfile: str, outcome: Outcome) -> None:
    manifests = SourceManifests(reading=SOURCE, root="/p", files={"Dockerfile": dockerfile})
    recipe = image_recipe(manifests, DENIED, Secrets(b"salt"), Subject(Role.PROPOSED))
    assert isinstance(recipe, ImageRecipe)
    image = image_of_recipe(recipe, DENIED, NO_FUNCTION, DENIED)
    found = launched(NO_TREE, NO_FUNCTION, image, recipe=recipe).ask(the_check)
    assert (found.outcome is Outcome.FAIL) == (outcome is Outcome.FAIL)
