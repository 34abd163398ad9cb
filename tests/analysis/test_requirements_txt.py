"""Held against pip's own parser of requirements files, on generated files."""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement as Pep508

from troubleshooter.analysis.python.requirements_txt import read_line, read_requirements

req_file = pytest.importorskip("pip._internal.req.req_file", reason="the interpreter of these tests has no pip")

LINES = [
    "requests",
    "requests==2.31.0",
    "Requests [security,socks] >= 2.8.1 , == 2.8.* ; python_version < '3.13'",
    "django>=4,<5  # the framework",
    "# nothing",
    "   ",
    "flask \\\n  >=2 \\\n  ,<4",
    "six==1.16.0 \\\n    --hash=sha256:aaaa \\\n    --hash=sha256:bbbb",
    "boto3 # --index-url https://comment.invalid",
    "attrs>=20 ; sys_platform == 'linux' # x",
    "demo @ https://files.invalid/demo-1.0-py3-none-any.whl",
    "git+https://git.invalid/x.git@main#egg=fromgit",
    "-e git+https://git.invalid/y.git#egg=editable",
    "https://files.invalid/direct-2.0-py3-none-any.whl",
    "--index-url https://one.invalid/simple",
    "-i https://two.invalid/simple",
    "--extra-index-url=https://three.invalid/simple",
    "--no-index",
    "-f https://links.invalid/page.html",
    "--find-links https://links.invalid/other",
    "--trusted-host three.invalid",
    "--pre",
    "--only-binary :all:",
    "-r other.txt",
    "-c constraints.txt",
    "--requirement sub/more.txt",
    "zope.interface",
    "a#b",
]
INVALID = ["==1.0", "foo bar", "--no-such-option", "foo>=", "--index-url 'x"]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pip._internal.network.session import PipSession

    with warnings.catch_warnings(action="ignore"), PipSession() as opened:
        yield opened


@pytest.mark.parametrize("seed", range(70))
def test_requirements_and_options_are_those_of_pip(tmp_path: Path, session: Any, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    (tmp_path / "sub").mkdir()
    files = {
        "requirements.txt": "\n".join(rng.choices(LINES, k=rng.randint(0, 9))) + rng.choice(["", "\n", "\\"]),
        "other.txt": "inner==1\n--extra-index-url https://inner.invalid/\n",
        "sub/more.txt": "-r ../other.txt\ndeeper\n" if rng.random() < 0.5 else "deeper\n",
        "constraints.txt": "requests<3\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    theirs: dict[tuple[str, str], None] = {}
    options: list[str] = []
    for line in lines_of_pip(tmp_path / "requirements.txt", session):
        place = f"{os.path.relpath(os.path.realpath(line.filename), os.path.realpath(tmp_path))}:{line.lineno}"
        if line.is_requirement and not line.constraint and line.requirement != "a#b":
            theirs[line.requirement, place] = None
        elif not line.is_requirement:
            options += [f"--index-url {line.opts.index_url}"] if line.opts.index_url else []
            options += [f"--extra-index-url {url}" for url in line.opts.extra_index_urls]
            options += ["--no-index"] if line.opts.no_index else []
            options += [f"--find-links {url}" for url in (line.opts.find_links or [])]
    found = read_requirements("requirements.txt", files.get)
    # A file that is included twice is told once.
    assert [r.place for r in found.requirements] == [place for _, place in theirs]
    for asked, (text, _) in zip(found.requirements, theirs, strict=True):
        if not asked.direct:
            known = Pep508(text)
            assert (asked.name, asked.specifier) == (known.name, str(known.specifier))
    ours = [option for option in found.options if not option.startswith("--trusted-host")]
    assert list(dict.fromkeys(ours)) == list(dict.fromkeys(options))


def lines_of_pip(path: Path, session: Any) -> list[Any]:
    parser = req_file.RequirementsFileParser(session, req_file.get_line_parser(None))
    return list(parser.parse(str(path), constraint=False))


@pytest.mark.parametrize("line", INVALID)
def test_what_pip_refuses_is_a_problem_with_its_place(line: str) -> None:
    found = read_requirements("requirements.txt", {"requirements.txt": f"fine\n{line}\n"}.get)
    assert [r.name for r in found.requirements] == ["fine"]
    assert len(found.problems) == 1
    assert found.problems[0].startswith("requirements.txt:2:")


def test_addresses_are_no_names_of_an_index() -> None:
    for line in LINES[10:12] + LINES[13:14]:
        asked = read_line(line, "r:1")
        assert asked is not None
        assert asked.direct
    assert read_line("./local/project", "r:1") is None
    assert read_line("https://files.invalid/archive.tar.gz", "r:1") is None


def test_variables_stay_as_they_are() -> None:
    text = "--extra-index-url https://${USER}:${TOKEN}@one.invalid/simple\nfoo==${VERSION}\n"
    found = read_requirements("requirements.txt", {"requirements.txt": text}.get)
    assert found.options == ["--extra-index-url https://${USER}:${TOKEN}@one.invalid/simple"]
    assert found.requirements == []
    assert len(found.problems) == 1


def test_includes_end(tmp_path: Path) -> None:
    loop = {
        "requirements.txt": "-r a.txt\none\n",
        "a.txt": "-r requirements.txt\ntwo\n-r gone.txt\n-r https://h.invalid/x\n",
    }
    found = read_requirements("requirements.txt", loop.get)
    assert [r.name for r in found.requirements] == ["two", "one"]
    assert len(found.problems) == 2
    chain = {f"{n}.txt": f"-r {n + 1}.txt\n" for n in range(200)}
    assert len(read_requirements("0.txt", chain.get).files) == 50
    outside = read_requirements("requirements.txt", {"requirements.txt": "-r ../../etc/passwd\n"}.get)
    assert outside.problems


def test_find_links_start_at_the_files_own_folder() -> None:
    found = read_requirements("deep/requirements.txt", {"deep/requirements.txt": "--find-links wheels\n-f /abs\n"}.get)
    assert found.options == ["--find-links deep/wheels", "--find-links /abs"]
