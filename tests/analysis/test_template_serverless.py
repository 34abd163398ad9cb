from __future__ import annotations

import time

from tests.analysis.template_store import template_store
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.template import DeclaredFunction, Template

TEXT = """\
service: shop
provider:
  name: aws
  runtime: nodejs22.x
  architecture: arm64
  memorySize: 512
  layers: [arn:aws:lambda:eu-west-1:1:layer:x:1]
  environment:
    STAGE: ${sls:stage}
    LEVEL: info
  ecr:
    images:
      app:
        path: ./service
        file: docker/Dockerfile
        platform: linux/arm64
functions:
  built:
    image:
      name: app
      command: [app.handler]
    timeout: 30
    environment:
      LEVEL: debug
      QUEUE: !Ref Queue
  given:
    image: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop@sha256:abc
    architecture: ${param:cpu}
  packed:
    handler: src/app.handler
    name: ${self:service}-packed
  gone:
resources:
  Resources:
    Raw:
      Type: AWS::Lambda::Function
      Properties: {PackageType: Image, Code: {ImageUri: x}}
"""


def functions(text: str = TEXT) -> dict[str, DeclaredFunction]:
    template = template_store(text, name="serverless.yml").get(Template)
    assert isinstance(template, Template)
    assert template.format == "serverless"
    return {f.logical_id: f for f in template.functions}


def test_functions_stand_under_their_keys_and_raw_ones_beside_them() -> None:
    assert list(functions()) == ["built", "given", "packed", "Raw"]


def test_a_built_image_says_what_it_is_built_from() -> None:
    built = functions()["built"]
    assert built.properties["PackageType"] == "Image"
    assert built.properties["ImageConfig"] == {"Command": ("app.handler",)}
    assert dict(built.metadata) == {
        "service": "shop",
        "Dockerfile": "docker/Dockerfile",
        "DockerContext": "./service",
        "Platform": "linux/arm64",
    }
    assert "Runtime" not in built.properties


def test_the_provider_stands_where_the_function_is_silent_and_lines_are_where_it_was_written() -> None:
    built, lines = functions()["built"], TEXT.splitlines()
    assert built.properties["Architectures"] == ("arm64",)
    for path, words in {
        "MemorySize": "memorySize: 512",
        "Timeout": "timeout: 30",
        "Environment.Variables.STAGE": "STAGE: ${sls:stage}",
        "Environment.Variables.LEVEL": "LEVEL: debug",
    }.items():
        assert lines[int(built.places[path].rpartition(":")[2]) - 1].strip() == words, path


def test_the_frameworks_defaults_are_its_own() -> None:
    packed = functions()["packed"]
    assert (packed.properties["Timeout"], packed.properties["Runtime"]) == (6, "nodejs22.x")


def test_layers_of_the_provider_are_not_held_against_an_image() -> None:
    assert "Layers" not in functions()["built"].properties
    assert functions()["packed"].properties["Layers"] == ("arn:aws:lambda:eu-west-1:1:layer:x:1",)


def test_variables_stay_undecided() -> None:
    record = template_store(TEXT, name="serverless.yml", subject="given").get(FunctionRecord)
    assert isinstance(record, FunctionRecord)
    assert record.architecture == ""
    assert {v.name: v.shape for v in functions()["built"].environment} == {
        "STAGE": "expression",
        "LEVEL": "text",
        "QUEUE": "expression",
    }
    assert functions()["packed"].properties["FunctionName"] == "shop-packed"


def test_functions_in_another_file_are_told() -> None:
    template = template_store(
        "service: a\nprovider: aws\nfunctions: ${file(functions.yml)}\n", name="serverless.yml"
    ).get(Template)
    assert isinstance(template, Template)
    assert template.functions == ()
    assert template.problems == ("serverless.yml:3: the functions stand in another file: ${file(functions.yml)}",)


def test_functions_in_a_list_are_read() -> None:
    text = "service: a\nprovider: {name: aws}\nfunctions:\n  - one: {handler: a.b}\n  - ${file(x.yml)}\n"
    assert list(functions(text)) == ["one"]


VARIABLES = """\
service: shop
custom:
  stage: ${opt:stage, 'dev'}
  memory: {dev: 256, prod: 2048}
  vpc:
    subnetIds: [subnet-1]
    securityGroupIds: [sg-1]
  cpu: arm64
  command: [app.handler]
  circle: ${self:custom.square}
  square: ${self:custom.circle}
provider:
  name: aws
  stage: ${self:custom.stage}
  architecture: ${self:custom.cpu}
functions:
  api:
    image: {uri: "1.dkr.ecr.eu-west-1.amazonaws.com/${self:service}:1", command: "${self:custom.command}"}
    memorySize: ${self:custom.memory.${self:provider.stage}}
    timeout: ${self:custom.seconds, 30}
    vpc: ${self:custom.vpc}
    environment:
      TABLE: ${self:service}-${self:provider.region, 'eu-west-1'}-x
      HOST: ${env:HOST, 'localhost'}
      KEY: ${ssm:/key}
      LOOP: ${self:custom.circle}
      NONE: ${self:custom.none}
  named:
    name: ${self:service}-${self:provider.stage}-named
    handler: a.b
"""


def test_what_the_file_gives_is_resolved_and_the_rest_stays_open() -> None:
    found = functions(VARIABLES)
    api = found["api"].properties
    assert api["Architectures"] == ("arm64",)
    assert api["MemorySize"] == 256
    assert api["Timeout"] == 30
    assert api["Code"] == {"ImageUri": "1.dkr.ecr.eu-west-1.amazonaws.com/shop:1"}
    assert api["ImageConfig"] == {"Command": ("app.handler",)}
    assert api["VpcConfig"] == {"SubnetIds": ("subnet-1",), "SecurityGroupIds": ("sg-1",)}
    assert {v.name: v.shape for v in found["api"].environment} == {
        "TABLE": "text",
        **dict.fromkeys(("HOST", "KEY", "NONE", "LOOP"), "expression"),
    }


def test_a_default_that_an_option_replaces_is_said_and_names_nobody() -> None:
    found = functions(VARIABLES)
    assert found["api"].metadata["ByOption"] == ("MemorySize",)
    assert found["named"].properties["FunctionName"] == {"!Value": "shop-dev-named"}
    assert "ByOption" not in functions()["built"].metadata


def test_references_without_end_are_left_open_in_no_time() -> None:
    levels = "".join(f"  a{n}: {{x: '${{self:custom.a{n + 1}}}', y: '${{self:custom.a{n + 1}}}'}}\n" for n in range(40))
    lines = "".join(f"  b{n}: ${{self:custom.b{n + 1}}}${{self:custom.b{n + 1}}}\n" for n in range(40))
    text = (
        f"service: s\ncustom:\n{levels}{lines}  a40: z\n  b40: z\n  me: ${{self:custom}}\nprovider: {{name: aws}}\n"
        "functions:\n  f:\n    handler: a.b\n    environment:\n      A: ${self:custom.a0}\n      B: ${self:custom.b0}\n"
        "      C: ${self:custom.me}\n      D: ${self:custom.${self:custom.${self:custom.b0}}}\n    timeout: ${self:service.x.y}\n"
    )
    began = time.process_time()
    assert list(functions(text)) == ["f"]
    assert time.process_time() - began < 10
