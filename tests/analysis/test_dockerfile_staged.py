"""Own code that a Dockerfile leaves out of the image, and everything that may bring it all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests import coding, node_coding
from tests.factories import SOURCE, tree
from tests.launching import Launched
from troubleshooter.analysis.dockerfile import staged
from troubleshooter.analysis.dockerfile.stage import stages_of
from troubleshooter.checks.handler.handler_module_missing import handler_module_missing
from troubleshooter.checks.handler.node_dep_missing import node_dep_missing
from troubleshooter.checks.handler.py_dep_missing import py_dep_missing
from troubleshooter.checks.handler.py_installed_in_wrong_place import py_installed_in_wrong_place
from troubleshooter.facts import Reason, Store, Unavailable, providers_in
from troubleshooter.facts.build import ImageRecipe, StagedCode
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.given import GivenImage
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.tree import Entry, Kind
from troubleshooter.model import Outcome
from troubleshooter.redact import Secrets

NO_FUNCTION = Unavailable(Reason.NOT_GIVEN, "no function was given")
PYTHON = "FROM public.ecr.aws/lambda/python:3.12\n"
NODE = "FROM public.ecr.aws/lambda/nodejs:22\n"
CODE = {
    "app.py": "import json\nfrom lib import greet\nimport pkg.deep\n\ndef handler(event, context):\n    return greet()\n",
    "lib.py": "def greet():\n    return 1\n",
    "pkg/__init__.py": "",
    "pkg/deep.py": "",
    "requirements.txt": "httpx\n",
}
SCRIPTS = {
    "app.js": "const lib = require('./lib');\nexports.handler = async () => lib;\n",
    "lib.js": "module.exports = 1;\n",
}


def project(
    steps: str, files: Mapping[str, Any] | None = None, base: str = PYTHON, image: GivenImage | None = None
) -> Launched:
    """A source folder with a Dockerfile, analysed."""
    text = f'{base}{steps}\nCMD ["app.handler"]\n'
    given = {**(CODE if files is None else files), "Dockerfile": text}
    code = CodeTree(reading=SOURCE, tree=tree({f"/{k}": v for k, v in given.items()}), root="/", kind="source")
    stages = stages_of("Dockerfile", text, Secrets(b"salt"))
    recipe = ImageRecipe(reading=SOURCE, path="Dockerfile", contexts=("",), stages=stages)
    providers = providers_in((*coding.MODULES, *node_coding.MODULES, staged))
    return Launched(
        Store(
            providers,
            [code, recipe, Secrets(b"salt"), *([image] if image else [])],
            missing={FunctionRecord: NO_FUNCTION},
        )
    )


def staged_by(steps: str, files: Mapping[str, Any] | None = None, **more: Any) -> StagedCode:
    found = project(steps, files, **more).store.get(StagedCode)
    assert isinstance(found, StagedCode)
    return found


def left_out(steps: str, files: Mapping[str, Any] | None = None, **more: Any) -> list[str]:
    return [each.file for each in staged_by(steps, files, **more).left_out]


@pytest.mark.parametrize(
    ("steps", "files"),
    [
        ("COPY app.py ${LAMBDA_TASK_ROOT}", ["lib.py", "pkg/__init__.py", "pkg/deep.py"]),
        ("COPY app.py lib.py ./", ["pkg/__init__.py", "pkg/deep.py"]),
        ("COPY *.py ./", ["pkg/__init__.py", "pkg/deep.py"]),
        ("COPY app.py lib.py ./\nCOPY pkg/__init__.py pkg/", ["pkg/deep.py"]),
        ("COPY lib.py .\nCOPY pkg pkg", ["app.py"]),
        ("COPY app.py .\nCOPY pkg pkg\nCOPY requirements.txt .\nRUN pip install -r requirements.txt -t .", ["lib.py"]),
        ("COPY app.py .\nCOPY pkg pkg\nRUN dnf install -y gcc && pip install --no-cache-dir httpx", ["lib.py"]),
        ('COPY ["app.py", "pkg", "/var/task/"]', ["lib.py"]),
    ],
)
def test_what_no_step_copies_is_left_out(steps: str, files: list[str]) -> None:
    assert sorted(left_out(steps)) == sorted(files)


@pytest.mark.parametrize(
    "steps",
    [
        "COPY . .",
        "COPY . ${LAMBDA_TASK_ROOT}",
        "COPY ./ /var/task/",
        "ADD . .",
        "COPY app.py lib.py ./\nCOPY pkg ./pkg",
        "COPY app.py lib.py ./\nCOPY pkg/ ${LAMBDA_TASK_ROOT}/pkg/",
        "COPY *.py ./\nCOPY p*g ./pkg/",
        'COPY ["app.py", "lib.py", "./"]\nCOPY ["pkg", "pkg"]',
        "COPY --chmod=755 app.py lib.py ./\nCOPY --chown=1 pkg pkg",
    ],
)
def test_copied_code_is_whole(steps: str) -> None:
    found = staged_by(steps)
    assert (found.left_out, found.doubts, found.whole) == ((), (), True)
    for check in (py_dep_missing, py_installed_in_wrong_place, handler_module_missing):
        assert project(steps).ask(check).outcome is Outcome.PASS


@pytest.mark.parametrize(
    "steps",
    [
        "COPY app.py .\nCOPY --from=build /out .",
        "COPY app.py .\nADD code.tar.gz .",
        "COPY app.py .\nRUN unzip code.zip",
        "COPY app.py .\nRUN git clone there",
        "COPY app.py .\nRUN pip install .",
        "COPY app.py .\nRUN pip install -e ./",
        "COPY app.py .\nRUN pip install ./more",
        "COPY app.py .\nRUN python make.py",
        "COPY app.py .\nRUN poetry install",
        "COPY app.py .\nRUN echo x > lib.py",
        "COPY app.py .\nRUN --mount=type=bind,target=/in cp -r /in/. .",
        "COPY app.py .\nONBUILD COPY . .",
        "COPY app.py .\nCOPY <<lib.py /var/task/\n\nlib.py",
        "ARG WHAT\nCOPY ${WHAT} .",
    ],
)
def test_what_another_step_may_bring_is_not_called_left_out(steps: str) -> None:
    found = staged_by(steps)
    assert found.left_out == ()
    assert found.doubts
    assert not found.whole
    assert project(steps).ask(py_dep_missing).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "base", ["FROM internal.example/base:3.12\n", "ARG BASE\nFROM ${BASE}\n", "FROM python:3.12-onbuild\n"]
)
def test_a_base_that_is_not_known_may_bring_code(base: str) -> None:
    ric = 'WORKDIR /app\nCOPY app.py .\nENTRYPOINT ["python", "-m", "awslambdaric"]'
    found = project(ric, base=base).store.get(StagedCode)
    assert isinstance(found, StagedCode)
    assert found.left_out == ()
    assert "which may bring code" in found.doubts[0]


def test_the_client_on_another_base_looks_in_its_working_directory() -> None:
    ric = 'WORKDIR /app\nRUN pip install awslambdaric\n{}\nENTRYPOINT ["python", "-m", "awslambdaric"]'
    assert left_out(ric.format("COPY app.py lib.py ./"), base="FROM python:3.12-slim\n")[:1] == ["pkg/__init__.py"]
    assert staged_by(ric.format("COPY . /app"), base="FROM python:3.12-slim\n").whole


def test_dockerignore_keeps_it_out() -> None:
    files = {**CODE, ".dockerignore": "# tests\n*.md\nlib*\n"}
    (gone,) = staged_by("COPY . .", files).left_out
    assert (gone.file, gone.because) == ("lib.py", ".dockerignore:3 lib*")
    assert staged_by("COPY . .", {**files, ".dockerignore": "lib*\n!lib.py\n"}).whole
    verdict = project("COPY . .", files).ask(py_dep_missing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.remediation
    assert "Take `lib*` out of .dockerignore:3" in verdict.remediation.text


def test_another_file_at_its_place_is_as_good() -> None:
    files = {**CODE, "build/lib.py": "def greet():\n    return 2\n"}
    assert left_out("COPY app.py build/lib.py ./\nCOPY pkg pkg", files) == []
    assert left_out("COPY app.py .\nCOPY build/ ./\nCOPY pkg pkg", files) == []


def test_links_in_the_source_folder_may_lead_to_it() -> None:
    files = {**CODE, "shared": Entry(Kind.SYMLINK, 0o777, link="elsewhere")}
    assert staged_by("COPY app.py .", files).doubts == ("the source folder has symbolic links",)
    assert left_out("COPY app.py .", {**CODE, "node_modules/.bin/x": Entry(Kind.SYMLINK, 0o777, link="../y")})


def test_a_requirement_of_its_name_may_bring_it() -> None:
    assert left_out("COPY app.py .\nCOPY pkg pkg", {**CODE, "requirements.txt": "lib==1\n"}) == []


def test_files_that_are_moved_afterwards_are_not_known() -> None:
    assert not staged_by("COPY . .\nRUN rm -rf pkg").whole
    assert project("COPY . .\nRUN rm -rf pkg").ask(py_dep_missing).outcome is Outcome.UNKNOWN


def test_what_is_guarded_or_imported_later_may_be_left_out() -> None:
    code = "try:\n    import lib\nexcept ImportError:\n    lib = None\n\ndef handler(event, context):\n    import pkg\n"
    assert left_out("COPY app.py .", {**CODE, "app.py": code}) == []


def test_the_verdict_says_where_it_is_imported_and_how_to_bring_it() -> None:
    verdict = project("COPY app.py .\nCOPY pkg pkg").ask(py_dep_missing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "/app.py:2 imports `lib`, and the Dockerfile leaves out lib.py"
    assert [e.label for e in verdict.evidence] == [
        "imported at /app.py:2, not in the image",
        "what the image's stage copies",
    ]
    assert verdict.remediation
    assert "COPY lib.py /var/task/lib.py" in verdict.remediation.text


def test_the_handlers_own_file() -> None:
    verdict = project("COPY lib.py .\nCOPY pkg pkg").ask(handler_module_missing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "the Dockerfile leaves out app.py, which the handler names"
    assert project("COPY src/ .", {"src/app.py": coding.HANDLER}).ask(handler_module_missing).outcome is Outcome.PASS


def test_packages_that_the_build_may_install_stay_open() -> None:
    code = "import httpx\n\ndef handler(event, context):\n    return 1\n"
    verdict = project("COPY . .\nRUN pip install -r requirements.txt", {**CODE, "app.py": code}).ask(py_dep_missing)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "`httpx`" in verdict.message


IMPORTS = {"app.py": "import httpx, boto3, json\n" + coding.HANDLER, "requirements.txt": "httpx\n", "more/x.py": ""}


@pytest.mark.parametrize(
    "steps", ["COPY app.py .", "COPY app.py requirements.txt ./\nRUN mkdir /data && chmod 755 /var/task/app.py"]
)
def test_where_nothing_is_installed_packages_are_missing(steps: str) -> None:
    verdict = project(steps, IMPORTS).ask(py_dep_missing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "/app.py:1 imports `httpx`, and nothing provides it"
    assert verdict.evidence[-1].label == "all that the Dockerfile brings; nothing is installed"


@pytest.mark.parametrize(
    "steps",
    [
        "COPY . .",
        "COPY app.py .\nCOPY more/ .",
        "COPY app.py .\nRUN pip install httpx",
        "COPY app.py .\nRUN dnf install -y python3-httpx",
        "COPY *.py .",
        "COPY app.py .\nCOPY --from=build /packages .",
        "COPY app.py .\nCOPY wheels.zip .",
    ],
)
def test_where_something_may_be_installed_packages_are_not_called_missing(steps: str) -> None:
    assert project(steps, IMPORTS).ask(py_dep_missing).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "steps",
    [
        "COPY app.py lib/httpx.py ./",
        "COPY app.py .\nCOPY own.py httpx.py",
        "COPY app.py lib/httpx.py ./\nENV PYTHONPATH=/var/task/lib",
    ],
)
def test_a_file_that_moves_is_another_module_there(steps: str) -> None:
    files = {**IMPORTS, "lib/httpx.py": "", "own.py": ""}
    assert project(steps, files).ask(py_dep_missing).outcome is Outcome.UNKNOWN


def test_what_only_some_runtimes_bring_is_not_missing() -> None:
    code = {"app.py": "import setuptools\n" + coding.HANDLER}
    assert project("COPY app.py .", code).ask(py_dep_missing).outcome is Outcome.UNKNOWN


def test_folders_of_ones_own_path_may_hold_what_is_not_copied_beside_the_handler() -> None:
    files = {**CODE, "shared/lib.py": "def greet():\n    return 2\n"}
    steps = "COPY app.py .\nCOPY pkg pkg\nCOPY shared/ /opt/shared/"
    assert left_out(steps, files) == ["lib.py"]
    assert left_out(f"{steps}\nENV PYTHONPATH=/opt/shared", files) == []


def test_what_is_imported_later_or_guarded_is_not_missing_at_load() -> None:
    code = "try:\n    import httpx\nexcept ImportError:\n    httpx = None\n\ndef handler(event, context):\n    import yaml\n"
    assert project("COPY app.py .", {"app.py": code}).ask(py_dep_missing).outcome is Outcome.UNKNOWN


def test_javascript_packages_where_nothing_is_installed() -> None:
    code = "const axios = require('axios');\nexports.handler = async () => axios;\n"
    files = {"app.js": code, "package.json": '{"dependencies": {"axios": "1"}}'}
    verdict = project("COPY app.js package.json ./", files, base=NODE).ask(node_dep_missing)
    assert verdict.outcome is Outcome.FAIL
    assert "imports `axios`" in verdict.message
    later = project("COPY app.js package.json ./\nRUN npm ci", files, base=NODE).ask(node_dep_missing)
    assert later.outcome is Outcome.UNKNOWN


def test_javascript() -> None:
    assert left_out("COPY app.js .", SCRIPTS, base=NODE) == ["lib.js"]
    verdict = project("COPY app.js .", SCRIPTS, base=NODE).ask(node_dep_missing)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "/app.js:1 imports `./lib`, and the Dockerfile leaves out lib.js"
    assert project("COPY app.js lib.js ./", SCRIPTS, base=NODE).ask(node_dep_missing).outcome is Outcome.PASS
    assert project("COPY lib.js .", SCRIPTS, base=NODE).ask(handler_module_missing).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("step", "package", "gone"),
    [
        ("RUN npm ci --omit=dev", '{"dependencies": {}}', ["lib.js"]),
        ("RUN npm install", '{"dependencies": {}}', ["lib.js"]),
        ("RUN npm install", '{"scripts": {"postinstall": "node make.js"}}', []),
        ("RUN npm ci && npm run build", "{}", []),
    ],
)
def test_scripts_of_npm_may_make_files(step: str, package: str, gone: list[str]) -> None:
    files = {**SCRIPTS, "package.json": package, "package-lock.json": "{}"}
    assert left_out(f"COPY app.js package.json package-lock.json ./\n{step}", files, base=NODE) == gone


def test_an_image_that_is_there_shows_itself() -> None:
    image = GivenImage(reading=SOURCE, transport="docker-daemon", reference="app")
    assert isinstance(project("COPY app.py .", image=image).store.get(StagedCode), Unavailable)
