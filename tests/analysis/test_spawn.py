from __future__ import annotations

import pytest

from tests.analysis.elf_bytes import elf
from tests.factories import function_record, image_config, variable
from tests.launching import (
    LOADERS,
    NO_FUNCTION,
    NO_TREE,
    Files,
    aws_base,
    custom_base,
    custom_config,
    folder,
    launched,
    link,
    linux,
    program,
    script_config,
)
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import EnvironmentVariable, ImageOverride
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.launch import OwnSpawnResult, SpawnResult
from troubleshooter.facts.tree import Entry, Kind


def spawn(files: Files, image: ImageConfig | None = None, **function: object) -> SpawnResult:
    made = launched(files, function_record(**function), image).get(SpawnResult)
    assert isinstance(made, SpawnResult)
    return made


def entry(content: str | bytes, **more: object) -> Files:
    """A custom base with /entry.sh."""
    return {**custom_base(), "/entry.sh": program(content), **more}  # type: ignore[dict-item]


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_bases_start_on_their_own_cpu(arch: str) -> None:
    function = function_record(architecture={"amd64": "x86_64"}.get(arch, arch))
    for files, image in (
        (aws_base(arch), image_config(architecture=arch)),
        (custom_base(arch), custom_config(architecture=arch)),
    ):
        made = launched(files, function, image).get(SpawnResult)
        assert (made.errno, made.cause, made.stage) == ("ok", "ok", "exec")
        assert made.machine == arch


def test_the_chain_of_an_aws_base() -> None:
    made = spawn(aws_base())
    assert made.chain == ("/lambda-entrypoint.sh", "/usr/bin/bash", "/usr/lib64/ld-linux-x86-64.so.2")
    assert made.path == "/lambda-entrypoint.sh"
    assert made.machine_path == "/usr/bin/bash"


def test_without_a_function_the_image_names_the_cpu() -> None:
    made = launched(aws_base("arm64"), NO_FUNCTION, image_config(architecture="arm64")).get(SpawnResult)
    assert made.cause == "ok"


def test_without_a_tree_nothing_is_said() -> None:
    assert launched(NO_TREE).get(SpawnResult) is NO_TREE


CRLF = "#!/bin/sh\r\nexec x\r\n"


@pytest.mark.parametrize(
    ("files", "errno", "cause", "role", "path"),
    [
        pytest.param(custom_base(), "ENOENT", "missing", "entrypoint", "/entry.sh", id="missing"),
        pytest.param(
            {**custom_base(), "/entry.sh": link("/opt/x")},
            "ENOENT",
            "dangling_link",
            "entrypoint",
            "/entry.sh",
            id="dangling",
        ),
        pytest.param(
            {**custom_base(), "/entry.sh": folder()}, "EACCES", "directory", "entrypoint", "/entry.sh", id="directory"
        ),
        pytest.param(
            entry(program("#!/bin/sh\n", 0o644).head, **{"/entry.sh": program("#!/bin/sh\n", 0o644)}),
            "EACCES",
            "not_executable",
            "entrypoint",
            "/entry.sh",
            id="no x bit",
        ),
        pytest.param(
            entry("", **{"/entry.sh": program("#!/bin/sh\n", 0o764)}),
            "EACCES",
            "not_executable",
            "entrypoint",
            "/entry.sh",
            id="x for owner only",
        ),
        pytest.param(entry(elf("arm64")), "ENOEXEC", "machine", "entrypoint", "/entry.sh", id="machine"),
        pytest.param(entry("exec x\n"), "ENOEXEC", "no_shebang", "entrypoint", "/entry.sh", id="no shebang"),
        pytest.param(entry(b"\xef\xbb\xbf#!/bin/sh\n"), "ENOEXEC", "bom", "entrypoint", "/entry.sh", id="bom"),
        pytest.param(entry(""), "ENOEXEC", "empty", "entrypoint", "/entry.sh", id="empty"),
        pytest.param(
            entry(b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + bytes(60)),
            "ENOEXEC",
            "foreign_format",
            "entrypoint",
            "/entry.sh",
            id="macOS",
        ),
        pytest.param(entry(CRLF), "ENOENT", "crlf", "interpreter", "/bin/sh\r", id="crlf"),
        pytest.param(entry("#!/bin/zsh\n"), "ENOENT", "missing", "interpreter", "/bin/zsh", id="interpreter"),
        pytest.param(entry("#!/usr\n"), "EACCES", "directory", "interpreter", "/usr", id="interpreter is a folder"),
        pytest.param(
            entry(elf(interpreter="/lib/ld-musl-x86_64.so.1")),
            "ENOENT",
            "missing",
            "loader",
            "/lib/ld-musl-x86_64.so.1",
            id="loader",
        ),
        pytest.param(
            entry(elf(interpreter="/arm"), **{"/arm": program(elf("arm64"))}),
            "ELIBBAD",
            "machine",
            "loader",
            "/arm",
            id="loader of another CPU",
        ),
        pytest.param(
            entry("#!/bin/arm\n", **{"/usr/bin/arm": program(elf("arm64"))}),
            "ENOEXEC",
            "machine",
            "interpreter",
            "/bin/arm",
            id="interpreter of another CPU",
        ),
        pytest.param(
            entry("#!/root/bin/python\n", **{"/root/bin/python": program(elf())}),
            "EACCES",
            "closed_directory",
            "interpreter",
            "/root/bin/python",
            id="interpreter below /root",
        ),
    ],
)
def test_refusals(files: Files, errno: str, cause: str, role: str, path: str) -> None:
    made = spawn(files, script_config())
    assert (made.errno, made.cause, made.role, made.path, made.stage) == (errno, cause, role, path, "exec")
    assert made.evidence
    assert all(e.value and e.origin.proves for e in made.evidence)
    assert made.detail.isprintable()


def test_a_closed_parent_folder() -> None:
    files = {**custom_base(), "/home/app": folder(0o700), "/home/app/run": program(elf())}
    made = spawn(files, script_config("/home/app/run"))
    assert (made.errno, made.cause) == ("EACCES", "closed_directory")
    assert "/home/app (mode 0700)" in made.detail


@pytest.mark.parametrize(
    ("line", "cause", "stage"),
    [
        pytest.param("#!/usr/bin/env python3\n", "ok", "exec", id="env finds it"),
        pytest.param("#!/usr/bin/env -S python3 -u\n", "ok", "exec", id="env -S"),
        pytest.param("#!/usr/bin/env -S python3 -u\r\n", "ok", "exec", id="env -S cuts the carriage return off"),
        pytest.param("#!/usr/bin/env -i python3\n", "ok", "exec", id="another option is not followed"),
        pytest.param("#!/usr/bin/env python3\r\n", "crlf", "env", id="env with CRLF"),
        pytest.param("#!/usr/bin/env node\n", "not_on_path", "env", id="env finds nothing"),
        pytest.param("#!/usr/bin/env /opt/node\n", "missing", "env", id="env with a path"),
        pytest.param("#!/usr/bin/env foreign\n", "machine", "env", id="env finds another CPU's"),
        pytest.param("#!/bin/sh -e\r\n", "crlf", "script", id="carriage return in the option"),
        pytest.param("#!/bin/sh -e\n", "ok", "exec", id="an option"),
    ],
)
def test_what_the_interpreter_does_next(line: str, cause: str, stage: str) -> None:
    made = spawn(entry(line, **{"/usr/bin/foreign": program(elf("arm64"))}), script_config())
    assert (made.errno, made.cause, made.stage) == ("ok", cause, stage)


def test_env_takes_the_first_program_that_starts() -> None:
    files = entry(
        "#!/usr/bin/env tool\n", **{"/usr/local/bin/tool": program(elf(), 0o644), "/usr/bin/tool": program(elf())}
    )
    assert spawn(files, script_config()).cause == "ok"


def test_a_script_that_its_interpreter_may_not_read() -> None:
    made = spawn({**custom_base(), "/entry.sh": program("#!/bin/sh\n", 0o711)}, script_config())
    assert (made.errno, made.cause, made.stage) == ("ok", "unreadable", "script")
    assert spawn({**custom_base(), "/entry.sh": program(elf(), 0o711)}, script_config()).cause == "ok"


@pytest.mark.parametrize(
    ("name", "workdir", "cause"),
    [
        pytest.param("python", "/function", "ok", id="bare name on PATH"),
        pytest.param("entry.sh", "/function", "not_on_path", id="bare name beside the code"),
        pytest.param("./entry.sh", "/function", "ok", id="relative"),
        pytest.param("./entry.sh", "/", "missing", id="relative elsewhere"),
        pytest.param("./entry.sh", "/gone", "workdir", id="relative to nothing"),
        pytest.param("/function/entry.sh", "/gone", "ok", id="absolute: the working directory is another question"),
        pytest.param("./entry.sh", "/locked", "closed_directory", id="relative to a closed folder"),
        pytest.param("/function/entry.sh", "/locked", "ok", id="absolute: a closed working directory proves nothing"),
    ],
)
def test_names_that_are_no_absolute_paths(name: str, workdir: str, cause: str) -> None:
    files = {**custom_base(), "/function/entry.sh": program("#!/bin/sh\n"), "/locked": folder(0o700)}
    made = spawn(files, script_config(name, workdir=workdir))
    assert made.cause == cause
    assert made.path or cause == "ok"


def test_a_program_on_path_that_may_not_be_executed() -> None:
    files = {**custom_base(), "/usr/bin/tool": program(elf(), 0o640)}
    made = spawn(files, script_config("tool"))
    assert (made.cause, made.path) == ("not_executable", "/usr/bin/tool")


def test_a_command_is_executed_where_no_entrypoint_is() -> None:
    handler = spawn(custom_base(), custom_config(entrypoint=None, command=("app.handler",)))
    assert (handler.errno, handler.cause, handler.path) == ("ENOENT", "not_on_path", "app.handler")
    assert spawn(custom_base(), custom_config(entrypoint=(), command=("python", "app.py"))).cause == "ok"
    assert spawn(custom_base(), custom_config(entrypoint=None, command=None)).cause == "no_program"


def test_a_path_whose_value_is_unknown_decides_nothing() -> None:
    function = function_record(environment=(EnvironmentVariable("PATH", 4, "expression", "0"),))
    made = launched(custom_base(), function, script_config("python")).get(SpawnResult)
    assert isinstance(made, Unavailable)
    assert made.reason is Reason.UNSUPPORTED
    assert launched(custom_base(), function, script_config("/usr/local/bin/python")).get(SpawnResult).cause == "ok"


@pytest.mark.parametrize(
    ("path", "content", "cause"),
    [
        pytest.param("/var/lang/bin/python3.12", program(elf("arm64")), "machine", id="interpreter"),
        pytest.param("/var/runtime/bootstrap", program(elf("arm64")), "machine", id="bootstrap"),
        pytest.param(
            "/var/runtime/bootstrap", program("#!/bin/bash\n", 0o644), "not_executable", id="bootstrap without x"
        ),
        pytest.param("/var/runtime/bootstrap", program("#!/bin/bash\r\n"), "crlf", id="bootstrap with CRLF"),
        pytest.param("/var/lang/bin/python3.12", program(elf(interpreter="/gone")), "missing", id="loader"),
    ],
)
def test_what_the_entry_script_of_an_aws_base_starts(path: str, content: object, cause: str) -> None:
    made = spawn({**aws_base(), path: content})  # type: ignore[dict-item]
    assert (made.errno, made.cause, made.stage) == ("ok", cause, "runtime")


def test_a_shell_runs_a_bootstrap_without_a_first_line() -> None:
    assert spawn({**aws_base(), "/var/runtime/bootstrap": program("exec /var/lang/bin/python3.12\n")}).cause == "ok"


def test_the_node_base_is_followed_too() -> None:
    files = aws_base(interpreter="/var/lang/bin/node")
    assert spawn(files).cause == "ok"
    assert spawn({**files, "/var/lang/bin/node": program(elf("arm64"))}).cause == "machine"


def test_bytes_that_were_not_kept_decide_nothing() -> None:
    beyond = bytearray(elf(interpreter=LOADERS["amd64"]))
    files = {**linux(), "/entry.sh": Entry(Kind.FILE, 0o755, size=1 << 20, head=bytes(beyond[:100]))}
    made = launched(files, image=script_config()).get(SpawnResult)
    assert isinstance(made, Unavailable)
    assert made.reason is Reason.TOO_BIG


def test_the_images_own_entrypoint_beside_an_override() -> None:
    function = function_record(override=ImageOverride(entrypoint=("app.handler",)))
    made = launched(aws_base(), function)
    assert made.get(SpawnResult).cause == "not_on_path"
    own = made.get(OwnSpawnResult)
    assert (own.cause, own.argv) == ("ok", ("/lambda-entrypoint.sh", "app.handler"))
    assert isinstance(launched(aws_base()).get(OwnSpawnResult), Unavailable)


def test_hostile_names_are_shown_escaped() -> None:
    made = spawn(custom_base(), script_config("/\x1b[31mred\udcff"))
    assert made.cause == "missing"
    assert made.detail.isprintable()
    assert all(e.label.isprintable() and e.source.isprintable() for e in made.evidence)


def test_an_empty_path_element_is_the_working_directory() -> None:
    image = script_config("run", environment=(variable("PATH", ":/usr/bin"),))
    assert spawn({**custom_base(), "/function/run": program(elf())}, image).cause == "ok"


def test_an_env_that_searches_a_path_which_is_not_known() -> None:
    function = function_record(environment=(EnvironmentVariable("PATH", 4, "expression", "0"),))
    files = {**custom_base(), "/entry.sh": program("#!/usr/bin/env python3\n")}
    found = launched(files, function, script_config()).get(SpawnResult)
    assert isinstance(found, Unavailable)
    assert found.applies
    absolute = launched(custom_base(), function, custom_config()).get(SpawnResult)
    assert isinstance(absolute, SpawnResult)
