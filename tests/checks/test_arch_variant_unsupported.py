from __future__ import annotations

import pytest

from tests.factories import function_record, image_config
from tests.launching import DENIED, NO_FUNCTION, NO_TREE, launched
from troubleshooter.checks.spawn.arch_variant_unsupported import arch_variant_unsupported as the_check
from troubleshooter.model import Outcome


@pytest.mark.parametrize(
    ("os", "architecture", "variant", "outcome"),
    [
        ("linux", "amd64", "", Outcome.PASS),
        ("linux", "arm64", "", Outcome.PASS),
        ("linux", "arm64", "v8", Outcome.PASS),
        ("", "amd64", "", Outcome.PASS),
        ("linux", "arm", "v7", Outcome.FAIL),
        ("linux", "386", "", Outcome.FAIL),
        ("linux", "riscv64", "", Outcome.FAIL),
        ("windows", "amd64", "", Outcome.FAIL),
        ("linux", "", "", Outcome.UNKNOWN),
    ],
)
def test_platforms(os: str, architecture: str, variant: str, outcome: Outcome) -> None:
    image = image_config(os=os, architecture=architecture, variant=variant)
    found = launched(NO_TREE, NO_FUNCTION, image).ask(the_check)
    assert found.outcome is outcome
    assert found.evidence[0].value


def test_the_fix_builds_for_the_functions_cpu() -> None:
    found = launched(NO_TREE, function_record(architecture="arm64"), image_config(architecture="arm", variant="v7"))
    verdict = found.ask(the_check)
    assert verdict.remediation
    assert "linux/arm64" in verdict.remediation.commands[0]


def test_an_image_that_cannot_be_read() -> None:
    assert launched(NO_TREE, image=DENIED).ask(the_check).outcome is Outcome.UNKNOWN
