from __future__ import annotations

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import AT, function_record, tree
from tests.launching import LOADERS, Launched, launched, program
from troubleshooter.checks.spawn.arch_image_function_mismatch import arch_image_function_mismatch
from troubleshooter.checks.spawn.entrypoint_crlf import entrypoint_crlf
from troubleshooter.checks.spawn.entrypoint_missing_file import entrypoint_missing_file
from troubleshooter.checks.spawn.entrypoint_no_shebang_or_bom import entrypoint_no_shebang_or_bom
from troubleshooter.checks.spawn.entrypoint_not_executable import entrypoint_not_executable
from troubleshooter.facts import Reading, Reason, Unavailable
from troubleshooter.facts.image import PackageCode
from troubleshooter.facts.launch import SpawnResult
from troubleshooter.facts.tree import Entry
from troubleshooter.model import Origin, Outcome

NO_IMAGE = Unavailable(Reason.NOT_OF_THIS_KIND, "the function is deployed from a zip package")
PACKAGE = Reading("lambda:GetFunction Code.Location", Origin.PACKAGE, AT)


def packed(bootstrap: Entry | None, runtime: str = "provided.al2023", architecture: str = "x86_64") -> Launched:
    files: dict[str, str | bytes | Entry] = {"/var/task/README": "x"}
    if bootstrap is not None:
        files["/var/task/bootstrap"] = bootstrap
    function = function_record(package_type="Zip", runtime=runtime, architecture=architecture)
    code = PackageCode(reading=PACKAGE, tree=tree(files), root="/var/task", kind="zip")
    return launched(NO_IMAGE, function, NO_IMAGE, code=None, package=code)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        pytest.param(elf(), "ok", id="static program"),
        pytest.param(elf(interpreter=LOADERS["amd64"]), "ok", id="linked with glibc"),
        pytest.param(elf(interpreter="/lib/ld-musl-x86_64.so.1"), "missing", id="linked with musl"),
        pytest.param("#!/bin/sh\n./server\n", "ok", id="script"),
        pytest.param("#!/usr/bin/env bash\n./server\n", "ok", id="script through env"),
        pytest.param("#!/bin/sh\r\n./server\r\n", "crlf", id="carriage return"),
        pytest.param("./server\n", "no_shebang", id="no first line"),
        pytest.param(elf("arm64"), "machine", id="another CPU"),
    ],
)
def test_the_packages_bootstrap(content: str | bytes, cause: str) -> None:
    made = packed(program(content)).get(SpawnResult)
    assert made.cause == cause
    assert {e.origin for e in made.evidence} == {Origin.PACKAGE}
    assert made.evidence[0].source == "package /var/task/bootstrap"


def test_a_program_for_another_cpu_is_proven_on_the_package() -> None:
    returned = packed(program(elf("arm64"))).ask(arch_image_function_mismatch)
    assert returned.outcome is Outcome.FAIL
    assert "the function runs on x86_64, the package's /var/task/bootstrap is for arm64" in returned.message
    assert {e.origin for e in returned.evidence} == {Origin.RECORD, Origin.PACKAGE}
    assert returned.remediation
    assert "--target x86_64-unknown-linux-musl" in returned.remediation.text
    assert packed(program(elf())).ask(arch_image_function_mismatch).outcome is Outcome.PASS
    assert packed(program("#!/bin/sh\n./server\n")).ask(arch_image_function_mismatch).outcome is not Outcome.FAIL
    assert packed(None).ask(arch_image_function_mismatch).outcome is Outcome.NOT_APPLICABLE


def test_its_own_cpu() -> None:
    assert packed(program(elf("arm64", LOADERS["arm64"])), architecture="arm64").get(SpawnResult).cause == "ok"


@pytest.mark.parametrize("line", ["#!/usr/bin/python3\n", "#!/usr/bin/env ruby\n"])
def test_what_else_the_system_has_is_not_known(line: str) -> None:
    made = packed(program(line)).get(SpawnResult)
    assert isinstance(made, Unavailable)
    assert made.reason is Reason.UNSUPPORTED


def test_other_packages_have_no_start_of_their_own() -> None:
    for target in (packed(None), packed(program(elf()), runtime="python3.12")):
        made = target.get(SpawnResult)
        assert isinstance(made, Unavailable)
        assert made.reason is Reason.NOT_OF_THIS_KIND


def test_the_checks_take_it_as_it_is() -> None:
    returned = packed(program("#!/bin/sh\r\n")).ask(entrypoint_crlf)
    assert returned.outcome is Outcome.FAIL
    assert returned.remediation
    assert returned.remediation.commands == ()
    assert "before the package is zipped" in returned.remediation.text
    assert packed(program("#!/bin/sh\n", 0o644)).ask(entrypoint_not_executable).outcome is Outcome.FAIL
    assert packed(program("./server\n")).ask(entrypoint_no_shebang_or_bom).outcome is Outcome.FAIL
    assert packed(program(elf())).ask(entrypoint_crlf).outcome is Outcome.PASS
    assert packed(program(elf())).ask(entrypoint_missing_file).outcome is Outcome.NOT_APPLICABLE


def test_the_files_of_a_package_are_mended_where_it_is_zipped() -> None:
    returned = packed(program("#!/bin/sh\r\n")).ask(entrypoint_crlf)
    assert returned.remediation
    assert "`sed -i 's/\\r$//' bootstrap`" in returned.remediation.text
    assert returned.remediation.verify.startswith("`head -1 bootstrap | od -c`")
