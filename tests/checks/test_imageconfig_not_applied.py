from __future__ import annotations

import pytest

from tests.analysis.template_store import template_store
from tests.factories import declared_resource, function_record, image_config
from troubleshooter.analysis.template.deployed import deployed_declaration
from troubleshooter.checks.stale.imageconfig_not_applied import imageconfig_not_applied as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.template import DeclaredResource, DeployedDeclaration, Template
from troubleshooter.model import Origin, Outcome, Role, Subject, Verdict

GONE = Unavailable(Reason.NOT_OF_THIS_KIND, "not of this kind")

TEXT = """\
service: shop
provider: {name: aws}
functions:
  api:
    image:
      uri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1
    command: [app.handler]
"""


def verdict(text: str) -> Verdict:
    resource = template_store(text, name="serverless.yml").get(DeclaredResource)
    assert isinstance(resource, DeclaredResource)
    return the_check(resource, GONE, GONE, GONE)


def test_a_command_beside_the_image() -> None:
    found = verdict(TEXT)
    assert found.outcome is Outcome.FAIL
    assert found.evidence[0].source == "serverless.yml:7"
    assert found.remediation
    assert "image" in found.remediation.text


def test_a_command_inside_the_image_passes() -> None:
    assert verdict(TEXT.replace("    command:", "      command:")).outcome is Outcome.PASS


def test_one_inside_and_one_beside_is_harmless() -> None:
    text = TEXT.replace("    command: [app", "      command: [app") + "    command: [other.handler]\n"
    assert verdict(text).outcome is Outcome.PASS


def test_other_templates_refuse_what_they_do_not_know() -> None:
    assert the_check(declared_resource({"PackageType": "Image"}), GONE, GONE, GONE).outcome is Outcome.NOT_APPLICABLE
    zipped = TEXT.replace(
        "    image:\n      uri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1\n", "    handler: a.b\n"
    )
    assert verdict(zipped).outcome is Outcome.NOT_APPLICABLE


def declaration(text: str, name: str = "shop-dev-api") -> DeployedDeclaration | Unavailable:
    template = template_store(text, name="serverless.yml").get(Template)
    assert isinstance(template, Template)
    return deployed_declaration(template, function_record(name=name), Subject(Role.DEPLOYED))


def deployed(
    function: FunctionRecord | Unavailable, image: ImageConfig | Unavailable | None = None, text: str = TEXT
) -> Verdict:
    return the_check(GONE, declaration(text), function, image or image_config(command=("other.handler",)))


def test_what_is_deployed_without_the_override() -> None:
    found = deployed(function_record(name="shop-dev-api"))
    assert found.outcome is Outcome.FAIL
    assert {e.origin for e in found.evidence} == {Origin.TEMPLATE, Origin.RECORD, Origin.REGISTRY}


def test_what_is_deployed_as_it_should_be() -> None:
    given = function_record(override=ImageOverride(command=("app.handler",)))
    assert deployed(given).outcome is Outcome.PASS
    assert deployed(function_record(), image_config(command=("app.handler",))).outcome is Outcome.PASS


def test_a_record_or_image_that_is_not_read() -> None:
    denied = Unavailable(Reason.DENIED, "denied")
    assert deployed(denied).outcome is Outcome.UNKNOWN
    assert deployed(function_record(), denied).outcome is Outcome.UNKNOWN
    assert the_check(denied, GONE, GONE, GONE).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("text", "name", "known"),
    [
        (TEXT, "shop-dev-api", True),
        (TEXT.replace("service: shop", "service: {name: shop}"), "shop-dev-api", True),
        (TEXT.replace("service: shop", "service: ${env:X}"), "shop-dev-api", False),
        (TEXT, "other-dev-api", False),
        (TEXT, "shop-dev-other-api", False),
        (TEXT + "    name: front\n", "front", True),
        (TEXT + "    name: front\n", "shop-dev-api", False),
        (TEXT + "    name: ${env:X}\n", "shop-dev-api", False),
    ],
)
def test_which_function_is_the_deployed_one(text: str, name: str, known: bool) -> None:
    assert isinstance(declaration(text, name), DeployedDeclaration) is known


def test_other_templates_and_subjects_say_nothing_of_what_is_deployed() -> None:
    sam = template_store("Resources: {shop: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}}")
    template = sam.get(Template)
    assert isinstance(template, Template)
    assert isinstance(deployed_declaration(template, function_record(), Subject(Role.DEPLOYED)), Unavailable)
    found = template_store(TEXT, name="serverless.yml").get(Template)
    assert isinstance(found, Template)
    record = function_record(name="shop-dev-api")
    assert isinstance(deployed_declaration(found, record, Subject(Role.PROPOSED)), Unavailable)
