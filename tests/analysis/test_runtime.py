from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.coding import HANDLER, SITE, a_source, a_zip, an_image, analysed
from tests.factories import function_record, image_config, variable
from tests.launching import Files, aws_base, custom_base, custom_config, image_tree, link, linux, program
from troubleshooter.analysis.runtime.python import SearchPath, default_folders, find_interpreter, given_folders
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord, ImageOverride
from troubleshooter.facts.image import ImageConfig, ImageTree
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.facts.tree import Entry, FileTree, Kind


def model(files: Files, config: ImageConfig | None = None, **record: Any) -> RuntimeModel:
    """The runtime of an image function."""
    facts: dict[type[Any], Any] = {
        FunctionRecord: function_record(**record),
        ImageConfig: config or image_config(),
        ImageTree: image_tree(files),
    }
    found = analysed(facts).get(RuntimeModel)
    assert isinstance(found, RuntimeModel), found
    return found


def node_base() -> Files:
    files = aws_base(interpreter="/var/lang/bin/node")
    header = "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 19\n#define NODE_PATCH_VERSION 5\n"
    return {**files, "/var/lang/include/node/node_version.h": header, "/var/runtime/index.mjs": ""}


# ---------------------------------------------------------------- AWS's own images


def test_aws_python_base() -> None:
    found = model(aws_base(), architecture="arm64")
    assert (found.language, found.client, found.version, found.handler) == (
        "python",
        "aws-base",
        (3, 12),
        "app.handler",
    )
    assert (found.task_root, found.architecture, found.open_ends) == ("/var/task", "arm64", ())
    assert found.search_path[:5] == (
        "/var/task",
        "/opt/python/lib/python3.12/site-packages",
        "/opt/python",
        SITE,
        "/var/runtime",
    )


def test_pythonpath_keeps_aws_from_adding_its_own_folders() -> None:
    found = model(aws_base(), environment=(variable("PYTHONPATH", "/shared:lib"),))
    assert found.search_path[:4] == ("/var/task", "/var/runtime", "/shared", "/var/task/lib")
    assert "/opt/python" not in found.search_path
    assert SITE in found.search_path, "it stays the interpreter's own site-packages"


def test_a_pythonpath_of_unknown_value_leaves_the_end_open() -> None:
    hidden = EnvironmentVariable("PYTHONPATH", 9, "expression", "0" * 12, None)
    assert model(aws_base(), environment=(hidden,)).open_ends == ("the value of PYTHONPATH is not known",)


@pytest.mark.parametrize("folder", ["/mnt/efs/python", "/tmp/packages"])
def test_folders_that_are_filled_at_run_time_leave_the_end_open(folder: str) -> None:
    found = model(aws_base(), environment=(variable("PYTHONPATH", f"/var/task:{folder}"),))
    assert found.open_ends == (f"{folder} on the search path is mounted or filled at run time",)
    shipped: Files = {**aws_base(), f"{folder}/dep.py": ""}
    assert model(shipped, environment=(variable("PYTHONPATH", folder),)).open_ends == ()


def test_code_that_runs_before_everything_else_leaves_the_end_open() -> None:
    custom = "import sys\nsys.path.append('/srv/lib')\n"
    assert model({**aws_base(), f"{SITE}/sitecustomize.py": custom}).open_ends
    harmless = "try:\n    import apport_python_hook\nexcept ImportError:\n    pass\n"
    assert model({**aws_base(), f"{SITE}/sitecustomize.py": harmless}).open_ends == ()


def test_pth_files_of_the_task_root_are_followed() -> None:
    files = {
        **aws_base(),
        "/var/task/more.pth": "# note\nvendor\n/nowhere\n\n",
        "/var/task/vendor/x.py": "",
        f"{SITE}/distutils-precedence.pth": "import os; __import__('_distutils_hack').do_override()\n",
    }
    found = model(files)
    assert found.search_path[-1] == "/var/task/vendor"
    assert "/nowhere" not in found.search_path
    assert found.open_ends == ()
    editable = {
        **files,
        f"{SITE}/__editable__.mine.pth": "import __editable___mine_finder; __editable___mine_finder.install()\n",
    }
    assert len(model(editable).open_ends) == 1


def test_aws_node_base() -> None:
    found = model(node_base(), image_config(command=("index.handler",)))
    assert (found.language, found.client, found.version, found.handler) == (
        "node",
        "aws-base",
        (20, 19, 5),
        "index.handler",
    )
    assert found.search_path == (
        "/opt/nodejs/node20/node_modules",
        "/opt/nodejs/node_modules",
        "/var/runtime/node_modules",
        "/var/runtime",
        "/var/task",
    )
    assert found.flags == ("--no-experimental-require-module", "--no-experimental-detect-module")


def test_nodes_own_variables() -> None:
    variables = (variable("NODE_PATH", "/shared"), variable("NODE_OPTIONS", "--enable-source-maps -r ./x.js"))
    found = model(node_base(), environment=variables)
    assert found.search_path == ("/shared",)
    assert found.flags[2:] == ("--enable-source-maps", "-r", "./x.js")


@pytest.mark.parametrize("command", [(), ("a.handler", "b"), ("/bin/sh", "-c", "app.handler")])
def test_not_exactly_one_argument_is_no_handler(command: tuple[str, ...]) -> None:
    assert model(aws_base(), image_config(command=command)).handler is None


def test_another_language_is_not_told() -> None:
    files = {**linux(), "/lambda-entrypoint.sh": program("#!/bin/bash\n"), "/var/runtime/bootstrap": program("x")}
    found = model(files)
    assert (found.language, found.client) == ("other", "unknown")


def test_wrappers_and_a_moved_task_root_leave_the_end_open() -> None:
    wrapped = model(aws_base(), environment=(variable("AWS_LAMBDA_EXEC_WRAPPER", "/opt/otel"),))
    assert "AWS_LAMBDA_EXEC_WRAPPER" in wrapped.open_ends[0]
    moved = model(aws_base(), image_config(environment=(variable("LAMBDA_TASK_ROOT", "/code"),)))
    assert moved.task_root == "/code"
    assert "/var/task" in moved.search_path
    assert moved.open_ends


# ---------------------------------------------------------------- the client on other bases


@pytest.mark.parametrize(
    ("entrypoint", "command"),
    [
        pytest.param(("/usr/local/bin/python", "-m", "awslambdaric"), ("app.handler",), id="as documented"),
        pytest.param(("python", "-u", "-m", "awslambdaric", "app.handler"), (), id="on PATH, all in ENTRYPOINT"),
        pytest.param(("tini", "--", "python3", "-m", "awslambdaric"), ("app.handler",), id="behind an init"),
        pytest.param(("/entry.sh",), ("app.handler",), id="script with $@"),
        pytest.param(("sh", "/entry.sh"), ("app.handler",), id="script by its shell"),
        pytest.param(("/first.sh",), (), id="script with $1, handler inside another script"),
        pytest.param(("/bin/sh", "-c", "exec python -m awslambdaric app.handler"), (), id="shell form"),
        pytest.param(("env", "A=b", "python", "-m", "awslambdaric"), ("app.handler",), id="env"),
    ],
)
def test_ric_is_found(entrypoint: tuple[str, ...], command: tuple[str, ...]) -> None:
    rie = (
        'if [ -z "${AWS_LAMBDA_RUNTIME_API}" ]; then\n  exec /usr/bin/aws-lambda-rie python -m awslambdaric $@\nelse\n'
    )
    files = {
        **custom_base(),
        "/entry.sh": program(
            f'#!/bin/sh\n# starts the client\n{rie}  exec /usr/local/bin/python \\\n    -m awslambdaric "$@"\nfi\n'
        ),
        "/first.sh": program("#!/bin/bash\nset -e\nexport MODE=x\n/second.sh app.handler\n"),
        "/second.sh": program('#!/usr/bin/env bash\nexec python -m awslambdaric "$1"\n'),
    }
    found = model(files, custom_config(entrypoint=entrypoint, command=command))
    assert (found.language, found.client, found.version, found.handler) == ("python", "ric", (3, 12), "app.handler")
    assert found.task_root == "/function"
    assert found.search_path[:2] == ("/function", "/usr/local/lib/python312.zip")
    assert found.search_path[-1] == "/usr/local/lib/python3.12/site-packages"
    assert found.open_ends == ()


@pytest.mark.parametrize(
    ("script", "root", "doubtful"),
    [
        pytest.param('cd /srv\nexec python -m awslambdaric "$@"\n', "/srv", False, id="another folder"),
        pytest.param('cd "$WHERE"\nexec python -m awslambdaric "$@"\n', "/function", True, id="an unknown folder"),
        pytest.param(
            '. /settings.sh\nexec python -m awslambdaric "$@"\n', "/function", True, id="another script is read"
        ),
        pytest.param('exec poetry run python -m awslambdaric "$@"\n', "/function", True, id="an unknown wrapper"),
    ],
)
def test_start_scripts_that_change_things(script: str, root: str, doubtful: bool) -> None:
    files = {**custom_base(), "/entry.sh": program("#!/bin/sh\n" + script)}
    found = model(files, custom_config(entrypoint=("/entry.sh",)))
    assert (found.task_root, bool(found.open_ends), found.handler) == (root, doubtful, "app.handler")


def test_a_handler_from_a_variable_is_not_guessed() -> None:
    files = {**custom_base(), "/entry.sh": program("#!/bin/sh\nexec python -m awslambdaric $WHICH\n")}
    assert model(files, custom_config(entrypoint=("/entry.sh",))).handler is None


@pytest.mark.parametrize(
    ("files", "config", "handler"),
    [
        pytest.param(aws_base(), image_config(command=("$HANDLER",)), "$HANDLER", id="a word that no shell sees"),
        pytest.param(
            custom_base(), custom_config(command=("${HANDLER}",)), "${HANDLER}", id="the client's own argument"
        ),
        pytest.param(
            custom_base(),
            custom_config(entrypoint=("/bin/sh", "-c", "exec python -m awslambdaric $HANDLER"), command=()),
            None,
            id="a word of a shell",
        ),
    ],
)
def test_a_variable_in_exec_form_is_text(files: Files, config: ImageConfig, handler: str | None) -> None:
    assert model(files, config).handler == handler


def test_pythonpath_of_a_start_script() -> None:
    files = {**custom_base(), "/entry.sh": program('#!/bin/sh\nexport PYTHONPATH=/deps\npython -m awslambdaric "$@"\n')}
    assert "/deps" in model(files, custom_config(entrypoint=("/entry.sh",))).search_path


def test_aws_entry_script_behind_a_start_script() -> None:
    files = {**aws_base(), "/start.sh": program('#!/bin/bash\necho hello\nexec /lambda-entrypoint.sh "$@"\n')}
    found = model(files, image_config(entrypoint=("/start.sh",)))
    assert (found.client, found.handler) == ("aws-base", "app.handler")


def test_virtual_environment() -> None:
    files = {
        **custom_base(),
        "/venv/bin/python": link("/usr/local/bin/python3"),
        "/venv/pyvenv.cfg": "home = /usr/local/bin\ninclude-system-site-packages = false\nversion = 3.12.3\n",
        "/venv/lib/python3.12/site-packages/x.py": "",
        "/usr/local/lib/python3.12/site-packages/y.py": "",
    }
    found = model(files, custom_config(entrypoint=("/venv/bin/python", "-m", "awslambdaric")))
    assert found.version == (3, 12)
    assert "/venv/lib/python3.12/site-packages" in found.search_path
    assert "/usr/local/lib/python3.12/site-packages" not in found.search_path


@pytest.mark.parametrize("line", [". /srv/venv/bin/activate", "export PATH=/srv/venv/bin:$PATH"])
def test_an_environment_that_a_start_script_activates(line: str) -> None:
    files: Files = {
        **custom_base(),
        "/entry.sh": program(f'#!/bin/sh\n{line}\nexec python -m awslambdaric "$@"\n'),
        "/srv/venv/bin/python": link("/usr/local/bin/python3.12"),
        "/srv/venv/pyvenv.cfg": "home = /usr/local/bin\nversion = 3.12.4\n",
        "/srv/venv/lib/python3.12/site-packages/dep.py": "",
    }
    found = model(files, custom_config(entrypoint=("/entry.sh",), command=("app.handler",)))
    assert "/srv/venv/lib/python3.12/site-packages" in found.search_path
    assert "/usr/local/lib/python3.12/site-packages" not in found.search_path
    assert found.open_ends == ()


def test_debians_own_python() -> None:
    files = {
        **linux(),
        "/usr/bin/python3.11": program(b"\x7fELF"),
        "/usr/bin/python3": link("python3.11"),
        "/usr/lib/python3/dist-packages/apt.py": "",
        "/usr/local/lib/python3.11/dist-packages/x.py": "",
    }
    found = model(files, custom_config(entrypoint=("/usr/bin/python3", "-m", "awslambdaric")))
    assert found.version == (3, 11)
    assert {"/usr/lib/python3/dist-packages", "/usr/local/lib/python3.11/dist-packages"} <= set(found.search_path)


@pytest.mark.parametrize(
    "entrypoint",
    [
        ("/usr/local/bin/npx", "aws-lambda-ric"),
        ("npx", "-y", "aws-lambda-ric"),
        ("/function/node_modules/.bin/aws-lambda-ric",),
        ("node", "--enable-source-maps", "/function/node_modules/aws-lambda-ric/bin/index.mjs"),
    ],
)
def test_nodes_ric(entrypoint: tuple[str, ...]) -> None:
    files = {
        **linux(),
        "/usr/local/bin/node": program(b"\x7fELF"),
        "/usr/local/include/node/node_version.h": "#define NODE_MAJOR_VERSION 22\n#define NODE_MINOR_VERSION 3\n",
    }
    found = model(files, custom_config(entrypoint=entrypoint, command=("index.handler",)))
    assert (found.language, found.client, found.version, found.handler) == ("node", "ric", (22, 3), "index.handler")
    assert found.task_root == "/function"
    assert found.search_path == ()
    assert "--no-experimental-require-module" not in found.flags


def test_a_python_program_without_client_is_not_guessed() -> None:
    found = model(custom_base(), custom_config(entrypoint=("python", "server.py"), command=()))
    assert (found.language, found.client, found.handler) == ("python", "unknown", None)


def test_the_override_counts() -> None:
    found = model(aws_base(), override=ImageOverride(command=("other.handler",)))
    assert found.handler == "other.handler"


# ---------------------------------------------------------------- zip packages and source folders


@pytest.mark.parametrize(
    ("name", "language", "version"),
    [
        ("python3.12", "python", (3, 12)),
        ("nodejs20.x", "node", (20,)),
        ("nodejs22.x", "node", (22,)),
        ("provided.al2023", "other", ()),
        ("java21", "other", ()),
    ],
)
def test_managed_runtimes(name: str, language: str, version: tuple[int, ...]) -> None:
    found = a_zip({"app.py": HANDLER}, runtime_name=name).get(RuntimeModel)
    assert (found.language, found.client, found.version, found.handler) == (language, "zip", version, "app.handler")
    assert found.open_ends == ()


def test_layers_leave_the_end_open() -> None:
    found = a_zip({"app.py": HANDLER}, layers=("arn:aws:lambda:x:1:layer:l:1",)).get(RuntimeModel)
    assert found.open_ends == ("the content of the function's layers was not read",)


@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        pytest.param(
            'FROM public.ecr.aws/lambda/python:3.11\nCOPY app/ ./\nCMD ["main.handler"]\n',
            ("python", "aws-base", (3, 11), "main.handler", "/app"),
            id="AWS base, folder copied",
        ),
        pytest.param(
            "ARG V=3.13\nFROM public.ecr.aws/lambda/python:${V} AS base\nFROM base\n"
            'COPY app/main.py ${LAMBDA_TASK_ROOT}/\nCMD [ "main.handler" ]\n',
            ("python", "aws-base", (3, 13), "main.handler", "/app"),
            id="argument and stages",
        ),
        pytest.param(
            'FROM python:3.12-slim\nWORKDIR /function\nCOPY app .\nENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]\n'
            'CMD ["main.handler"]\n',
            ("python", "ric", (3, 12), "main.handler", "/app"),
            id="client on another base",
        ),
        pytest.param(
            'FROM amazon/aws-lambda-nodejs:20\nCOPY . .\nCMD ["index.handler"]\n',
            ("node", "aws-base", (20,), "index.handler", "/"),
            id="Node.js",
        ),
    ],
)
def test_dockerfile_of_a_source_folder(dockerfile: str, expected: tuple[Any, ...]) -> None:
    files = {"Dockerfile": dockerfile, "app/main.py": HANDLER, "index.js": ""}
    found = a_source(files).get(RuntimeModel)
    assert (found.language, found.client, found.version, found.handler, found.task_root) == expected


def test_a_source_folder_without_any_word_of_its_runtime() -> None:
    assert isinstance(a_source({"app.py": HANDLER}).get(RuntimeModel), Unavailable)
    shell = a_source({"Dockerfile": "FROM python:3.12\nCMD python app.py\n", "app.py": HANDLER}).get(RuntimeModel)
    assert isinstance(shell, Unavailable)


def test_code_of_a_template_in_a_folder_of_its_own() -> None:
    record = function_record(package_type="Zip", runtime="python3.12", handler="app.handler")
    found = a_source({"functions/api/app.py": HANDLER, "template.yaml": ""}, record).get(RuntimeModel)
    assert found.task_root == "/functions/api"
    two = a_source({"one/app.py": HANDLER, "two/app.py": HANDLER}, record).get(RuntimeModel)
    assert two.task_root == "/"


def test_an_image_that_was_not_read_tells_nothing() -> None:
    found = an_image({}).store
    assert isinstance(found.get(RuntimeModel), RuntimeModel)
    denied = analysed({FunctionRecord: function_record(), ImageConfig: image_config()})
    assert isinstance(denied.get(RuntimeModel), Unavailable)


# ---------------------------------------------------------------- against the interpreter itself


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real virtual environment with .pth files."""
    folder = tmp_path_factory.mktemp("venv") / "env"
    venv.create(folder, with_pip=False, symlinks=True)
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site / "one").mkdir()
    (folder / "two").mkdir()
    (site / "a.pth").write_text(f"one\n# comment\n{folder / 'two'}\n{folder / 'nowhere'}\n\none\n")
    (site / "b.pth").write_text("import sys  # distutils-precedence\n")
    return folder


def scanned(*folders: Path) -> FileTree:
    """Real folders as a tree, links kept."""
    entries: dict[str, Entry] = {}
    texts: dict[str, bytes] = {}
    todo = list(folders)
    while todo:
        path = todo.pop()
        for parent in path.parents:
            if str(parent) != "/":
                entries.setdefault(str(parent), Entry(Kind.DIRECTORY, 0o755))
        if path.is_symlink():
            target = path.readlink()
            entries[str(path)] = Entry(Kind.SYMLINK, 0o777, link=str(target))
            todo.append(Path(target) if target.is_absolute() else path.parent / target)
        elif path.is_dir():
            entries[str(path)] = Entry(Kind.DIRECTORY, 0o755)
            todo += list(path.iterdir()) if path in folders or str(path).startswith(str(folders[0])) else []
        elif path.exists():
            entries[str(path)] = Entry(Kind.FILE, 0o755, head=path.read_bytes()[:64])
            if path.suffix in (".cfg", ".pth"):
                texts[str(path)] = path.read_bytes()
    return FileTree(entries, texts.get)


@pytest.mark.parametrize("system", ["false", "true"])
@pytest.mark.parametrize("variable_value", [None, "/srv/a:/srv/b:/srv/a"])
def test_search_path_is_that_of_a_real_virtual_environment(
    environment: Path, system: str, variable_value: str | None
) -> None:
    configuration = environment / "pyvenv.cfg"
    lines = [line for line in configuration.read_text().splitlines() if not line.startswith("include")]
    configuration.write_text("\n".join([*lines, f"include-system-site-packages = {system}", ""]))
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base = Path(sys.base_prefix)
    tree = scanned(
        environment, base / "bin" / name, base / "lib" / name / "lib-dynload", base / "lib" / name / "site-packages"
    )
    python = environment / "bin" / "python"
    path = SearchPath(tree)
    given_folders(path, {} if variable_value is None else {"PYTHONPATH": variable_value}, "/")
    interpreter = find_interpreter(tree, str(python))
    default_folders(path, interpreter)
    done = subprocess.run(
        [str(python), "-P", "-c", "import json, sys; print(json.dumps(sys.path))"],
        capture_output=True,
        text=True,
        check=True,
        env={} if variable_value is None else {"PYTHONPATH": variable_value},
        cwd="/",
    )
    real = list(dict.fromkeys(json.loads(done.stdout)))
    assert interpreter.version == sys.version_info[:2]
    assert path.folders == real
    # The machine's own site-packages may run code of its own.
    assert not [each for each in path.doubts if str(environment) in each]
