from __future__ import annotations

from tests.analysis.template_store import template_store
from tests.factories import declared_resource
from troubleshooter.checks.stale.imageconfig_not_applied import imageconfig_not_applied as the_check
from troubleshooter.facts.template import DeclaredResource
from troubleshooter.model import Outcome, Verdict

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
    return the_check(resource)


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
    assert the_check(declared_resource({"PackageType": "Image"})).outcome is Outcome.NOT_APPLICABLE
    zipped = TEXT.replace(
        "    image:\n      uri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1\n", "    handler: a.b\n"
    )
    assert verdict(zipped).outcome is Outcome.NOT_APPLICABLE
