"""Outside text of any kind makes facts or problems, never an exception."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from troubleshooter.analysis.node.manifests import locked_versions, read_package_json
from troubleshooter.analysis.python.manifests import locked_versions as python_locked
from troubleshooter.analysis.python.manifests import pep440_range, read_pipfile, read_pyproject
from troubleshooter.analysis.python.requirements_txt import read_requirements
from troubleshooter.checks._npm_range import matches, satisfies
from troubleshooter.collectors.index_pages import PageError, npm_document, simple_page
from troubleshooter.collectors.npm_config import npm_sources, parse_npmrc
from troubleshooter.model import Origin

WORDS = st.sampled_from(
    ["requests", "==1.0", ">=", "[", "]", ";", "python_version", "'3'", "--index-url", "-r", "-e", "--hash=", "\\\n", "\n", "#",
     "@", "https://u:p@h/", "${X}", "{", "}", '"', "'", "=", ":", "[project]", "dependencies", "name", "1.x", "^", "||", " - ", "\0",
     "[tool.poetry.dependencies]", "[[source]]", '{"dependencies":', '"files"', "null", "*", "~>", "é", "\ud800"]
)  # fmt: skip
TEXT = st.lists(st.one_of(WORDS, st.text(max_size=5)), max_size=25).map(" ".join) | st.lists(WORDS, max_size=25).map(
    "".join
)


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_manifests(text: str) -> None:
    read_requirements("r.txt", {"r.txt": text}.get)
    read_package_json(text, "package.json", development=False, origin=Origin.SOURCE)
    read_pyproject(text, "pyproject.toml", Origin.SOURCE)
    read_pipfile(text, "Pipfile", Origin.SOURCE)
    for name in ("package-lock.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "Pipfile.lock"):
        locked_versions(name, text)
        python_locked(name, text)
    pep440_range(text)
    parse_npmrc(text, {"X": "x"})
    npm_sources({"HOME": "/nonexistent", "PATH": "/nonexistent"}, text).authorization("https://h/npm/")
    matches(text, [text, "1.0.0"], {"latest": text})
    satisfies(text, text)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_pages(body: bytes) -> None:
    for kind in ("text/html", "application/vnd.pypi.simple.v1+json", "application/json", ""):
        with contextlib.suppress(PageError):
            simple_page(body, kind, "demo")
    with contextlib.suppress(PageError):
        npm_document(body)
