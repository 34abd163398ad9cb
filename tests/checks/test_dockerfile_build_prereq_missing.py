from __future__ import annotations

import pytest

from tests.factories import SOURCE, tree
from troubleshooter.analysis.dockerfile.context import build_gaps
from troubleshooter.analysis.dockerfile.stage import stages_of
from troubleshooter.checks.build.dockerfile_build_prereq_missing import dockerfile_build_prereq_missing as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.build import BuildGaps, ImageRecipe
from troubleshooter.facts.image import CodeTree
from troubleshooter.model import Outcome, Verdict
from troubleshooter.redact import Secrets

BASE = "FROM public.ecr.aws/lambda/python:3.12\n"
NONE = Unavailable(Reason.NOT_GIVEN, "not given")
FILES = {"/app.py": "", "/requirements.txt": "x", "/package.json": "{}", "/package-lock.json": "{}", "/src/main.py": ""}


def gaps(dockerfile: str, files: dict[str, str] | None = None, path: str = "Dockerfile") -> BuildGaps | Unavailable:
    stages = stages_of(path, dockerfile, Secrets(b"salt"))
    contexts = ("",) if "/" not in path else (path.rpartition("/")[0], "")
    recipe = ImageRecipe(reading=SOURCE, path=path, contexts=contexts, stages=stages)
    code = CodeTree(reading=SOURCE, tree=tree({**(FILES if files is None else files)}), root="/", kind="source")
    return build_gaps(recipe, code, NONE, NONE)


def verdict(dockerfile: str, files: dict[str, str] | None = None) -> Verdict:
    found = gaps(dockerfile, files)
    assert isinstance(found, BuildGaps)
    return the_check(found)


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ("COPY app.py requirement.txt ./\n", "but requirements.txt"),
        (
            "COPY app.py ./\nRUN pip install -r requirements.txt\n",
            "no step before copies a file to /var/task/requirements.txt",
        ),
        (
            "WORKDIR /x\nCOPY requirements.txt /y/\nRUN pip install --requirement=requirements.txt\n",
            "/x/requirements.txt",
        ),
        ("COPY package.json ./\nRUN npm ci\n", "package-lock.json"),
        (
            "COPY app.py ./\nRUN dnf install -y gcc && pip install --upgrade \\\n  pip && pip install -r requirements.txt\n",
            "/var/task/requirements.txt",
        ),
    ],
)
def test_what_a_step_misses(steps: str, words: str) -> None:
    found = verdict(BASE + steps)
    assert found.outcome is Outcome.FAIL
    assert words in found.message
    assert found.evidence[0].source.startswith("Dockerfile:")
    assert found.remediation
    assert "Dockerfile:" in found.remediation.text


def test_a_file_that_lies_in_another_folder_may_be_put_there_before_the_build() -> None:
    found = verdict(BASE + "COPY requirements.txt main.py ./\n")
    assert found.outcome is Outcome.UNKNOWN
    assert "but src/main.py" in found.message
    both = verdict(BASE + "COPY requirement.txt app.py main.py ./\n")
    assert both.outcome is Outcome.FAIL
    assert "main.py" not in both.message


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements.lock.txt", "app2.py"])
def test_a_name_with_a_word_or_number_more_is_a_file_of_its_own(name: str) -> None:
    assert verdict(BASE + f"COPY app.py requirements.txt {name} ./\n").outcome is not Outcome.FAIL


def test_what_dockerignore_keeps_out() -> None:
    found = verdict(BASE + "COPY requirements.txt ./\n", {**FILES, "/.dockerignore": "# c\n*.txt\n"})
    assert found.outcome is Outcome.FAIL
    assert ".dockerignore:2 *.txt" in found.message


@pytest.mark.parametrize(
    "steps",
    [
        "COPY . .\nRUN pip install -r requirements.txt && npm install\n",
        "COPY requirements*.txt ./\nRUN pip install -r requirements.txt\n",
        "COPY requirements.txt /tmp/\nRUN pip install -r /tmp/requirements.txt\n",
        "COPY requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt\n",
        "RUN --mount=type=bind,source=requirements.txt,target=requirements.txt pip install -r requirements.txt\n",
        "COPY --from=other /r /r\nRUN pip install -r requirements.txt\n",
        "RUN curl -o requirements.txt https://x/y\nRUN pip install -r requirements.txt\n",
        "RUN echo x > requirements.txt\nRUN pip install -r requirements.txt\n",
        "COPY app.py dist/ ./\nCOPY *.lock ./\nCOPY $FILE ./\n",
        "COPY app.py bundle.js ./\n",
        "COPY app.py setup.py ./\n",
        "COPY package*.json ./\nRUN npm ci --omit=dev\n",
        "COPY ../shared/x.py app.py ./\n",
        "COPY package.json ./\nRUN npm install\n",
        "COPY package.json ./\nRUN npm install --package-lock-only && npm ci\n",
        "COPY app.py ./\nRUN npm ci --prefix /opt/x\n",
        "COPY app.py ./\nRUN pip install -r /dev/null\n",
        "COPY app.py ./\nRUN <<EOT\npip install -r /dev/null\nEOT\n",
        "COPY app.py ./\nRUN pipenv requirements > requirements.txt && pip install -r requirements.txt\n",
        "COPY app.py ./\nRUN pip install pip-tools && pip-compile app.in && pip install -r requirements.txt\n",
        "COPY app.py ./\nRUN python app.py\nRUN pip install -r requirements.txt\n",
        "COPY app.py ./\nRUN pip install -r requirements.txt || true\n",
        "COPY app.py ./\nRUN if [ -f requirements.txt ]; then pip install -r requirements.txt; fi\n",
        "COPY app.py ./\nRUN test -f requirements.txt && pip install -r requirements.txt\n",
        "COPY app.py ./\nRUN pip install -r $(ls r*.txt)\n",
        "COPY app.py ./\nRUN pip install -r other-requirements.txt\n",
        "COPY app.py ./\nADD code.tar.gz ./\nRUN pip install -r requirements.txt\n",
        "COPY s*c ./\nCOPY app.py ./\nRUN pip install -r main.py\n",
        "COPY --parents requirements.txt ./x\nRUN pip install -r x/requirements.txt\n",
    ],
)
def test_innocent_steps(steps: str) -> None:
    assert verdict(BASE + steps).outcome is not Outcome.FAIL


def test_a_list_that_another_manifest_exports_may_be_made_before() -> None:
    files = {"/app.py": "", "/pyproject.toml": ""}
    assert verdict(BASE + "COPY app.py requirements.txt ./\n", files).outcome is not Outcome.FAIL


def test_an_unknown_base_may_bring_it() -> None:
    assert verdict("FROM own/base\nRUN pip install -r requirements.txt\n").outcome is not Outcome.FAIL


def test_patterns_that_take_back() -> None:
    files = {**FILES, "/.dockerignore": "*\n!requirements.txt\n!app.py\n"}
    assert verdict(BASE + "COPY requirements.txt app.py ./\n", files).outcome is Outcome.PASS


def test_the_context_may_be_a_folder_above() -> None:
    files = {"/svc/app.py": "", "/svc/requirements.txt": ""}
    found = gaps(BASE + "COPY svc/requirements.txt svc/app.py ./\n", files, "svc/Dockerfile")
    assert isinstance(found, BuildGaps)
    assert found.gaps == ()


def test_a_context_that_nothing_shows_is_not_judged() -> None:
    found = gaps(BASE + "COPY other/app.py other/requirements.txt ./\n", {"/x/y.py": ""}, "svc/Dockerfile")
    assert isinstance(found, Unavailable)


def test_a_folder_that_holds_only_a_part_of_the_project_is_not_judged() -> None:
    assert isinstance(gaps(BASE + "COPY package.json ./\nRUN npm ci\n", {"/x/y.py": ""}), Unavailable)
    assert verdict(BASE + "COPY app.py package.json ./\nRUN npm ci\n", {"/app.py": ""}).outcome is Outcome.PASS


def test_the_build_may_be_started_in_another_folder_that_holds_everything() -> None:
    files = {"/app.py": "", "/web/app.py": "", "/web/package.json": "", "/web/x.txt": ""}
    assert isinstance(gaps(BASE + "COPY app.py package.json ./\n", files), Unavailable)
    del files["/web/app.py"]
    assert isinstance(gaps(BASE + "COPY app.py package.json ./\n", files), BuildGaps)


def test_nothing_copied_is_not_asked() -> None:
    assert verdict(BASE + 'CMD ["a.b"]\n').outcome is Outcome.NOT_APPLICABLE


def test_a_file_that_may_be_made_before_the_build_is_not_said_to_be_there() -> None:
    made = verdict(BASE + "COPY app.py made.cfg dist ./\n")
    assert made.outcome is Outcome.PASS
    assert made.message.endswith("or may be made before the build: made.cfg, dist")
    assert (
        verdict(BASE + "COPY app.py src/ *.toml ./\n").message == "the files that the Dockerfile's steps name are there"
    )
