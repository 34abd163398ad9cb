from __future__ import annotations

from typing import Any

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import image_config, variable
from tests.launching import NO_TREE, Files, aws_base, launched, program
from tests.native import shared
from troubleshooter.checks.spawn.extension_library_missing import extension_library_missing as the_check
from troubleshooter.facts.tree import Entry
from troubleshooter.model import Outcome

AGENT = "/opt/extensions/agent"
LOADER = "/lib64/ld-linux-x86-64.so.2"


def dynamic(*needed: str, loader: str = LOADER) -> Entry:
    return program(shared(needed=needed, interpreter=loader).head)


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param({AGENT: dynamic(loader="/lib/ld-musl-x86_64.so.1")}, Outcome.FAIL, id="a musl build on glibc"),
        pytest.param({AGENT: dynamic("libgcc_s.so.1", "libc.so.6")}, Outcome.FAIL, id="a library"),
        pytest.param(
            {AGENT: dynamic("libgcc_s.so.1"), "/usr/lib64/libgcc_s.so.1": shared()}, Outcome.PASS, id="it is there"
        ),
        pytest.param(
            {AGENT: dynamic("libx.so"), "/opt/lib/libx.so": shared()}, Outcome.PASS, id="in a folder of its own"
        ),
        pytest.param({AGENT: dynamic("libc.so.6")}, Outcome.PASS, id="the C library alone"),
        pytest.param({AGENT: program(elf("amd64"))}, Outcome.PASS, id="static"),
        pytest.param({AGENT: program("#!/bin/nothing\n")}, Outcome.PASS, id="script: another mode"),
        pytest.param({"/opt/agent": dynamic("libx.so")}, Outcome.NOT_APPLICABLE, id="no extension"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    base: Files = {**aws_base(), **files}
    image = image_config(environment=(variable("LD_LIBRARY_PATH", "/var/lang/lib:/lib64"),))
    assert launched(base, image=image).ask(the_check).outcome is outcome


def test_proof() -> None:
    verdict = launched({**aws_base(), AGENT: dynamic("libgcc_s.so.1")}).ask(the_check)
    assert "libgcc_s.so.1" in verdict.message
    assert verdict.evidence[0].source == f"image {AGENT}"
    assert verdict.remediation is not None


def test_missing_tree() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
