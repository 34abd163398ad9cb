"""The function record that a template's resource amounts to, as far as the template decides it."""

from __future__ import annotations

from collections.abc import Mapping

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord, ImageOverride
from troubleshooter.facts.template import DeclaredResource, expression_text, is_expression
from troubleshooter.model import Unblock

DEFAULT_TIMEOUT_S = 3
DEFAULT_MEMORY_MB = 128
DEFAULT_ARCHITECTURE = "x86_64"

_PROPERTIES = {
    "name": "FunctionName",
    "package_type": "PackageType",
    "architecture": "Architectures",
    "runtime": "Runtime",
    "handler": "Handler",
    "timeout_s": "Timeout",
    "memory_mb": "MemorySize",
    "ephemeral_mb": "EphemeralStorage.Size",
    "role": "Role",
    "log_group": "LoggingConfig.LogGroup",
    "log_format": "LoggingConfig.LogFormat",
    "override": "ImageConfig",
    "environment": "Environment",
    "layers": "Layers",
    "vpc_attached": "VpcConfig",
}
"""Field of the record → property of the resource."""


@provides(rank=5)
def record_of_template(resource: DeclaredResource) -> FunctionRecord | Unavailable:
    """The record that creating the resource would give.

    Defaults of the service stand where the template is silent. What is decided at deploy time stays unknown: None, an
    empty `architecture`, a member of `ImageOverride.undecided`.
    """
    package_type = resource.package_type
    if package_type is None:
        place = resource.place("PackageType")
        detail = f"whether it is an image or a zip is decided at deploy time ({place})"
        return Unavailable(Reason.UNSUPPORTED, detail, Unblock(f"Write PackageType as text in {place}."))
    function = resource.function
    architecture, stated = _architecture(resource)
    return FunctionRecord(
        reading=resource.reading,
        places={field: resource.place(path) for field, path in _PROPERTIES.items()},
        name=_text(resource, "FunctionName") or function.logical_id,
        package_type=package_type,
        architecture=architecture,
        architecture_stated=stated,
        runtime=_text(resource, "Runtime"),
        handler=_text(resource, "Handler"),
        timeout_s=_number(resource, "Timeout", DEFAULT_TIMEOUT_S),
        memory_mb=_number(resource, "MemorySize", DEFAULT_MEMORY_MB),
        ephemeral_mb=_number(resource, "EphemeralStorage.Size", None),
        role=_text(resource, "Role"),
        log_group=_text(resource, "LoggingConfig.LogGroup"),
        log_format=_text(resource, "LoggingConfig.LogFormat") or "Text",
        system_log_level=_text(resource, "LoggingConfig.SystemLogLevel"),
        override=_override(resource),
        environment=function.environment,
        layers=tuple(expression_text(layer) for layer in _items(resource.value("Layers"))),
        vpc_attached=bool(_items(resource.value("VpcConfig.SubnetIds"))),
    )


def _architecture(resource: DeclaredResource) -> tuple[str, bool]:
    """The one architecture and whether it was stated; empty where it is not decided, or more than one is named."""
    declared = resource.value("Architectures")
    if declared is None:
        return DEFAULT_ARCHITECTURE, False
    items = _items(declared)
    if not items:
        # An empty list is the service's default; an expression in the list's place decides later.
        return ("", True) if is_expression(declared) else (DEFAULT_ARCHITECTURE, False)
    only = items[0] if len(items) == 1 else None
    return (only, True) if isinstance(only, str) else ("", True)


def _override(resource: DeclaredResource) -> ImageOverride:
    config = resource.value("ImageConfig")
    if is_expression(config):
        return ImageOverride(undecided=("entrypoint", "command", "workdir"))
    values = config if isinstance(config, Mapping) else {}
    undecided = []
    lists: dict[str, tuple[str, ...] | None] = {}
    for member, key in (("entrypoint", "EntryPoint"), ("command", "Command")):
        items = values.get(key)
        literal = isinstance(items, tuple) and not any(isinstance(item, Mapping | tuple) for item in items)
        lists[member] = tuple(str(item) for item in _items(items)) if literal else None
        undecided += [member] if items is not None and not literal else []
    workdir = values.get("WorkingDirectory")
    undecided += ["workdir"] if workdir is not None and not isinstance(workdir, str) else []
    return ImageOverride(
        entrypoint=lists["entrypoint"],
        command=lists["command"],
        workdir=workdir if isinstance(workdir, str) else None,
        undecided=tuple(undecided),
    )


def _items(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _text(resource: DeclaredResource, path: str) -> str | None:
    """A literal text or number; None where there is none or it is decided later."""
    value = resource.value(path)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None


def _number(resource: DeclaredResource, path: str, default: int | None) -> int | None:
    value = resource.value(path)
    if value is None:
        return default
    if isinstance(value, str):
        return int(value) if value.isdecimal() and len(value) < 10 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
