from __future__ import annotations

import json
from typing import Any

from tests.analysis.template_store import template_store
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.template import DeclaredFunction, DeclaredResource, Template

VALUES: dict[str, Any] = {
    "function_name": "api",
    "package_type": "Image",
    "image_uri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:v1",
    "architectures": ["arm64"],
    "timeout": 30,
    "memory_size": 512,
    "runtime": None,
    "handler": None,
    "layers": None,
    "image_config": [{"command": ["app.handler"], "entry_point": None, "working_directory": ""}],
    "environment": [{"variables": {"STAGE": "prod"}}],
    "vpc_config": [],
}


def plan(values: dict[str, Any], later: dict[str, Any] | None = None, written: dict[str, Any] | None = None) -> str:
    """A plan with one function in the module `api` that is made several times."""
    address = 'module.api["a"].aws_lambda_function.this[0]'
    resource = {"address": address, "mode": "managed", "type": "aws_lambda_function", "name": "this", "values": values}
    document = {
        "format_version": "1.2",
        "terraform_version": "1.9.5",
        "planned_values": {
            "root_module": {"child_modules": [{"address": 'module.api["a"]', "resources": [resource]}]},
        },
        "resource_changes": [{"address": address, "change": {"actions": ["create"], "after_unknown": later or {}}}],
        "configuration": {
            "root_module": {
                "module_calls": {
                    "api": {
                        "module": {
                            "resources": [{"type": "aws_lambda_function", "name": "this", "expressions": written or {}}]
                        }
                    }
                }
            }
        },
    }
    return json.dumps(document, indent=1)


def function(text: str) -> DeclaredFunction:
    template = template_store(text, name="plan.json").get(Template)
    assert isinstance(template, Template)
    assert template.format == "terraform"
    return template.functions[0]


def test_a_function_of_a_module_has_its_address_its_values_and_its_lines() -> None:
    text = plan(VALUES)
    found = function(text)
    assert found.logical_id == 'module.api["a"].aws_lambda_function.this[0]'
    assert found.properties["Code"] == {"ImageUri": VALUES["image_uri"]}
    assert found.properties["ImageConfig"] == {"Command": ("app.handler",)}
    assert "Layers" not in found.properties
    assert [v.name for v in found.variables] == ["STAGE"]
    line = int(found.places["Architectures"].rpartition(":")[2])
    assert '"architectures"' in text.splitlines()[line - 1]


def test_the_record_is_the_one_that_lambda_would_have() -> None:
    record = template_store(plan(VALUES), name="plan.json").get(FunctionRecord)
    assert isinstance(record, FunctionRecord)
    assert (record.name, record.package_type, record.architecture, record.timeout_s) == ("api", "Image", "arm64", 30)
    assert record.override.command == ("app.handler",)


def test_what_is_known_after_the_apply_stays_an_expression() -> None:
    values = {k: v for k, v in VALUES.items() if k not in ("image_uri", "environment")}
    values["environment"] = [{"variables": {"STAGE": "prod"}}]
    later = {"image_uri": True, "environment": [{"variables": {"TABLE": True}}]}
    written = {"image_uri": {"references": ["aws_ecr_repository.api.repository_url"]}, "environment": [{}]}
    found = function(plan(values, later, written))
    assert found.properties["Code"] == {
        "ImageUri": {"!Value": "aws_ecr_repository.api.repository_url (known after apply)"}
    }
    shapes = {v.name: v.shape for v in found.environment}
    assert shapes["TABLE"] == "expression"
    assert found.environment_undecided == 1


def test_a_whole_environment_that_is_not_known_hides_its_names() -> None:
    values = {k: v for k, v in VALUES.items() if k != "environment"} | {"environment": [{}]}
    found = function(plan(values, {"environment": [{"variables": True}]}))
    assert not found.environment_complete


def test_a_computed_attribute_that_nobody_wrote_is_the_services_default() -> None:
    values = {k: v for k, v in VALUES.items() if k != "architectures"}
    record = template_store(plan(values, {"architectures": True}), name="plan.json").get(FunctionRecord)
    assert isinstance(record, FunctionRecord)
    assert (record.architecture, record.architecture_stated) == ("x86_64", False)
    written = {"architectures": {"references": ["var.cpu"]}}
    record = template_store(plan(values, {"architectures": True}, written), name="plan.json").get(FunctionRecord)
    assert isinstance(record, FunctionRecord)
    assert record.architecture == ""


def test_properties_are_called_as_terraform_calls_them() -> None:
    resource = template_store(plan(VALUES), name="plan.json").get(DeclaredResource)
    assert isinstance(resource, DeclaredResource)
    assert resource.cite_property("ImageConfig.Command").label.endswith("image_config.command")
    assert resource.setting("PackageType", "Image") == 'package_type = "Image"'


def test_data_sources_and_other_resources_are_no_functions() -> None:
    text = plan(VALUES).replace('"managed"', '"data"')
    template = template_store(text, name="plan.json").get(Template)
    assert isinstance(template, Template)
    assert template.functions == ()
