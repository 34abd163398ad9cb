from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analysis.template_store import PROVIDERS, template_store
from tests.factories import TEMPLATE
from troubleshooter.analysis.document import Document, load
from troubleshooter.analysis.template import functions as template_module
from troubleshooter.facts import Reason, Store, Unavailable
from troubleshooter.facts.given import GivenTemplate
from troubleshooter.facts.template import DeclaredEnvironment, DeclaredFunction, DeclaredResource, Template
from troubleshooter.model import Origin, Role, Subject
from troubleshooter.redact import Secrets

SAM = """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Parameters:
  Cpu: {Type: String, Default: arm64, AllowedValues: [arm64, x86_64]}
  Password: {Type: String, Default: hunter2hunter2, NoEcho: true}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /app/name}
  Arns: {Type: CommaDelimitedList, Default: "arn:a, arn:b"}
Globals:
  Function:
    Timeout: 30
    Layers: [arn:global]
    Environment:
      Variables:
        STAGE: prod
        LEVEL: info
  Api: {Cors: "'*'"}
Resources:
  First:
    Type: AWS::Serverless::Function
    Condition: Wanted
    Metadata:
      Dockerfile: Dockerfile
      aws:cdk:path: Stack/First/Resource
    Properties:
      PackageType: Image
      Architectures: [!Ref Cpu]
      FunctionName: !Ref Stored
      Description: !Ref Password
      Layers: [!Ref "AWS::NoValue", !Ref Own]
      ReservedConcurrentExecutions: !Ref AWS::NoValue
      Environment:
        Variables:
          LEVEL: debug
          TABLE: !Ref Table
  Second:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout]
    Properties: {Layers: !Ref Arns}
  Third:
    Type: AWS::Serverless::Function
    IgnoreGlobals: "*"
  Table:
    Type: AWS::DynamoDB::Table
"""


def functions(text: str, name: str = "template.yaml") -> dict[str, DeclaredFunction]:
    template = template_store(text, name=name).get(Template)
    assert isinstance(template, Template)
    return {f.logical_id: f for f in template.functions}


def refused(text: str, name: str = "template.yaml") -> Unavailable:
    found = template_store(text, name=name).get(Template)
    assert isinstance(found, Unavailable)
    return found


def only(lines: str) -> DeclaredFunction:
    """The function whose properties are `lines`."""
    indented = "\n".join(f"      {line}" for line in lines.splitlines())
    return functions(f"Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties:\n{indented}\n")["F"]


def test_globals_are_merged_as_sam_merges_them() -> None:
    found = functions(SAM)
    assert list(found) == ["First", "Second", "Third"]
    first = found["First"]
    assert first.properties["Timeout"] == 30
    assert first.properties["Layers"] == ("arn:global", {"Ref": "Own"})
    assert [v.name for v in first.variables] == ["STAGE", "LEVEL", "TABLE"]
    assert "Timeout" not in found["Second"].properties
    assert not found["Third"].properties


def test_globals_are_for_sam_functions_only() -> None:
    text = SAM.replace("First:\n    Type: AWS::Serverless::Function", "First:\n    Type: AWS::Lambda::Function")
    assert "Timeout" not in functions(text)["First"].properties


def test_every_property_has_its_line_wherever_it_was_written() -> None:
    first = functions(SAM)["First"]
    lines = SAM.splitlines()
    for path, text in {
        "PackageType": "PackageType: Image",
        "Timeout": "Timeout: 30",
        "Architectures.0": "Architectures: [!Ref Cpu]",
        "Layers.0": "Layers: [arn:global]",
        "Layers.1": 'Layers: [!Ref "AWS::NoValue", !Ref Own]',
        "Environment.Variables.STAGE": "STAGE: prod",
        "Environment.Variables.LEVEL": "LEVEL: debug",
        "Metadata.Dockerfile": "Dockerfile: Dockerfile",
    }.items():
        name, _, line = first.places[path].partition(":")
        assert (name, lines[int(line) - 1].strip()) == ("template.yaml", text), path
    assert first.place == f"template.yaml:{lines.index('  First:') + 1}"


def test_defaults_of_parameters_are_taken_and_told_where_they_are_the_value() -> None:
    first, second = (functions(SAM)[name] for name in ("First", "Second"))
    assert first.properties["Architectures"] == ("arm64",)
    assert first.assumed["Architectures.0"] == "Cpu"
    assert first.properties["FunctionName"] == {"Ref": "Stored"}
    assert first.properties["Description"] == {"Ref": "Password"}
    assert second.properties["Layers"] == ("arn:a", "arn:b")


def test_what_is_no_value_is_not_there() -> None:
    assert "ReservedConcurrentExecutions" not in functions(SAM)["First"].properties


def test_condition_metadata_and_construct() -> None:
    first = functions(SAM)["First"]
    assert (first.condition, first.construct, first.metadata["Dockerfile"]) == (
        "Wanted",
        "Stack/First/Resource",
        "Dockerfile",
    )


def test_no_environment_value_is_kept_and_each_is_scrubbed_from_then_on() -> None:
    secrets = Secrets(b"salt")
    text = (
        "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Environment: {Variables: {DSN: pg-swordfish-1}}}}}"
    )
    template = template_store(text, secrets=secrets).get(Template)
    assert isinstance(template, Template)
    assert "swordfish" not in repr(asdict(template))
    assert "swordfish" not in secrets.redact("connecting to pg-swordfish-1")
    assert [(v.name, v.length, v.shape) for v in template.functions[0].environment] == [("DSN", 14, "text")]


@pytest.mark.parametrize(
    ("lines", "size", "undecided", "complete"),
    [
        pytest.param("Timeout: 3", None, 0, True, id="none declared"),
        pytest.param("Environment: {Variables: {A: b}}", len('{"A":"b"}'), 0, True, id="literal"),
        pytest.param('Environment: {Variables: {A: "x\\"y"}}', len('{"A":"x\\"y"}'), 0, True, id="escaped in JSON"),
        pytest.param(
            "Environment: {Variables: {A: 1, B: true, C: 1.5}}",
            len('{"A":"1","B":"true","C":"1.5"}'),
            0,
            True,
            id="numbers",
        ),
        pytest.param("Environment: {Variables: {A: é}}", len('{"A":"é"}'.encode()), 1, True, id="at least its bytes"),
        pytest.param("Environment: {Variables: {A: !Ref T, B: c}}", len('{"A":"","B":"c"}'), 1, True, id="expression"),
        pytest.param(
            "Environment: {Variables: {A: !If [C, x, !Ref AWS::NoValue]}}", len("{}"), 1, True, id="maybe absent"
        ),
        pytest.param("Environment: {Variables: {A: !If [C, x, y]}}", len('{"A":""}'), 1, True, id="either value"),
        pytest.param(
            "Environment: !If [C, {Variables: {A: b}}, !Ref AWS::NoValue]", len("{}"), 1, True, id="all maybe"
        ),
        pytest.param(
            "Environment: {Variables: {Fn::Transform: {Name: AWS::Include}}}", len("{}"), 1, False, id="included"
        ),
        pytest.param("Environment: {Variables: !FindInMap [A, B, C]}", len("{}"), 1, False, id="mapped"),
        pytest.param("Environment:\n  Variables:", len("{}"), 0, True, id="empty"),
    ],
)
def test_size_of_the_environment(lines: str, size: int | None, undecided: int, complete: bool) -> None:
    found = only(lines)
    assert (found.environment_json_bytes, found.environment_undecided, found.environment_complete) == (
        size,
        undecided,
        complete,
    )


def test_variables_under_a_condition_are_marked() -> None:
    found = only("Environment: !If [C, {Variables: {A: b}}, {Variables: {B: !If [D, x, !Ref AWS::NoValue]}}]")
    assert [(v.name, v.conditional) for v in found.variables] == [("A", True), ("B", True)]
    assert [(v.name, v.shape) for v in found.environment] == [("A", "text"), ("B", "expression")]


def test_a_synthesised_template_in_json() -> None:
    resource = {
        "Type": "AWS::Lambda::Function",
        "Properties": {"Environment": {"Variables": {"AWS_REGION": {"Ref": "AWS::Region"}}}},
    }
    text = json.dumps({"Resources": {"Fn9270CBC0": resource}}, indent=1)
    found = functions(text, name="Stack.template.json")["Fn9270CBC0"]
    place = found.variables[0].place
    assert place.startswith("Stack.template.json:")
    assert '"AWS_REGION"' in text.splitlines()[int(place.rpartition(":")[2]) - 1]


@pytest.mark.parametrize(
    ("text", "name", "reason", "words"),
    [
        pytest.param("a: [", "template.yaml", Reason.MALFORMED, "template.yaml:1", id="no yaml"),
        pytest.param('{"Resources": {"A": }}', "t.json", Reason.MALFORMED, "t.json:1", id="no json"),
        pytest.param("a: " + "x" * 2**21, "template.yaml", Reason.TOO_BIG, "larger", id="too big"),
        pytest.param("just text", "template.yaml", Reason.UNSUPPORTED, "Resources", id="text"),
        pytest.param("Resources: []", "template.yaml", Reason.UNSUPPORTED, "Resources", id="resources are a list"),
        pytest.param('{"terraform_version": "1.9", "values": {}}', "x.json", Reason.UNSUPPORTED, "state", id="state"),
        pytest.param("PK\x03\x04", "plan.bin", Reason.UNSUPPORTED, "archive", id="binary plan"),
        pytest.param(
            '{"version": "1", "artifacts": {}}', "manifest.json", Reason.UNSUPPORTED, "CDK", id="cdk manifest"
        ),
        pytest.param('resource "a" "b" {}', "main.tf", Reason.UNSUPPORTED, "Terraform source", id="terraform"),
        pytest.param("services: {web: {image: x}}", "compose.yaml", Reason.UNSUPPORTED, "Compose", id="compose"),
    ],
)
def test_what_cannot_be_used_says_why_and_what_would_help(text: str, name: str, reason: Reason, words: str) -> None:
    found = refused(text, name)
    assert found.reason is reason
    assert words in found.detail
    assert found.unblock


def test_what_was_not_read_is_told() -> None:
    text = "Resources:\n  Fn::ForEach::X: [A, [b], {}]\n  F: {Type: AWS::Lambda::Function}\n  F: {Type: AWS::Lambda::Function}\n"
    template = template_store(text).get(Template)
    assert isinstance(template, Template)
    assert [p.partition(": ")[0] for p in template.problems] == ["template.yaml:2", "template.yaml:4"]


@pytest.mark.parametrize(
    "resource", ["[]", "null", "text", "{Properties: 3}", "{Type: AWS::Lambda::Function, Properties: []}"]
)
def test_resources_that_make_no_sense_are_passed_over(resource: str) -> None:
    found = functions(f"Resources: {{Odd: {resource}, F: {{Type: AWS::Lambda::Function}}}}")
    assert "F" in found


def test_a_text_is_parsed_once_for_all_its_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counting(text: str, *, json_first: bool = False) -> Document:
        parsed.append(text)
        return load(text, json_first=json_first)

    monkeypatch.setattr(template_module, "load", counting)
    given = GivenTemplate(reading=TEMPLATE, path=Path("once.yaml"), text=SAM + "# once\n")
    for subject in ("First", "Second"):
        store = Store(PROVIDERS, [given, Secrets(b"salt"), Subject(Role.PROPOSED, subject)])
        assert isinstance(store.get(DeclaredResource), DeclaredResource)
    assert len(parsed) == 1


def test_a_subject_gets_its_own_resource() -> None:
    resource = template_store(SAM, subject="Second").get(DeclaredResource)
    assert isinstance(resource, DeclaredResource)
    assert (resource.function.logical_id, resource.format) == ("Second", "sam")
    alone = template_store("Resources: {F: {Type: AWS::Lambda::Function}}").get(DeclaredResource)
    assert isinstance(alone, DeclaredResource)


@pytest.mark.parametrize(
    ("subject", "role", "reason"),
    [
        pytest.param("", Role.PROPOSED, Reason.NOT_GIVEN, id="several and none chosen"),
        pytest.param("Table", Role.PROPOSED, Reason.NOT_OF_THIS_KIND, id="no function of that name"),
        pytest.param("First", Role.DEPLOYED, Reason.NOT_OF_THIS_KIND, id="what runs is not the template's"),
    ],
)
def test_no_resource_for_this_subject(subject: str, role: Role, reason: Reason) -> None:
    found = template_store(SAM, subject=subject, role=role).get(DeclaredResource)
    assert isinstance(found, Unavailable)
    assert found.reason is reason


def test_declared_environment_cites_the_template() -> None:
    found = template_store(SAM, subject="First").get(DeclaredEnvironment)
    assert isinstance(found, DeclaredEnvironment)
    evidence = found.cite("variables", "STAGE", source=found.variables[0].place)
    assert (evidence.origin, evidence.source) == (Origin.TEMPLATE, "template.yaml:14")


def test_citing_a_property() -> None:
    resource = template_store(SAM, subject="First").get(DeclaredResource)
    assert isinstance(resource, DeclaredResource)
    cpu = resource.cite_property("Architectures.0", "arm64")
    assert cpu.label == "First Architectures.0 (default of parameter Cpu)"
    assert resource.cite_property("FunctionName").value == "!Ref Stored"
    assert resource.cite_property("Handler").value == "not set"
    assert resource.cite_property("Handler").source == resource.function.place


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Z][A-Za-z]{0,5}", fullmatch=True),
            st.integers(0, 3),
            st.booleans(),
            st.lists(st.from_regex(r"[A-Z][A-Z_]{1,6}", fullmatch=True), max_size=3, unique=True),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda f: f[0],
    )
)
def test_places_are_right_on_generated_templates(wanted: list[tuple[str, int, bool, list[str]]]) -> None:
    lines, expected = ["Resources:"], {}
    for logical_id, blanks, flow, names in wanted:
        lines += ["", "# a comment", "   "][:blanks]
        lines += [f"  {logical_id}:", "    Type: AWS::Lambda::Function", "    Properties:"]
        lines += ["      Code:", "        ZipFile: |", "          Variables: {}", "", "      Environment:"]
        if flow:
            lines.append(f"        Variables: {{{', '.join(f'{n}: x' for n in names)}}}")
        lines += [] if flow else ["        Variables:"]
        for name in names:
            lines += [] if flow else [f"          {name}: !Sub", "            - ${A}", "            - {A: b}"]
            expected[logical_id, name] = len(lines) if flow else len(lines) - 2
    found = functions("\n".join(lines) + "\n")
    places = {(f.logical_id, v.name): int(v.place.rpartition(":")[2]) for f in found.values() for v in f.variables}
    assert places == expected
