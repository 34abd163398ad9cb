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
