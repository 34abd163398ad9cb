from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.factories import SOURCE
from troubleshooter.analysis.cdk.environment import environment_of_cdk_code
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.template import CdkCode, SourceEnvironment
from troubleshooter.model import Role, Subject

PYTHON = (
    "from aws_cdk import Stack, aws_lambda as lambda_\nfrom aws_cdk.aws_lambda import Function, DockerImageFunction\n"
)
SCRIPT = "const lambda = require('aws-cdk-lib/aws-lambda');\n"


def read(path: str, text: str) -> SourceEnvironment:
    code = CdkCode(reading=SOURCE, files={path: text})
    found = environment_of_cdk_code(code, Subject(Role.PROPOSED))
    assert isinstance(found, SourceEnvironment)
    return found


def declared(path: str, text: str) -> list[tuple[str, str]]:
    return [(v.name, v.place) for v in read(path, text).variables]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("lambda_.Function(s, 'F', environment={'A': 'x', 'B': y})", "A B", id="literal"),
        pytest.param("Function(s, 'F', environment=dict(A='x'))", "A", id="dict()"),
        pytest.param("DockerImageFunction(s, 'F', environment={**{'A': 1}, 'B': 2})", "A B", id="spread literal"),
        pytest.param("env = {'A': 'x'}\nFunction(s, 'F', environment=env)", "A", id="variable"),
        pytest.param("env = {'A': 'x'}\nenv['B'] = 'y'\nFunction(s, 'F', environment=env)", "A B", id="key set later"),
        pytest.param("env = {'A': 'x'}\nFunction(s, 'F', environment=env | {'B': 'y'})", "A B", id="union"),
        pytest.param("Function(s, 'F', **{'environment': {'A': 'x'}})", "A", id="keyword spread"),
        pytest.param("f = Function(s, 'F')\nf.add_environment('A', 'x')", "A", id="added"),
        pytest.param(
            "class S:\n  def m(self):\n    self.f = Function(self)\n    self.f.add_environment(key='A', value='x')",
            "A",
            id="member",
        ),
        pytest.param("Function(s, 'F').add_environment('A', 'x').add_environment('B', 'y')", "A B", id="chained"),
        pytest.param("def grant(f: lambda_.IFunction):\n  f.add_environment('A', 'x')", "A", id="annotated parameter"),
        pytest.param(
            "class F(lambda_.Function):\n  def __init__(self, s):\n    super().__init__(s, environment={'A': 1})",
            "A",
            id="subclass",
        ),
        pytest.param(
            "import aws_cdk as cdk\ncdk.aws_lambda.Function(s, 'F', environment={'A': 'x'})", "A", id="by package"
        ),
        pytest.param(
            "import aws_cdk.aws_lambda_python_alpha as p\np.PythonFunction(s, 'F', environment={'A': 'x'})",
            "A",
            id="alpha",
        ),
    ],
)
def test_python(text: str, names: str) -> None:
    found = read("cdk/stack.py", PYTHON + text)
    assert sorted(v.name for v in found.variables) == names.split()
    assert not found.unread


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "from aws_cdk import aws_ecs\naws_ecs.ContainerDefinition(s, 'C', environment={'A': 'x'})", id="container"
        ),
        pytest.param("lambda_.Code.from_asset('x', bundling=BundlingOptions(environment={'A': 'x'}))", id="bundling"),
        pytest.param("Project(s, 'P', environment={'A': 'x'})", id="build project"),
        pytest.param("task.add_container('c').add_environment('A', 'x')", id="added to a container"),
        pytest.param(
            "container = task.add_container('c')\ncontainer.add_environment('A', 'x')", id="assigned container"
        ),
        pytest.param("lambda_.CfnFunction(s, 'F', environment={'A': 'x'})", id="not checked at synth"),
        pytest.param("lambda_.Function.from_function_name(s, 'F', 'x')", id="imported function"),
        pytest.param(
            "# Function(s, 'F', environment={'A': 'x'})\n'''Function(environment={'A': 1})'''", id="comment and text"
        ),
        pytest.param("os.environ['A'] = 'x'", id="own environment"),
    ],
)
def test_python_look_alikes(text: str) -> None:
    found = read("stack.py", PYTHON + text)
    assert not found.variables
    assert not found.unread


@pytest.mark.parametrize(
    "text",
    [
        "Function(s, 'F', environment=load())",
        "Function(s, 'F', environment={name: 'x'})",
        "Function(s, 'F', **props)",
        "env = {'A': 'x'}\nenv.pop('A')\nFunction(s, 'F', environment=env)",
        "env = {'A': 'x'}\ndel env['A']\nFunction(s, 'F', environment=env)",
        "env = {}\nenv = {'A': 'x'}\nFunction(s, 'F', environment=env)",
        "f = Function(s, 'F')\nf.add_environment(name, 'x')",
        "a = b\nb = a\nFunction(s, 'F', environment=a)",
        "def (:",
    ],
)
def test_python_names_that_are_not_literal_are_told(text: str) -> None:
    found = read("stack.py", PYTHON + text)
    assert [p.partition(":")[0] for p in found.unread] == ["stack.py"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param(
            "new lambda.Function(this, 'F', { environment: { A: 'x', 'B': y, [`C`]: 1 } });", "A B", id="literal"
        ),
        pytest.param(
            "const {Function} = require('aws-cdk-lib/aws-lambda');\nnew Function(t, 'F', {environment: {A}});",
            "A",
            id="taken apart",
        ),
        pytest.param(
            "const env = {A: 'x'};\nnew lambda.Function(this, 'F', {environment: {...env, B: 'y'}});",
            "A B",
            id="spread",
        ),
        pytest.param(
            "const props = {environment: {A: 'x'}};\nnew lambda.Function(this, 'F', props);",
            "A",
            id="properties by name",
        ),
        pytest.param(
            "const environment = {A: 'x'};\nnew lambda.Function(this, 'F', {environment});", "A", id="shorthand"
        ),
        pytest.param("const f = new lambda.Function(this, 'F', {});\nf.addEnvironment('A', 'x');", "A", id="added"),
        pytest.param(
            "this.f = new lambda.Function(this, 'F', {});\nthis.f.addEnvironment('A', 'x');",
            "A",
            id="added to a member",
        ),
        pytest.param(
            "import {aws_lambda as l} from 'aws-cdk-lib';\nnew l.Function(this, 'F', {environment: {A: 1}});",
            "A",
            id="import",
        ),
        pytest.param(
            "import * as cdk from 'aws-cdk-lib';\nnew cdk.aws_lambda.Function(t, 'F', {environment: {A: 1}});",
            "A",
            id="package",
        ),
        pytest.param(
            "const n = __importStar(require('aws-cdk-lib/aws-lambda'));\nnew n.Function(t, 'F', {environment: {A: 1}});",
            "A",
            id="compiled",
        ),
    ],
)
def test_javascript(text: str, names: str) -> None:
    found = read("lib/stack.js", SCRIPT + text)
    assert sorted({v.name for v in found.variables} & {"A", "B"}) == names.split()
    assert found.functions == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("new ecs.ContainerDefinition(this, 'C', {environment: {A: 'x'}});", id="container"),
        pytest.param("new lambda.CfnFunction(this, 'F', {environment: {A: 'x'}});", id="not checked at synth"),
        pytest.param("const c = task.addContainer('c', {}); c.addEnvironment('A', 'x');", id="added to a container"),
        pytest.param("// new lambda.Function(this, 'F', {environment: {A: 'x'}});", id="comment"),
        pytest.param("new lambda.Function(this, 'F', {bundling: {environment: {A: 'x'}}});", id="bundling"),
        pytest.param("function f(lambda) { return 1; }\nnew Function('return 1');", id="the language's own Function"),
    ],
)
def test_javascript_look_alikes(text: str) -> None:
    found = read("stack.js", SCRIPT + text)
    assert not found.variables
    assert not found.unread


@pytest.mark.parametrize(
    "text",
    [
        "new lambda.Function(this, 'F', {environment: load()});",
        "new lambda.Function(this, 'F', {environment: {[name]: 'x'}});",
        "new lambda.Function(this, 'F', {...props});",
        "new lambda.Function(this, 'F', props);",
        "const env = {A: 'x'}; delete env.A;\nnew lambda.Function(this, 'F', {environment: env});",
        "let env = {A: 'x'};\nnew lambda.Function(this, 'F', {environment: env});",
        "const a = a;\nnew lambda.Function(this, 'F', {environment: a});",
        "new lambda.Function(this, 'F', {environment: {",
    ],
)
def test_javascript_names_that_are_not_literal_are_told(text: str) -> None:
    assert read("stack.js", SCRIPT + text).unread


def test_typescript_is_read_as_far_as_it_is_javascript() -> None:
    text = """\
import * as cdk from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
export class ApiStack extends cdk.Stack {
  public readonly fn: lambda.Function;
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);
    this.fn = new lambda.DockerImageFunction(this, 'Api', {
      environment: {
        TABLE: 'things',
        AWS_REGION: this.region,
      },
    });
  }
}
"""
    found = read("lib/api-stack.ts", text)
    assert ("AWS_REGION", "lib/api-stack.ts:10") in [(v.name, v.place) for v in found.variables]
    assert found.unread


def test_places_are_the_lines_of_the_keys() -> None:
    python = PYTHON + "Function(\n  s, 'F',\n  environment={\n    'A': 'x',\n    'B': 'y',\n  },\n)\n"
    assert declared("cdk/stack.py", python) == [("A", "cdk/stack.py:6"), ("B", "cdk/stack.py:7")]
    script = SCRIPT + "new lambda.Function(this, 'F', {\n  environment: {\n    A: 'x',\n    'B': 'y',\n  },\n});\n"
    assert declared("stack.js", script) == [("A", "stack.js:4"), ("B", "stack.js:5")]


def test_several_files_are_put_together() -> None:
    call = "Function(s, 'F', environment={%r: 'x'})\n"
    code = CdkCode(reading=SOURCE, files={"b.py": PYTHON + call % "B", "a.py": PYTHON + call % "A"}, skipped=("c.py",))
    found = environment_of_cdk_code(code, Subject(Role.PROPOSED))
    assert isinstance(found, SourceEnvironment)
    assert [v.place for v in found.variables] == ["a.py:3", "b.py:3"]
    assert (found.functions, found.unread) == (2, ("c.py",))


def test_it_says_nothing_of_one_function_among_several() -> None:
    found = environment_of_cdk_code(CdkCode(reading=SOURCE, files={}), Subject(Role.PROPOSED, "Api"))
    assert isinstance(found, Unavailable)
    assert found.reason is Reason.NOT_OF_THIS_KIND


IN_PYTHON = PYTHON + "env = {'A': 1}\nFunction(s, 'F', environment={**env, 'B': 2}).add_environment('C', 'd')"
IN_SCRIPT = SCRIPT + (
    "const env = {A: 1};\nconst f = new lambda.Function(this, 'F', {environment: {...env, B: 2}});\nf.addEnvironment('C', 'd');"
)
PIECES = [*"{}[]()'\"`.,:=*\n\x00é", "...", "**", "environment", "new "]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.sampled_from([("a.py", IN_PYTHON), ("a.js", IN_SCRIPT)]),
    st.lists(st.tuples(st.integers(0, 260), st.integers(0, 6), st.sampled_from(PIECES)), max_size=5),
)
def test_mutated_code_never_raises(file: tuple[str, str], edits: list[tuple[int, int, str]]) -> None:
    path, text = file
    for position, dropped, inserted in edits:
        text = text[:position] + inserted + text[position + dropped :]
    found = read(path, text)
    assert all(1 <= int(v.place.rpartition(":")[2]) <= text.count("\n") + 1 for v in found.variables)
