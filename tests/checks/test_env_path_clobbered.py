from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.factories import function_record, image_config, variable
from tests.lab.elf import elf
from tests.launching import LOADERS, Files, Launched, aws_base, custom_base, launched, link, program
from troubleshooter.analysis.spawn import launch, launch_search
from troubleshooter.analysis.spawn import outcome as spawn
from troubleshooter.analysis.spawn import zip_package as spawn_zip
from troubleshooter.checks.runtime.env_path_clobbered import env_path_clobbered as the_check
from troubleshooter.facts import Store, providers_in
from troubleshooter.facts.function import EnvironmentVariable, FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.model import Outcome, Rung

GOOD = "/usr/local/bin:/usr/bin:/bin"
VENV = "/opt/venv/bin"
LIBRARIES = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime"


def searched(files: Files, own: tuple[EnvironmentVariable, ...] = (), **config: Any) -> Launched:
    image = image_config(**config)
    base = launched(files, function_record(environment=own), image)
    kept = [base.get(kind) for kind in (FunctionRecord, ImageConfig, ImageTree, FunctionCode)]
    return Launched(Store(providers_in([launch, spawn, spawn_zip, launch_search]), kept))


def env(**values: str) -> tuple[EnvironmentVariable, ...]:
    return tuple(variable(name, value) for name, value in values.items())


def linked_base() -> Files:
    """An AWS base whose interpreter needs a library of /var/lang/lib."""
    return {
        **aws_base(),
        "/var/lang/bin/python3.12": program(elf(interpreter=LOADERS["amd64"], needed=["libpython3.12.so.1.0"])),
        "/var/lang/lib/libpython3.12.so.1.0": program(elf(shared=True), 0o644),
    }


@pytest.mark.parametrize(
    ("entrypoint", "files", "rung"),
    [
        pytest.param(("python", "-m", "awslambdaric"), {}, Rung.SPAWN, id="a bare name"),
        pytest.param(("/entry",), {"/entry": program("#!/usr/bin/env python3\n")}, Rung.RUNTIME, id="env"),
        pytest.param(
            ("/entry.sh",),
            {"/entry.sh": program('#!/bin/sh\nexec python -m awslambdaric "$@"\n')},
            Rung.RUNTIME,
            id="script",
        ),
    ],
)
def test_path_without_the_bases_folders(entrypoint: tuple[str, ...], files: Files, rung: Rung) -> None:
    settings: dict[str, Any] = {"entrypoint": entrypoint, "workdir": "/function"}
    tree = {**custom_base(), **files}
    found = searched(tree, environment=env(PATH=VENV), **settings).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung is rung
    assert "/usr/local/bin/python" in found.message
    assert found.remediation
    assert f"ENV PATH={VENV}:/usr/local/bin" in found.remediation.text
    assert searched(tree, environment=env(PATH=GOOD), **settings).ask(the_check).outcome is Outcome.PASS


def test_the_functions_own_path() -> None:
    settings: dict[str, Any] = {"entrypoint": ("python", "-m", "awslambdaric"), "environment": env(PATH=GOOD)}
    found = searched(custom_base(), env(PATH=VENV), **settings).ask(the_check)
    assert found.outcome is Outcome.FAIL
    assert "of the function" in found.message
    assert found.remediation
    show = shlex.split(found.remediation.commands[0])
    assert show[:3] == ["aws", "lambda", "get-function-configuration"]
    assert show[-2:] == ["--region", "eu-west-1"]
    assert "keys(Environment.Variables)" in show  # the values are nobody's to see


@pytest.mark.parametrize("owner", ["image", "function"])
def test_a_library_path_without_the_interpreters_own(owner: str) -> None:
    own = env(LD_LIBRARY_PATH="/opt/mylibs")
    if owner == "image":
        found = searched(linked_base(), environment=own).ask(the_check)
    else:
        found = searched(linked_base(), own, environment=env(LD_LIBRARY_PATH=LIBRARIES)).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert found.rung is Rung.RUNTIME
    assert "/var/lang/lib/libpython3.12.so.1.0" in found.message


def test_a_library_path_that_has_it() -> None:
    for value in (LIBRARIES, f"/opt/mylibs:{LIBRARIES}"):
        assert searched(linked_base(), environment=env(LD_LIBRARY_PATH=value)).ask(the_check).outcome is Outcome.PASS


def test_a_library_that_is_nowhere_is_another_mode() -> None:
    files = linked_base()
    del files["/var/lang/lib/libpython3.12.so.1.0"]
    assert searched(files, environment=env(LD_LIBRARY_PATH="/opt/mylibs")).ask(the_check).outcome is Outcome.PASS


def test_a_bootstrap_that_sets_it_itself() -> None:
    files = linked_base()
    text = "#!/bin/sh\nexport LD_LIBRARY_PATH=/var/lang/lib:$LD_LIBRARY_PATH\nexec /var/lang/bin/python3.12 x.py\n"
    files["/var/runtime/bootstrap"] = program(text)
    assert searched(files, environment=env(LD_LIBRARY_PATH="/opt/mylibs")).ask(the_check).outcome is Outcome.PASS


def test_a_program_outside_every_usual_folder_was_never_found() -> None:
    files = {**custom_base(), "/opt/tool/bin/run": link("/usr/local/bin/python3.12")}
    settings: dict[str, Any] = {"entrypoint": ("run",), "environment": env(PATH=VENV)}
    assert searched(files, **settings).ask(the_check).outcome is Outcome.PASS


def test_a_path_whose_value_is_not_known() -> None:
    hidden = (EnvironmentVariable("LD_LIBRARY_PATH", 9, "expression", "0" * 12),)
    assert searched(linked_base(), hidden).ask(the_check).outcome is Outcome.UNKNOWN


STARTS = 'exec python -m awslambdaric "$@"\n'


@pytest.mark.parametrize(
    ("first", "more", "outcome"),
    [
        pytest.param("#!/bin/bash -l", {}, Outcome.PASS, id="a login shell"),
        pytest.param("#!/bin/bash --login", {}, Outcome.PASS, id="a login shell, in full"),
        pytest.param("#!/bin/bash -el", {}, Outcome.PASS, id="among other options"),
        pytest.param("#!/bin/bash", {"BASH_ENV": "/etc/lang.sh"}, Outcome.PASS, id="BASH_ENV"),
        pytest.param("#!/bin/bash -eu", {}, Outcome.FAIL, id="other options"),
        pytest.param("#!/bin/bash", {}, Outcome.FAIL, id="a plain shell"),
    ],
)
def test_a_shell_that_reads_settings_first(first: str, more: dict[str, str], outcome: Outcome) -> None:
    tree = {
        **custom_base(),
        "/entry.sh": program(f"{first}\n{STARTS}"),
        "/bin/bash": custom_base()["/usr/local/bin/python3.12"],
    }
    settings: dict[str, Any] = {"entrypoint": ("/entry.sh",), "workdir": "/function"}
    found = searched(tree, environment=env(PATH=VENV, **more), **settings).ask(the_check)
    assert found.outcome is outcome, found.message


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        pytest.param(f"#!/usr/bin/env -S PATH={GOOD} python3", Outcome.PASS, id="its own"),
        pytest.param("#!/usr/bin/env -S PATH=/opt/x:${PATH} python3", Outcome.PASS, id="made of what is not told"),
        pytest.param("#!/usr/bin/env -S MODE=x python3", Outcome.FAIL, id="another variable"),
    ],
)
def test_a_first_line_that_sets_path(line: str, outcome: Outcome) -> None:
    tree = {**custom_base(), "/entry": program(f"{line}\n")}
    settings: dict[str, Any] = {"entrypoint": ("/entry",), "workdir": "/function", "environment": env(PATH=VENV)}
    found = searched(tree, **settings).ask(the_check)
    assert found.outcome is outcome, found.message


def test_the_functions_path_hides_what_a_start_script_calls() -> None:
    tree = {**custom_base(), "/start.sh": program("#!/bin/sh\n" + STARTS)}
    settings: dict[str, Any] = {"entrypoint": ("/start.sh",), "workdir": "/function", "environment": env(PATH=GOOD)}
    found = searched(tree, env(PATH=VENV), **settings).ask(the_check)
    assert found.outcome is Outcome.FAIL, found.message
    assert "of the function" in found.message
    assert searched(tree, env(MODE=VENV), **settings).ask(the_check).outcome is Outcome.PASS
