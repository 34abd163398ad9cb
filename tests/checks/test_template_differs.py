from __future__ import annotations

from typing import Any

from tests.factories import URI, declared_resource, function_record, variable
from troubleshooter.analysis.template.record import record_of_template
from troubleshooter.checks.stale.template_differs import template_differs as the_check
from troubleshooter.facts import Reason, Unavailable
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.template import DeclaredVariable, DeployedCounterpart
from troubleshooter.model import Outcome, Verdict

SAME: dict[str, object] = {"PackageType": "Image", "Timeout": 30, "MemorySize": 512, "Code": {"ImageUri": URI}}


def verdict(properties: dict[str, object], record: FunctionRecord | None = None, **more: Any) -> Verdict:
    resource = declared_resource(properties, **more)
    function = record or function_record()
    other = DeployedCounterpart(reading=function.reading, function=function, image_uri=URI)
    return the_check(resource, other, record_of_template(resource))


def test_equal_values_pass() -> None:
    assert verdict(SAME).outcome is Outcome.PASS


def test_each_difference_is_cited_from_both_sides() -> None:
    found = verdict({**SAME, "Timeout": 60, "Architectures": ("arm64",), "ImageConfig": {"Command": ("a.b",)}})
    assert found.outcome is Outcome.FAIL
    assert found.message.endswith("differs from the template in Architectures, Timeout, ImageConfig.Command")
    assert [e.value for e in found.evidence[:2]] == ["arm64", "x86_64"]
    assert found.evidence[0].source.startswith("template.yaml:")
    assert found.evidence[1].source == "lambda:GetFunction"


def test_what_the_template_leaves_open_is_not_compared() -> None:
    assert (
        verdict({"PackageType": "Image", "Timeout": {"Ref": "T"}, "Code": {"ImageUri": {"Ref": "U"}}}).outcome
        is Outcome.PASS
    )
    record = function_record(override=ImageOverride(command=("x.y",)), architecture="arm64")
    assert verdict(SAME, record).outcome is Outcome.PASS


def test_names_of_the_environment() -> None:
    record = function_record(environment=(variable("A", "1"), variable("B", "1")))
    declared = (
        DeclaredVariable("A", "t:1"),
        DeclaredVariable("C", "t:2"),
        DeclaredVariable("D", "t:3", conditional=True),
    )
    found = verdict(SAME, record, variables=declared)
    assert [e.value for e in found.evidence] == ['["C"]', '["B"]']
    assert verdict(SAME, record, variables=declared, environment_complete=False).outcome is Outcome.PASS


def test_an_image_of_another_address() -> None:
    found = verdict({**SAME, "Code": {"ImageUri": URI + "2"}})
    assert "Code.ImageUri" in found.message


def test_a_template_that_decides_later_is_not_compared() -> None:
    gone = Unavailable(Reason.UNSUPPORTED, "decided at deploy time")
    other = DeployedCounterpart(reading=function_record().reading, function=function_record())
    assert the_check(declared_resource(SAME), other, gone).outcome is Outcome.NOT_APPLICABLE


def test_a_default_that_an_option_of_the_deployment_may_replace_is_not_compared() -> None:
    other = {**SAME, "Timeout": 60, "Code": {"ImageUri": URI + "2"}, "ImageConfig": {"Command": ("a.b",)}}
    optional = {"ByOption": ("Timeout", "Code", "ImageConfig")}
    assert verdict(other, metadata=optional).outcome is Outcome.PASS
    assert verdict({**other, "MemorySize": 1024}, metadata=optional).message.endswith("in MemorySize")
