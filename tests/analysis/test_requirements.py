from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.factories import IMAGE, RECORD, SOURCE, function_record, tree
from troubleshooter.analysis.index_questions import index_questions
from troubleshooter.analysis.node.manifests import is_addressed, locked_versions, read_package_json
from troubleshooter.analysis.python.manifests import locked_versions as python_locked
from troubleshooter.analysis.python.manifests import pep440_range
from troubleshooter.analysis.python.requirements import requirements
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.code import Import, ImportClosure
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import Requirement, Requirements, SourceManifests
from troubleshooter.model import Origin

NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "not given")


def of_files(files: dict[str, str]) -> Requirements:
    found = requirements(NOT_GIVEN, SourceManifests(reading=SOURCE, root="/src", files=files))
    assert isinstance(found, Requirements)
    return found


def code(files: dict[str, str], kind: str = "image") -> CodeTree:
    return CodeTree(
        reading=IMAGE, tree=tree({f"/var/task/{k}": v for k, v in files.items()}), root="/var/task", kind=kind
    )


def named(found: Requirements) -> dict[str, Requirement]:
    return {asked.name: asked for asked in found.requirements}


def test_a_source_folder_of_several_parts() -> None:
    found = of_files(
        {
            "lambda/requirements.txt": "strands>=0.2.0\nlangfuse>=3.0.0 ; python_version < '3.13'\n",
            "requirements-dev.txt": "-r lambda/requirements.txt\npytest\n",
            "requirements/base.txt": "six\n",
            "package.json": '{\n "dependencies": {\n  "p-limit": "^5.0.0"\n },\n "devDependencies": {"jest": "29"}\n}',
        }
    )
    asked = named(found)
    assert (asked["strands"].specifier, asked["strands"].place) == (">=0.2.0", "lambda/requirements.txt:1")
    assert asked["langfuse"].marker == 'python_version < "3.13"'
    assert asked["p-limit"].place == "package.json:3"
    assert {name for name, each in asked.items() if each.development} == {"pytest", "jest"}
    assert not asked["six"].development
    assert len(found.requirements) == 6


def test_the_image_and_the_source_are_told_apart() -> None:
    source = SourceManifests(reading=SOURCE, root="/src", files={"requirements.txt": "requests==2\n"})
    image = code(
        {
            "requirements.txt": "requests==1\n--index-url https://in-the-image.invalid/\n",
            "fn/requirements.txt": "six\n",
            "somepackage/__init__.py": "",
            "somepackage/requirements.txt": "not-ours\n",
            "node_modules/x/package.json": '{"dependencies": {"not-ours-either": "1"}}',
        }
    )
    found = requirements(image, source)
    assert isinstance(found, Requirements)
    assert [(r.place, r.origin) for r in found.requirements] == [
        ("requirements.txt:1", Origin.SOURCE),
        ("/var/task/requirements.txt:1", Origin.IMAGE),
        ("/var/task/fn/requirements.txt:1", Origin.IMAGE),
    ]
    assert found.index_options == (), "what an image says of indexes is not asked"
    assert ("pypi", "/var/task/requirements.txt") in found.other_sources


def test_a_source_folder_is_told_once_though_it_is_a_tree_too() -> None:
    source = SourceManifests(reading=SOURCE, root="/src", files={"requirements.txt": "requests\n"})
    found = requirements(code({"requirements.txt": "requests\n"}, "source"), source)
    assert isinstance(found, Requirements)
    assert len(found.requirements) == 1
    alone = requirements(code({"requirements.txt": "requests\n", "a/b/requirements.txt": "six\n"}, "source"), NOT_GIVEN)
    assert isinstance(alone, Requirements)
    assert [r.place for r in alone.requirements] == ["requirements.txt:1", "a/b/requirements.txt:1"]


def test_the_reason_that_applies_travels() -> None:
    denied = Unavailable(Reason.DENIED, "denied")
    assert requirements(denied, NOT_GIVEN) is denied
    assert requirements(NOT_GIVEN, denied) is denied
    assert requirements(NOT_GIVEN, NOT_GIVEN) == NOT_GIVEN


def test_pyproject_of_every_tool() -> None:
    found = of_files(
        {
            "pyproject.toml": """
[project]
name = "own-lib"
dependencies = ["httpx>=0.27", "own_lib[extra]", "vendored", "broken ="]
[project.optional-dependencies]
gpu = ["torch>=2"]
[dependency-groups]
dev = ["ruff", {include-group = "x"}]
[tool.uv]
dev-dependencies = ["mypy"]
[tool.uv.sources]
vendored = { path = "../vendored" }
[[tool.uv.index]]
name = "corp"
url = "https://corp.invalid/simple"
[tool.poetry.dependencies]
python = "^3.11"
boto3 = "^1.34.5"
local = { path = "../local" }
extra = { version = "~2.1", optional = true }
[tool.poetry.group.test.dependencies]
moto = "*"
"""
        }
    )
    asked = named(found)
    assert asked["httpx"].place == "pyproject.toml:4"
    assert asked["boto3"].specifier == "<2,>=1.34.5"
    assert {name for name, each in asked.items() if each.direct} == {"own_lib", "vendored", "local"}
    assert {name for name, each in asked.items() if each.optional} == {"torch", "extra"}
    assert {name for name, each in asked.items() if each.development} == {"ruff", "mypy", "moto"}
    assert "python" not in asked
    assert found.index_options == ("--extra-index-url https://corp.invalid/simple",)
    assert len(found.problems) == 1


def test_pipfile_and_its_index() -> None:
    found = of_files(
        {
            "Pipfile": '[[source]]\nurl = "https://corp.invalid/simple"\n[packages]\nrequests = "==2.31"\nx = {git = "g"}\n'
            '[dev-packages]\npytest = "*"\n',
            "Pipfile.lock": '{"default": {"requests": {"version": "==2.31"}}}',
        }
    )
    asked = named(found)
    assert (asked["requests"].specifier, asked["requests"].locked) == ("==2.31", ("2.31",))
    assert asked["x"].direct
    assert asked["pytest"].development
    assert found.index_options == ("--extra-index-url https://corp.invalid/simple",)


@pytest.mark.parametrize(
    ("poetry", "pep440"),
    [
        ("^1.2.3", "<2,>=1.2.3"), ("^0.2.3", "<0.3,>=0.2.3"), ("^0.0.3", "<0.0.4,>=0.0.3"), ("^0.0", "<0.1,>=0.0"), ("^1", "<2,>=1"),
        ("~1.2.3", "<1.3,>=1.2.3"), ("~1.2", "<1.3,>=1.2"), ("~1", "<2,>=1"), ("1.2.3", "==1.2.3"), ("*", ""), ("1.*", "==1.*"),
        (">=1,<2", "<2,>=1"), ("~=1.4", "~=1.4"), ("not a version", ""),
    ],
)  # fmt: skip
def test_poetrys_ranges(poetry: str, pep440: str) -> None:
    assert pep440_range(poetry) == pep440


def test_package_json_sections_as_npm_counts_them() -> None:
    data = {
        "name": "own",
        "dependencies": {"a": "1", "both": "1", "@s/b": "^2", "own": "1"},
        "optionalDependencies": {"both": "1"},
        "peerDependencies": {"peer": "1", "a": "2"},
        "devDependencies": {"d": "1"},
    }
    asked = named(of_files({"package.json": json.dumps(data)}))
    assert (asked["a"].specifier, asked["a"].optional) == ("1", False)
    assert asked["both"].optional
    assert asked["peer"].optional
    assert asked["d"].development
    assert asked["own"].direct, "the folder is that package"


@pytest.mark.parametrize(
    "wanted",
    ["file:../x", "link:x", "workspace:*", "npm:other@1", "git+https://h/x.git", "git@h.io:u/x.git", "u/x", "github:u/x",
     "https://h/x.tgz", "./x", "~/x", "/x", "x.tgz", "catalog:", "patch:x@1"],
)  # fmt: skip
def test_what_is_not_asked_of_a_registry(wanted: str) -> None:
    assert is_addressed(wanted)


@pytest.mark.parametrize("wanted", ["", "*", "^1.2.3", "latest", "1 || 2", "1.0.0 - 2", ">=1 <2", "v1.0.0", "1.x"])
def test_what_is_asked_of_a_registry(wanted: str) -> None:
    assert not is_addressed(wanted)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"dependencies": 3}', '{"dependencies": {"a": 3, "b c": "1"}}', "[" * 99_999]
)
def test_hostile_package_json(text: str) -> None:
    found = read_package_json(text, "package.json", development=False, origin=Origin.SOURCE)
    assert found.requirements == []


def test_lock_files() -> None:
    npm = {"packages": {"": {"version": "1.0.0"}, "node_modules/a": {"version": "1.2.3"},
                        "node_modules/a/node_modules/@s/b": {"version": "2.0.0"}}}  # fmt: skip
    assert locked_versions("package-lock.json", json.dumps(npm)) == {"a": ("1.2.3",), "@s/b": ("2.0.0",)}
    yarn = '# yarn lockfile v1\n\n"@s/b@^2", "@s/b@^2.1":\n  version "2.1.0"\n\na@^1:\n  version "1.0.0"\n'
    assert locked_versions("yarn.lock", yarn) == {"@s/b": ("2.1.0",), "a": ("1.0.0",)}
    berry = '"a@npm:^1":\n  version: 1.0.1\n  resolution: "a@npm:1.0.1"\n'
    assert locked_versions("yarn.lock", berry) == {"a": ("1.0.1",)}
    pnpm = "packages:\n\n  '@s/b@2.1.0':\n    resolution: {}\n\n  a@1.0.0(x@1):\n    resolution: {}\n  /old/1.1.0:\n    dev: true\n"
    assert locked_versions("pnpm-lock.yaml", pnpm) == {"@s/b": ("2.1.0",), "a": ("1.0.0",), "old": ("1.1.0",)}
    poetry = '[[package]]\nname = "Own_Lib"\nversion = "1.0"\n'
    assert python_locked("poetry.lock", poetry) == {"own-lib": ("1.0",)}
    for path in ("package-lock.json", "poetry.lock", "Pipfile.lock"):
        assert locked_versions(path, "[" * 99_999) == {}
        assert python_locked(path, "[" * 99_999) == {}


def test_a_lock_file_speaks_for_its_own_folder() -> None:
    lock = '{"packages": {"node_modules/a": {"version": "1.0.0"}}}'
    text = '{"dependencies": {"a": "^1"}}'
    files = {"web/package.json": text, "web/package-lock.json": lock, "api/package.json": text}
    locked = {asked.place: asked.locked for asked in of_files(files).requirements}
    assert locked == {"web/package.json:1": ("1.0.0",), "api/package.json:1": ()}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "Dockerfile",
            "FROM x\nRUN pip install --extra-index-url https://corp.invalid/s -r r.txt\n",
            [("pypi", "Dockerfile:2")],
        ),
        ("Dockerfile", "ENV PIP_INDEX_URL=https://corp.invalid/s\n", [("pypi", "Dockerfile:1")]),
        ("Dockerfile", "RUN npm ci --registry=https://corp.invalid\n", [("npm", "Dockerfile:1")]),
        ("Dockerfile", "COPY .npmrc ./\n", [("npm", "Dockerfile:1")]),
        ("Dockerfile", "# pip install --index-url x\nRUN pip install -r requirements.txt && npm ci\n", []),
        ("pip.conf", "[global]\nindex-url = https://corp.invalid/s\n", [("pypi", "pip.conf")]),
        (".yarnrc.yml", "npmRegistryServer: https://corp.invalid\n", [("npm", ".yarnrc.yml")]),
        (".yarnrc.yml", "nodeLinker: node-modules\n", []),
        ("sub/.npmrc", "registry=https://corp.invalid\n", [("npm", "sub/.npmrc")]),
    ],
)
def test_builds_with_an_index_of_their_own(path: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert list(of_files({path: text, "package.json": "{}"}).other_sources) == expected


def test_the_projects_npmrc_and_scopes_of_requirements_files() -> None:
    found = of_files(
        {
            ".npmrc": "registry=https://corp.invalid\n//corp.invalid/:_authToken=npmrc-canary\n",
            "package.json": "{}",
            "requirements.txt": "--index-url https://a.invalid/\nsix\n",
            "other-requirements.txt": "attrs\n",
            "requirements-dev.txt": "--index-url https://dev.invalid/\nruff\n",
        }
    )
    assert found.npmrc.startswith("registry=")
    assert "canary" not in repr(found)
    assert sorted(found.index_scopes) == [(), ("--index-url https://a.invalid/",)]


def closure(*missing: str, language: str = "python") -> ImportClosure:
    imports = tuple(Import(name.split(".")[0] if language == "python" else name, name, "app.py", 1) for name in missing)
    return ImportClosure(reading=SOURCE, language=language, missing=imports)


def test_questions_of_a_source_and_of_missing_imports() -> None:
    asked = of_files(
        {"requirements.txt": "Strands>=1\n-e git+https://h.invalid/x#egg=direct\n", "requirements-dev.txt": "ruff"}
    )
    found = index_questions(asked, closure("strands.models", "cv2"), NOT_GIVEN, NOT_GIVEN)
    assert not isinstance(found, Unavailable)
    assert found.names[:3] == (("pypi", "strands"), ("pypi", "strands-agents"), ("pypi", "cv2"))
    assert ("pypi", "opencv-python") in found.names
    assert not {("pypi", "direct"), ("pypi", "ruff")} & set(found.names)


def test_a_healthy_function_asks_nothing() -> None:
    asked = of_files({"requirements.txt": "requests\n", "package.json": '{"dependencies": {"a": "1"}}'})
    for function, tree_ in ((function_record(reading=RECORD), NOT_GIVEN), (NOT_GIVEN, code({}))):
        found = index_questions(asked, closure(), function, tree_)
        assert not isinstance(found, Unavailable)
        assert found.names == ()


def test_missing_node_packages_are_asked_of_npm() -> None:
    found = index_questions(NOT_GIVEN, closure("@scope/x", language="node"), NOT_GIVEN, NOT_GIVEN)
    assert not isinstance(found, Unavailable)
    assert found.names == (("npm", "@scope/x"),)
    denied = Unavailable(Reason.DENIED, "denied")
    assert index_questions(NOT_GIVEN, denied, NOT_GIVEN, NOT_GIVEN) is denied


def test_a_tree_that_kept_nothing_says_so(tmp_path: Path) -> None:
    from troubleshooter.facts.tree import Entry, FileTree, Kind

    entries = {
        "/var": Entry(Kind.DIRECTORY),
        "/var/task": Entry(Kind.DIRECTORY),
        "/var/task/package.json": Entry(Kind.FILE),
    }
    empty = CodeTree(reading=IMAGE, tree=FileTree(entries, lambda path: None), root="/var/task", kind="image")
    found = requirements(empty, NOT_GIVEN)
    assert isinstance(found, Requirements)
    assert found.problems == ("package.json: was not kept",)


def test_places_in_toml_are_of_the_entry_itself() -> None:
    text = '[project]\ndescription = "about six and httpx"\ndependencies = [\n  "six",\n  \'httpx\',\n]\n'
    text += '[tool.poetry.dependencies]\npython = "^3.12"\nx = "^1"\nhttpx = "^1"\n'
    places = [asked.place for asked in of_files({"pyproject.toml": text}).requirements]
    assert places == ["pyproject.toml:4", "pyproject.toml:5", "pyproject.toml:9", "pyproject.toml:10"]
