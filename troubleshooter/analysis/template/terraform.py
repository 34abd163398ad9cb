"""Terraform plans, as `terraform show -json` writes them, in CloudFormation's shape.

`planned_values` holds what will be; what is only known after the apply is missing there and listed in `resource_changes`.
A computed attribute that nobody wrote is listed too: only the configuration tells that it is left to the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from troubleshooter.analysis.document import Located
from troubleshooter.analysis.template.shape import function_resource, nested, template_of, undecided

_FUNCTION = "aws_lambda_function"
_LATER = "known after apply"
_PLAIN = {
    "FunctionName": "function_name",
    "PackageType": "package_type",
    "Architectures": "architectures",
    "Runtime": "runtime",
    "Handler": "handler",
    "Timeout": "timeout",
    "MemorySize": "memory_size",
    "Role": "role",
    "Layers": "layers",
    "KmsKeyArn": "kms_key_arn",
    "CodeSigningConfigArn": "code_signing_config_arn",
}
_CODE = {"ImageUri": "image_uri", "S3Bucket": "s3_bucket", "S3Key": "s3_key", "Filename": "filename"}
_BLOCKS = {
    "ImageConfig": (
        "image_config",
        {"Command": "command", "EntryPoint": "entry_point", "WorkingDirectory": "working_directory"},
    ),
    "EphemeralStorage": ("ephemeral_storage", {"Size": "size"}),
    "VpcConfig": ("vpc_config", {"SubnetIds": "subnet_ids", "SecurityGroupIds": "security_group_ids"}),
    "SnapStart": ("snap_start", {"ApplyOn": "apply_on"}),
    "LoggingConfig": (
        "logging_config",
        {"LogGroup": "log_group", "LogFormat": "log_format", "SystemLogLevel": "system_log_level"},
    ),
}
"""Property → the block that holds it, and its members. A block stands in a list of one."""

TERRAFORM_NAMES = {
    **_PLAIN,
    **{f"Code.{key}": name for key, name in _CODE.items()},
    **{block: name for block, (name, _) in _BLOCKS.items()},
    **{f"{block}.{key}": f"{name}.{attr}" for block, (name, keys) in _BLOCKS.items() for key, attr in keys.items()},
    "Environment": "environment",
    "Environment.Variables": "environment.variables",
}


def is_plan(root: Located) -> bool:
    """Whether it is a plan; a state lacks the planned values."""
    return root.get("planned_values", "root_module") is not None


def from_plan(root: Located) -> Located:
    """The functions of a plan under their addresses."""
    later = {
        change.get("address").text: change.get("change", "after_unknown")  # type: ignore[union-attr]
        for change in (root.get("resource_changes") or Located((), 0)).items
        if change.get("address") is not None
    }
    resources = {}
    top = root.get("planned_values", "root_module")
    configuration = root.get("configuration", "root_module")
    for resource, written in _functions(top, configuration) if top is not None else ():
        address, values = resource.get("address"), resource.get("values")
        if address is None or address.text is None or values is None:
            continue
        one = _Function(resource.line, values, later.get(address.text), written)
        resources[address.text] = function_resource(resource.line, one.properties())
    return template_of(resources)


def _functions(module: Located, configuration: Located | None) -> Iterator[tuple[Located, Located | None]]:
    """The functions of a module and of those below it, each with the expressions that its configuration writes."""
    for resource in (module.get("resources") or Located((), 0)).items:
        kind, mode = resource.get("type"), resource.get("mode")
        if kind is not None and kind.text == _FUNCTION and (mode is None or mode.text == "managed"):
            yield resource, _written(resource, configuration)
    for child in (module.get("child_modules") or Located((), 0)).items:
        address = child.get("address")
        name = _last_module(address.text or "") if address is not None else ""
        below = configuration.get("module_calls", name, "module") if configuration is not None else None
        yield from _functions(child, below)


def _last_module(address: str) -> str:
    """`module.a.module.b["x.y"]` → `b`."""
    found = re.findall(r"module\.([\w-]+)(?:\[[^\]]*\])?", address)
    return found[-1] if found else ""


def _written(resource: Located, configuration: Located | None) -> Located | None:
    name = resource.get("name")
    for each in (configuration.get("resources") or Located((), 0)).items if configuration is not None else ():
        kind, own = each.get("type"), each.get("name")
        if (
            kind is not None
            and own is not None
            and name is not None
            and (kind.text, own.text) == (_FUNCTION, name.text)
        ):
            return each.get("expressions")
    return None


@dataclass(frozen=True, slots=True)
class _Function:
    line: int
    values: Located
    later: Located | None
    written: Located | None
    """Expressions of its configuration; None where there is none to read."""

    def properties(self) -> dict[str, Located]:
        found: dict[str, Located | None] = {key: self.attribute(name) for key, name in _PLAIN.items()}
        found["Code"] = nested(self.line, {key: self.attribute(name) for key, name in _CODE.items()})
        for key, (name, members) in _BLOCKS.items():
            found[key] = self.block(name, members)
        found["Environment"] = self.environment()
        return {key: value for key, value in found.items() if value is not None and value.value not in (None, ())}

    def attribute(self, name: str) -> Located | None:
        value = self.values.get(name)
        unknown = self.later.get(name) if self.later is not None else None
        if value is None or value.value is None:
            return self.after(unknown, self.expression(name), self.line)
        if value.items and unknown is not None and unknown.items:
            return Located(tuple(_filled(value, unknown)), value.line)
        return value

    def block(self, name: str, members: Mapping[str, str]) -> Located | None:
        value = self.values.get(name)
        unknown = self.later.get(name) if self.later is not None else None
        if value is None or not value.items:
            return self.after(unknown, self.expression(name), self.line)
        first = value.items[0]
        below = unknown.items[0] if unknown is not None and unknown.items else None
        entries = {}
        for key, attribute in members.items():
            later = below.get(attribute) if below is not None else None
            own = first.get(attribute)
            if own is None or own.value is None:
                own = self.after(later, self.expression(name), value.line)
            entries[key] = own if own is None or own.value not in ((), "") else None
        return nested(value.line, entries)

    def environment(self) -> Located | None:
        value = self.values.get("environment")
        unknown = self.later.get("environment") if self.later is not None else None
        if value is None or not value.items:
            return self.after(unknown, self.expression("environment"), self.line)
        below = unknown.items[0].get("variables") if unknown is not None and unknown.items else None
        if below is not None and below.value is True:
            return Located({"Variables": undecided(_LATER, value.line)}, value.line)
        own = value.items[0].get("variables")
        variables = dict(own.mapping) if own is not None else {}
        for name, later in (below.mapping if below is not None else {}).items():
            if later.value is True:
                variables[name] = undecided(_LATER, value.line)
        return Located({"Variables": Located(variables, value.line)}, value.line)

    def expression(self, name: str) -> Located | None:
        return self.written.get(name) if self.written is not None else None

    def after(self, unknown: Located | None, written: Located | None, line: int) -> Located | None:
        """A value that is known after the apply; None where nobody wrote it, so that the service decides."""
        if unknown is None or not _any(unknown) or (self.written is not None and written is None):
            return None
        references = written.get("references") if written is not None else None
        names = [item.text for item in (references.items if references is not None else ()) if item.text]
        return undecided(f"{names[0]} ({_LATER})" if names else _LATER, line)


def _any(value: Located) -> bool:
    """Whether anything in a mask of unknown values is marked."""
    return value.value is True or any(map(_any, value.mapping.values())) or any(map(_any, value.items))


def _filled(value: Located, unknown: Located) -> Iterator[Located]:
    """A list whose unknown members are expressions."""
    for index in range(max(len(value.items), len(unknown.items))):
        later = unknown.items[index] if index < len(unknown.items) else None
        own = value.items[index] if index < len(value.items) else None
        if (later is not None and _any(later)) or own is None:
            yield undecided(_LATER, value.line)
        else:
            yield own
