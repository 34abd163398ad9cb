from __future__ import annotations

from typing import Any

from tests.analysis.elf_bytes import elf
from tests.factories import function_record, tree
from tests.launching import NO_FUNCTION, Files, aws_base, launched, program
from troubleshooter.checks.spawn.zip_missing_bootstrap import zip_missing_bootstrap as the_check
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.model import Origin, Outcome, Rung, Verdict

NOTHING = Unavailable(Reason.NOT_OF_THIS_KIND, "a zip has none")
ZIP = Reading("package", Origin.PACKAGE)


def ask(files: Files, kind: str = "zip", **changes: Any) -> Verdict:
    function = function_record(**{"package_type": "Zip", "runtime": "provided.al2023", **changes})
    code = CodeTree(reading=ZIP, tree=tree(files), root="/var/task", kind=kind)
    return the_check(function, code, NOTHING, NOTHING, NOTHING)


def test_a_program_under_its_own_name() -> None:
    found = ask({"/var/task/main": program(elf("amd64"))})
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/var/task/main" in found.remediation.text


def test_a_bootstrap_one_folder_too_deep() -> None:
    found = ask({"/var/task/bin/bootstrap": program("#!/bin/sh\n")})
    assert found.outcome is Outcome.FAIL
    assert found.remediation
    assert "/var/task/bin/bootstrap" in found.remediation.text


def test_at_the_root() -> None:
    assert ask({"/var/task/bootstrap": program("#!/bin/sh\n", 0o644)}).outcome is Outcome.PASS


def test_a_layer_may_bring_it() -> None:
    found = ask({"/var/task/app.php": ""}, layers=("arn:aws:lambda:eu-west-1:1:layer:php:1",))
    assert found.outcome is Outcome.UNKNOWN


def test_managed_runtimes_and_source_folders() -> None:
    assert ask({"/var/task/app.py": ""}, runtime="python3.12").outcome is Outcome.NOT_APPLICABLE
    assert ask({"/var/task/main.go": ""}, kind="source").outcome is Outcome.NOT_APPLICABLE


def test_an_os_only_base_without_a_bootstrap() -> None:
    files = aws_base()
    del files["/var/runtime/bootstrap"]
    target = launched(files)
    code = CodeTree(reading=ZIP, tree=tree(files), root="/var/task", kind="image")
    found = launched(files, code_tree=code).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert found.rung is Rung.RUNTIME
    assert target


def test_an_image_with_its_bootstrap() -> None:
    files = aws_base()
    code = CodeTree(reading=ZIP, tree=tree(files), root="/var/task", kind="image")
    assert launched(files, NO_FUNCTION, code_tree=code).ask(the_check).outcome is Outcome.NOT_APPLICABLE
