from __future__ import annotations

from typing import Any

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import function_record, image_config
from tests.launching import NO_FUNCTION, NO_TREE, aws_base, folder, launched, link, program
from tests.native import MACHO
from troubleshooter.checks.spawn.extension_arch_mismatch import extension_arch_mismatch as the_check
from troubleshooter.model import Outcome

AGENT = "/opt/extensions/agent"


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param({AGENT: program(elf("arm64"))}, Outcome.FAIL, id="arm64"),
        pytest.param({AGENT: program(MACHO)}, Outcome.FAIL, id="macOS"),
        pytest.param({AGENT: program(elf("amd64"))}, Outcome.PASS, id="the function's"),
        pytest.param({AGENT: program("#!/bin/sh\nexec /opt/agent\n")}, Outcome.PASS, id="script"),
        pytest.param({AGENT: program(b"\x7fELF")}, Outcome.PASS, id="cut short"),
        pytest.param({AGENT: program(elf("arm64"), 0o644)}, Outcome.NOT_APPLICABLE, id="not executable: another mode"),
        pytest.param({"/opt/extensions/data/agent": program(elf("arm64"))}, Outcome.NOT_APPLICABLE, id="deeper"),
        pytest.param({"/opt/agent": program(elf("arm64"))}, Outcome.NOT_APPLICABLE, id="not in the folder"),
        pytest.param(
            {AGENT: link("/opt/agent"), "/opt/agent": program(elf("arm64"))}, Outcome.NOT_APPLICABLE, id="a link"
        ),
        pytest.param({"/opt/extensions": folder()}, Outcome.NOT_APPLICABLE, id="none"),
    ],
)
def test_outcome(files: dict[str, Any], outcome: Outcome) -> None:
    assert launched({**aws_base(), **files}).ask(the_check).outcome is outcome


def test_the_functions_cpu_counts_then_the_images() -> None:
    files = {**aws_base("arm64"), AGENT: program(elf("amd64"))}
    image, function = image_config(architecture="arm64"), function_record(architecture="arm64")
    verdict = launched(files, function, image).ask(the_check)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[0].source == f"image {AGENT}"
    assert "amd64" in verdict.message
    assert verdict.remediation is not None
    assert "linux/arm64" in verdict.remediation.commands[0]
    assert launched(files, NO_FUNCTION, image).ask(the_check).outcome is Outcome.FAIL
    assert launched(files, function_record(), image).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_missing_tree() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN
