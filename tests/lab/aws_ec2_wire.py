"""EC2's own kind of the query protocol, for the stand-in; read out of botocore's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationModel


def ec2_request(body: bytes) -> tuple[str, dict[str, Any]]:
    """`Filter.1.Name=…&Filter.1.Value.1=…&SubnetId.1=…` as nested lists and mappings."""
    parameters: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        parts, here = name.split("."), parameters
        for part in parts[:-1]:
            here = here.setdefault(part, {})
        here[parts[-1]] = value
    operation = parameters.pop("Action", "")
    parameters.pop("Version", None)
    return operation, {name: _listed(value) for name, value in parameters.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(each) for key, each in value.items()}


def ec2_answer(operation: OperationModel, output: Mapping[str, Any], request_id: str) -> str:
    """The XML that carries `output`, whose keys are botocore's member names."""
    inner = _members(operation.output_shape, output, operation.name)
    return f"<{operation.name}Response><requestId>{request_id}</requestId>{inner}</{operation.name}Response>"


def ec2_error(code: str, message: str, request_id: str) -> str:
    """An error as EC2 writes it."""
    return (
        f"<Response><Errors><Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )


def _members(shape: Any, value: Mapping[str, Any], where: str) -> str:
    strange = set(value) - set(shape.members)
    if strange:
        raise ValueError(f"{where} has no member {', '.join(sorted(strange))}")
    return "".join(
        _element(shape.members[name], each, shape.members[name].serialization.get("name", name), f"{where}.{name}")
        for name, each in value.items()
        if each is not None
    )


def _element(shape: Any, value: Any, tag: str, where: str) -> str:
    if shape.type_name == "structure":
        text = _members(shape, value, where)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "item")
        text = "".join(_element(shape.member, each, item, f"{where}[]") for each in value)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = escape(str(value))
    return f"<{tag}>{text}</{tag}>"
