"""The look-ups against a real index on the loopback interface, over real httpx."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import SOURCE
from tests.lab.package_index import PackageIndex, Project, package_document
from troubleshooter.analysis import index_questions
from troubleshooter.analysis.python import requirements
from troubleshooter.checks import all_checks
from troubleshooter.collectors import index_sources, package_index, source_requirements
from troubleshooter.collectors.package_index import index_answers
from troubleshooter.collectors.web import Web
from troubleshooter.facts import CallLog, Reason, Store, Unavailable, providers_in
from troubleshooter.facts.given import GivenOptions, GivenSource
from troubleshooter.facts.packages import IndexAnswer, IndexAnswers, IndexQuestions, Requirements
from troubleshooter.model import Outcome
from troubleshooter.redact import Secrets

NOT_GIVEN = Unavailable(Reason.NOT_GIVEN, "not given")
STRANDS = ("pypi", "strands")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of this machine's user."""
    import os

    for name in list(os.environ):
        if name.upper().startswith(("PIP_", "NPM_CONFIG_", "UV_", "XDG_", "REQUESTS_", "CURL_", "NETRC")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with PackageIndex(pypi={"strands": Project(("0.1.0",)), "langfuse": Project(("2.0", "3.0.0"))}) as running:
        running.npm["p-limit"] = package_document("p-limit", ["4.0.0", "5.0.0"])
        yield running


def ask(*names: tuple[str, str], secrets: Secrets | None = None, calls: CallLog | None = None, **more: Any) -> Any:
    web = Web(calls or CallLog())
    try:
        return index_answers(
            IndexQuestions(reading=SOURCE, names=names),
            more.get("requirements", NOT_GIVEN),
            more.get("source", NOT_GIVEN),
            more.get("options", NOT_GIVEN),
            web,
            secrets or Secrets(),
        )
    finally:
        web.close()


def answer(name: tuple[str, str], **more: Any) -> IndexAnswer:
    answers = ask(name, **more)
    assert isinstance(answers, IndexAnswers)
    return answers.answers[name]


def use(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.simple + "/")
    monkeypatch.setenv("npm_config_registry", index.url)


@pytest.mark.parametrize("html_only", [False, True])
def test_versions_from_json_and_html(monkeypatch: pytest.MonkeyPatch, index: PackageIndex, html_only: bool) -> None:
    use(monkeypatch, index)
    index.html_only = html_only
    index.pypi["strands"] = Project(
        ("0.1.0", "0.2.0"), ("strands-0.1.0-py3-none-any.whl", "strands-0.2.0.tar.gz", "other-9.tar.gz"), ("0.2.0",)
    )
    found = answer(STRANDS)
    assert (found.exists, found.versions, found.yanked, found.detail) == (True, ("0.1.0", "0.2.0"), ("0.2.0",), "")
    assert found.sources == (index.simple + "/",)


def test_a_name_that_no_source_has(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    assert answer(("pypi", "no-such-thing")).exists is False
    assert answer(("npm", "no-such-thing")).exists is False


def test_npm_names_are_encoded_and_tags_kept(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    index.npm["@acme/log"] = package_document("@acme/log", ["1.0.0", "2.0.0-rc.1"], latest="1.0.0", next="2.0.0-rc.1")
    found = answer(("npm", "@acme/log"))
    assert found.versions == ("1.0.0", "2.0.0-rc.1")
    assert found.tags == {"latest": "1.0.0", "next": "2.0.0-rc.1"}
    assert index.asked()[-1].lower() == "/@acme%2flog"
    assert "application/vnd.npm.install-v1+json" in index.seen[-1].headers["accept"]


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_a_refusal_is_no_answer(monkeypatch: pytest.MonkeyPatch, index: PackageIndex, status: int) -> None:
    use(monkeypatch, index)
    index.statuses = {"/simple/strands/": status, "/p-limit": status}
    for name in (STRANDS, ("npm", "p-limit")):
        found = answer(name)
        assert found.exists is None
        assert str(status) in found.detail


def test_one_silent_source_keeps_absence_open_but_not_presence(
    monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    use(monkeypatch, index)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:9/simple")
    answers = ask(STRANDS, ("pypi", "no-such-thing")).answers
    assert answers[STRANDS].exists is True
    assert answers[STRANDS].detail
    assert answers["pypi", "no-such-thing"].exists is None


def test_a_hanging_source_is_left_after_its_time(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    monkeypatch.setattr(index_sources, "PAGE_S", 0.3)
    index.hang = True
    began = time.monotonic()
    answers = ask(*[("pypi", f"name{i}") for i in range(40)])
    assert time.monotonic() - began < 9
    assert {each.exists for each in answers.answers.values()} == {None}
    assert len(index.seen) <= 16, "once it is silent it is not asked again"


def test_redirects_are_followed_and_credentials_stay(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    with PackageIndex(pypi=index.pypi) as other:
        index.user, index.password = "ci", "hunter2-hunter2"
        index.redirects = {"/simple/strands/": f"{other.simple}/strands/"}
        monkeypatch.setenv("PIP_INDEX_URL", f"http://ci:hunter2-hunter2@{index.host}/simple")
        assert answer(STRANDS).exists is True
        assert "authorization" in index.seen[0].headers
        assert "authorization" not in other.seen[0].headers
        assert "json" in other.seen[0].headers["accept"]


def test_credentials_are_sent_and_never_shown(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    index.user, index.password = "ci@acme", "p%ss-w0rd-canary"
    monkeypatch.setenv("PIP_INDEX_URL", f"http://ci%40acme:p%25ss-w0rd-canary@{index.host}/simple")
    secrets, calls = Secrets(), CallLog()
    answers = ask(STRANDS, secrets=secrets, calls=calls)
    assert answers.answers[STRANDS].exists is True
    shown = repr(answers) + repr(calls.since(0))
    assert "canary" not in shown
    assert "acme" not in shown
    for form in ("p%ss-w0rd-canary", "p%25ss-w0rd-canary"):
        assert form not in secrets.redact(f"ERROR: {form}")


def test_credentials_of_netrc(monkeypatch: pytest.MonkeyPatch, index: PackageIndex, tmp_path: Path) -> None:
    use(monkeypatch, index)
    index.user, index.password = "ci", "from-netrc-canary"
    (tmp_path / "home" / ".netrc").write_text("machine 127.0.0.1 login ci password from-netrc-canary\n")
    (tmp_path / "home" / ".netrc").chmod(0o600)
    assert answer(STRANDS).exists is True


def test_npm_token_goes_to_its_own_registry_alone(
    monkeypatch: pytest.MonkeyPatch, index: PackageIndex, tmp_path: Path
) -> None:
    with PackageIndex(npm={"@acme/log": package_document("@acme/log", ["1.0.0"])}, token="scope-canary") as private:
        monkeypatch.setenv("ACME_TOKEN", "scope-canary")
        (tmp_path / "home" / ".npmrc").write_text(
            f"registry={index.url}/\n@acme:registry={private.url}/npm/\n//{private.host}/:_authToken=${{ACME_TOKEN}}\n"
        )
        private.bodies["/npm/@acme%2Flog"] = ("application/json", b'{"versions": {"1.0.0": {}}}')
        answers = ask(("npm", "@acme/log"), ("npm", "p-limit"))
        assert answers.answers["npm", "@acme/log"].versions == ("1.0.0",)
        assert answers.answers["npm", "p-limit"].exists is True
        assert private.seen[0].headers["authorization"] == "Bearer scope-canary"
        assert all("authorization" not in each.headers for each in index.seen)
        assert "canary" not in repr(answers)


def test_an_address_that_is_no_index_proves_nothing(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url + "/wrong/path")
    monkeypatch.setenv("npm_config_registry", index.url)
    index.statuses = {"/gone": 404}
    found = answer(STRANDS)
    assert found.exists is None
    assert "may be no index" in found.detail
    # A 404 that no registry wrote.
    assert answer(("npm", "gone")).exists is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html><a href='/login'>log in to the network</a></html>"),
        ("text/html", b""),
        ("application/octet-stream", b"\0"),
        ("application/vnd.pypi.simple.v1+json", b"{"),
        ("application/vnd.pypi.simple.v1+json", b"[" * 100_000),
        ("application/vnd.pypi.simple.v1+json", b'{"files": 3}'),
    ],
)
def test_what_is_no_page_of_an_index_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, index: PackageIndex, kind: str, body: bytes
) -> None:
    use(monkeypatch, index)
    index.bodies = {"/simple/strands/": (kind, body), "/p-limit": (kind, body)}
    assert answer(STRANDS).exists is None
    assert answer(("npm", "p-limit")).exists is None


def test_a_page_that_is_too_big_is_no_answer(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    monkeypatch.setattr(index_sources, "LARGEST", 1000)
    index.pypi["strands"] = Project(tuple(f"1.{n}" for n in range(100)))
    found = answer(STRANDS)
    assert found.exists is None
    assert "1000 bytes" in found.detail


def test_folders_are_indexes_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tmp_path / "simple" / "strands"
    project.mkdir(parents=True)
    (project / "index.html").write_text('<a href="../../files/strands-0.1.0-py3-none-any.whl#sha256=0">x</a>')
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "langfuse-3.0.0.tar.gz").write_bytes(b"")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    answers = ask(STRANDS, ("pypi", "langfuse"), ("pypi", "nothing")).answers
    assert answers[STRANDS].versions == ("0.1.0",)
    assert answers["pypi", "langfuse"].versions == ("3.0.0",)
    assert answers["pypi", "nothing"].exists is False


@pytest.mark.parametrize(
    "location",
    ["file:///no/such/folder", "http://index.invalid/simple", "https://${NOT_SET}@127.0.0.1/simple", "ftp://x/"],
)
def test_what_cannot_be_asked_leaves_absence_open(monkeypatch: pytest.MonkeyPatch, location: str) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", location)
    assert answer(STRANDS).exists is None


def test_options_of_requirements_files_count_as_for_pip(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("INDEX_HOST", index.host)
    only = Requirements(reading=SOURCE, index_scopes=(("--index-url http://${INDEX_HOST}/simple",),))
    assert answer(("pypi", "nothing"), requirements=only).exists is False
    both = Requirements(reading=SOURCE, index_scopes=(("--index-url http://${INDEX_HOST}/simple",), ()))
    assert answer(("pypi", "nothing"), requirements=both).exists is None


def test_find_links_start_at_the_source_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "own_lib-1.0-py3-none-any.whl").write_bytes(b"")
    asked = Requirements(reading=SOURCE, index_scopes=(("--no-index", "--find-links wheels"),))
    source = GivenSource(reading=SOURCE, path=tmp_path)
    assert answer(("pypi", "own-lib"), requirements=asked, source=source).versions == ("1.0",)
    assert answer(("pypi", "other"), requirements=asked, source=source).exists is False


def test_a_build_with_an_index_of_its_own_leaves_absence_open(
    monkeypatch: pytest.MonkeyPatch, index: PackageIndex
) -> None:
    use(monkeypatch, index)
    asked = Requirements(reading=SOURCE, other_sources=(("pypi", "Dockerfile:4"),))
    found = answer(("pypi", "nothing"), requirements=asked)
    assert found.exists is None
    assert "Dockerfile:4" in found.detail
    assert answer(("npm", "nothing"), requirements=asked).exists is False


def test_no_question_and_no_network_offline(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    assert ask().answers == {}
    refused = ask(STRANDS, options=GivenOptions(reading=SOURCE, offline=True))
    assert isinstance(refused, Unavailable)
    assert refused.reason is Reason.REFUSED
    assert index.seen == []


def test_many_names_are_asked_in_parallel(monkeypatch: pytest.MonkeyPatch, index: PackageIndex) -> None:
    use(monkeypatch, index)
    names = [("pypi", f"name{i}") for i in range(60)] + [STRANDS]
    answers = ask(*names).answers
    assert len(answers) == 61
    assert sum(each.exists is False for each in answers.values()) == 60


def test_from_a_source_folder_to_the_verdict(
    monkeypatch: pytest.MonkeyPatch, index: PackageIndex, tmp_path: Path
) -> None:
    """The store resolves it all: folder, requirements, questions, answers, check."""
    use(monkeypatch, index)
    folder = tmp_path / "source"
    (folder / "lambda").mkdir(parents=True)
    (folder / "lambda" / "requirements.txt").write_text("strands>=0.2.0\nlangfuse>=3.0.0\n")
    (folder / "package.json").write_text('{"dependencies": {"p-limit": "^5.0.0", "no-such-thing": "^2.0.0"}}')
    web = Web(CallLog())
    modules = (source_requirements, requirements, index_questions, package_index)
    store = Store(providers_in(modules), [GivenSource(reading=SOURCE, path=folder), web, Secrets()])
    verdict = all_checks()["version_does_not_exist"].run(store)
    web.close()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.message == "lambda/requirements.txt:1 asks for strands>=0.2.0, and there is only 0.1.0 (and 1 more)"
    assert {"/no-such-thing", "/p-limit", "/simple/strands/", "/simple/langfuse/"} <= set(index.asked())
