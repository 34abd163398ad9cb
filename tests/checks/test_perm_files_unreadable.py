from __future__ import annotations

from typing import Any

import pytest

from tests.coding import HANDLER, SITE, a_source, a_zip, an_image, logged
from tests.launching import Launched, folder, program
from tests.node_coding import an_image as a_node_image
from troubleshooter.checks.handler.perm_files_unreadable import perm_files_unreadable as the_check
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Outcome


def text(content: str, mode: int, uid: int = 0, gid: int = 0) -> Entry:
    raw = content.encode()
    return Entry(Kind.FILE, mode, size=len(raw), head=raw, layer=0, uid=uid, gid=gid)


PART = "from helper import part\n" + HANDLER
IMPORTS = "import helper\n" + HANDLER


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param({"app.py": text(HANDLER, 0o660)}, Outcome.FAIL, id="handler for owner and group"),
        pytest.param({"app.py": text(HANDLER, 0o600)}, Outcome.FAIL, id="handler for its owner"),
        pytest.param({"app.py": HANDLER, "/var/task": folder(0o750)}, Outcome.FAIL, id="closed folder"),
        pytest.param({"app.py": IMPORTS, "helper.py": text("", 0o640)}, Outcome.FAIL, id="a module it imports"),
        pytest.param(
            {"app.py": PART, "helper/__init__.py": "", "/var/task/helper": folder(0o700)},
            Outcome.FAIL,
            id="a package it imports",
        ),
        pytest.param(
            {"app.py": PART, f"{SITE}/helper/__init__.py": "", f"{SITE}/helper": folder(0o700)},
            Outcome.FAIL,
            id="an installed package",
        ),
        pytest.param({"app.py": HANDLER}, Outcome.PASS, id="open"),
        pytest.param({"app.py": text(HANDLER, 0o604)}, Outcome.PASS, id="others may read"),
        pytest.param({"app.py": text(HANDLER, 0o644, uid=1000, gid=1000)}, Outcome.PASS, id="owned by a build user"),
        pytest.param({"app.py": HANDLER, "secret.py": text("", 0o600)}, Outcome.PASS, id="closed, not imported"),
        pytest.param({"app.py": HANDLER, "/var/task": folder(0o711)}, Outcome.PASS, id="folder searchable alone"),
        pytest.param(
            {"app.py": "try:\n    import helper\nexcept ImportError:\n    pass\n" + HANDLER,
             f"{SITE}/helper/__init__.py": "", f"{SITE}/helper": folder(0o700)},
            Outcome.PASS,
            id="optional",
        ),
        pytest.param({"app.py": HANDLER, "/root/x.py": "", "/root": folder(0o700)}, Outcome.PASS, id="root's home"),
    ],
)  # fmt: skip
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert an_image(files).ask(the_check).outcome is outcome


def test_proof_names_path_and_mode() -> None:
    said = logged("[Errno 13] Permission denied: '/var/task/app.py'")
    verdict = an_image({"app.py": text(HANDLER, 0o660, uid=1000)}, timeline=said).ask(the_check)
    assert "0660" in verdict.message
    assert verdict.evidence[0].source == "image /var/task/app.py"
    assert "1000" in verdict.evidence[0].value
    assert any("Errno 13" in e.value for e in verdict.evidence)
    assert verdict.remediation is not None
    assert "chmod -R o+rX /var/task/app.py" in verdict.remediation.text


def test_node() -> None:
    handler = "exports.handler = async () => 1;\n"
    closed: Launched = a_node_image({"index.js": text(handler, 0o640)})
    assert closed.ask(the_check).outcome is Outcome.FAIL
    helper = {"index.js": "require('./lib');\n" + handler, "lib.js": text("", 0o600)}
    assert a_node_image(helper).ask(the_check).outcome is Outcome.FAIL
    assert a_node_image({**helper, "lib.js": text("", 0o644)}).ask(the_check).outcome is Outcome.PASS


def test_modes_of_a_zip_count_where_it_has_any() -> None:
    assert a_zip({"app.py": text(HANDLER, 0o600)}).ask(the_check).outcome is Outcome.FAIL
    assert a_zip({"app.py": text(HANDLER, 0)}).ask(the_check).outcome is Outcome.PASS


def test_a_source_folder_has_no_modes_yet() -> None:
    assert a_source({"app.py": program(HANDLER, 0o600)}).ask(the_check).outcome is Outcome.NOT_APPLICABLE
