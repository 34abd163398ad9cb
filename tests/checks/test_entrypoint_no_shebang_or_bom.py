from __future__ import annotations

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import SOURCE
from tests.launching import NO_TREE, aws_base, custom_base, launched, program, script_config
from troubleshooter.checks.spawn.entrypoint_no_shebang_or_bom import entrypoint_no_shebang_or_bom as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import EntryScript
from troubleshooter.model import Outcome, Verdict


def verdict(content: str | bytes) -> Verdict:
    return launched({**custom_base(), "/entry.sh": program(content)}, image=script_config()).ask(the_check)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("exec python\n", id="no first line"),
        pytest.param("\n#!/bin/sh\n", id="blank line before"),
        pytest.param(" #!/bin/sh\n", id="space before"),
        pytest.param(b"\xef\xbb\xbf#!/bin/sh\n", id="byte order mark"),
        pytest.param("#!/bin/sh\n".encode("utf-16"), id="UTF-16"),
        pytest.param("", id="empty"),
        pytest.param("#!\n/bin/sh\n", id="no interpreter"),
        pytest.param("#!/" + "x" * 300 + "\n", id="too long for the kernel"),
        pytest.param(elf()[:40], id="cut ELF file"),
    ],
)
def test_what_no_kernel_takes(content: str | bytes) -> None:
    found = verdict(content)
    assert found.outcome is Outcome.FAIL
    assert found.message.isprintable()
    assert found.evidence[-1].source == "image /entry.sh"
    assert found.remediation


def test_what_a_kernel_takes() -> None:
    assert verdict("#!/bin/sh\n").outcome is Outcome.PASS
    assert verdict("#! /bin/sh -e").outcome is Outcome.PASS
    assert verdict(elf()).outcome is Outcome.PASS


def test_another_cpu_gives_the_same_error_and_is_another_mode() -> None:
    assert verdict(elf("arm64")).outcome is Outcome.NOT_APPLICABLE


def test_a_shell_runs_a_bootstrap_without_a_first_line() -> None:
    files = {**aws_base(), "/var/runtime/bootstrap": program("exec /var/lang/bin/python3.12\n")}
    assert launched(files).ask(the_check).outcome is Outcome.PASS


def test_without_layers_nothing_is_known() -> None:
    assert launched(NO_TREE).ask(the_check).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("origin", "first_line", "rewritten", "outcome"),
    [
        pytest.param("bin/entry.sh", "exec python -m awslambdaric", False, Outcome.FAIL, id="no first line"),
        pytest.param("bin/entry.sh", "", False, Outcome.FAIL, id="empty"),
        pytest.param("bin/entry.sh", "#!/bin/sh", False, Outcome.NOT_APPLICABLE, id="fine"),
        pytest.param("bin/entry.sh", "exec python", True, Outcome.NOT_APPLICABLE, id="a step of the build may add it"),
        pytest.param("bin/main", "\x7fELF", False, Outcome.NOT_APPLICABLE, id="a program"),
    ],
)
def test_the_file_of_the_source_folder_where_no_image_was_built(
    origin: str, first_line: str, rewritten: bool, outcome: Outcome
) -> None:
    script = EntryScript(
        reading=SOURCE,
        path="/entry.sh",
        origin=origin,
        copied_at="Dockerfile:3",
        mode=0o755,
        first_line=first_line,
        mode_set=True,
        rewritten=rewritten,
    )
    gone = Unavailable(Reason.NOT_GIVEN, "no image was given")
    found = the_check(gone, gone, gone, gone, gone, script)
    assert found.outcome is outcome
    if outcome is Outcome.FAIL:
        assert [e.source for e in found.evidence] == ["bin/entry.sh:1", "Dockerfile:3"]
