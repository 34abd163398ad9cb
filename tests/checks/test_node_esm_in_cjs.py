from __future__ import annotations

import shlex

import pytest

from tests.coding import logged
from tests.factories import SOURCE, tree
from tests.launching import DENIED, NO_FUNCTION, Launched
from tests.node_coding import a_source, a_zip, an_image, analysed
from troubleshooter.analysis.dockerfile.image import image_recipe
from troubleshooter.checks.handler.node_esm_in_cjs import node_esm_in_cjs as the_check
from troubleshooter.facts.build import ImageRecipe
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.packages import SourceManifests
from troubleshooter.model import Outcome, Role, Subject
from troubleshooter.redact import Secrets

ESM = "import { randomUUID } from 'node:crypto';\n\nexport const handler = async () => randomUUID();\n"
MODULE = '{"type": "module"}'


@pytest.mark.parametrize(
    ("files", "outcome"),
    [
        pytest.param({"index.js": ESM}, Outcome.FAIL, id="no package.json"),
        pytest.param({"index.js": ESM, "package.json": "{}"}, Outcome.FAIL, id="package.json without a type"),
        pytest.param({"index.js": ESM, "package.json": '{"type": "commonjs"}'}, Outcome.FAIL, id="type commonjs"),
        pytest.param({"index.cjs": ESM}, Outcome.FAIL, id=".cjs"),
        pytest.param({"index.js": "exports.handler = () => import.meta.url;"}, Outcome.FAIL, id="import.meta"),
        pytest.param({"index.js": "exports.handler = 1;\nawait Promise.resolve();"}, Outcome.FAIL, id="top-level await"),
        pytest.param(
            {"index.js": "exports.handler = require('./lib').run;", "lib.js": "export const run = () => 1;"},
            Outcome.FAIL,
            id="a file that it requires",
        ),
        pytest.param({"index.js": ESM, "package.json": MODULE}, Outcome.NOT_APPLICABLE, id="type module"),
        pytest.param({"index.mjs": ESM}, Outcome.NOT_APPLICABLE, id=".mjs"),
        pytest.param({"index.js": "exports.handler = async () => (await import('node:os')).cpus();"}, Outcome.PASS, id="import()"),
        pytest.param({"index.js": "// export const a = 1\nexports.handler = () => `import x from 'y'`;"}, Outcome.PASS, id="text"),
        pytest.param(
            {
                "index.js": "try { require('./lib'); } catch {}\nexports.handler = () => 1;",
                "lib.js": "export const run = () => 1;",
            },
            Outcome.PASS,
            id="a file whose failure is caught",
        ),
        pytest.param(
            {"index.js": "exports.handler = () => 1;", "package.json": "{ broken"}, Outcome.UNKNOWN, id="broken package.json"
        ),
        pytest.param({"index.js": "const = ;\nexport const a = 1;"}, Outcome.UNKNOWN, id="broken file"),
        pytest.param({"other.js": ESM}, Outcome.NOT_APPLICABLE, id="no file for the handler"),
    ],
)  # fmt: skip
def test_outcome(files: dict[str, str], outcome: Outcome) -> None:
    assert an_image(files).ask(the_check).outcome is outcome


@pytest.mark.parametrize(
    ("node", "options", "outcome"),
    [
        pytest.param(18, "", Outcome.FAIL, id="18 never loads it"),
        pytest.param(22, "", Outcome.FAIL, id="22 with Lambda's flags"),
        pytest.param(20, "--experimental-require-module", Outcome.NOT_APPLICABLE, id="switched on again"),
        pytest.param(20, "--max-old-space-size=400", Outcome.FAIL, id="other options"),
        pytest.param(24, "", Outcome.FAIL, id="24, whose script shows the flags"),
    ],
)
def test_what_the_runtime_is_started_with_decides(node: int, options: str, outcome: Outcome) -> None:
    launched = an_image({"index.js": ESM}, node=node, environment={"NODE_OPTIONS": options})
    assert launched.ask(the_check).outcome is outcome


def test_zip_functions_of_a_loader_that_is_not_known_are_unknown() -> None:
    assert a_zip({"index.js": ESM}, node=20).ask(the_check).outcome is Outcome.FAIL
    assert a_zip({"index.js": ESM}, node=24).ask(the_check).outcome is Outcome.UNKNOWN


def of_dockerfile(files: dict[str, str]) -> Launched:
    """A source folder with a Dockerfile and no template."""
    manifests = SourceManifests(reading=SOURCE, root="/p", files=files)
    recipe = image_recipe(manifests, DENIED, Secrets(b"salt"), Subject(Role.PROPOSED))
    contents = tree({f"/{name}": text for name, text in files.items()})
    code = CodeTree(reading=SOURCE, tree=contents, root="/", kind="source")
    return analysed({CodeTree: code, ImageRecipe: recipe, FunctionRecord: NO_FUNCTION, Secrets: Secrets()})


@pytest.mark.parametrize(
    ("base", "settings", "outcome"),
    [
        pytest.param("public.ecr.aws/lambda/nodejs:22", "", Outcome.FAIL, id="AWS's own flags"),
        pytest.param(
            "public.ecr.aws/lambda/nodejs:22",
            "ENV NODE_OPTIONS=--experimental-require-module\n",
            Outcome.UNKNOWN,
            id="flags of the Dockerfile's",
        ),
    ],
)
def test_a_dockerfile_on_an_aws_base_tells_how_node_is_started(base: str, settings: str, outcome: Outcome) -> None:
    text = f'FROM {base}\n{settings}COPY index.js ${{LAMBDA_TASK_ROOT}}/\nCMD ["index.handler"]\n'
    found = of_dockerfile({"Dockerfile": text, "index.js": ESM}).ask(the_check)
    assert (found.outcome is Outcome.FAIL) == (outcome is Outcome.FAIL)


def test_a_source_folder_is_judged_as_it_lies_there() -> None:
    assert a_source({"index.js": ESM}).ask(the_check).outcome is Outcome.FAIL
    assert a_source({"src/index.ts": ESM}).ask(the_check).outcome is Outcome.NOT_APPLICABLE


def test_the_failure_names_line_construct_and_what_decides() -> None:
    text = "SyntaxError: Cannot use import statement outside a module"
    launched = an_image({"dist/index.js": "// built\n" + ESM}, "dist/index.handler", timeline=logged(text))
    verdict = launched.ask(the_check)
    offence, decided, error, log = verdict.evidence
    assert (offence.source, offence.value) == (
        "image /var/task/dist/index.js:2",
        "import { randomUUID } from 'node:crypto';",
    )
    assert "no package.json" in decided.value
    assert error.value == text
    assert log.origin.proves
    assert text in log.value


def test_the_fix_names_this_target_and_builds_it() -> None:
    verdict = an_image({"dist/index.js": ESM, "package.json": "{}"}, "dist/index.handler").ask(the_check)
    assert verdict.remediation
    assert "/var/task/package.json" in verdict.remediation.text
    assert "/var/task/dist/index.mjs" in verdict.remediation.text
    build, update = map(shlex.split, verdict.remediation.commands)
    assert build[build.index("--platform") + 1] == "linux/amd64"
    assert update[update.index("--function-name") + 1] == "demo"
    assert a_zip({"index.js": ESM}).ask(the_check).remediation.commands == ()  # type: ignore[union-attr]
