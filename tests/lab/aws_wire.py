"""AWS's wire formats for a stand-in, read out of botocore's own service models: requests in, answers out.

Understands the protocols rest-json, json, query and ec2. What a model does not know (an
operation, a member of an answer) is a ValueError: a stand-in that answers what AWS could not would make tests lie.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from tests.lab import aws_ec2_wire

REQUEST_ID = "00000000-1111-2222-3333-444444444444"
SIGNED = re.compile(r"Credential=([^/]+)/\d+/([\w-]+)/([\w.-]+)/aws4_request")

SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "double": (int, float),
    "float": (int, float),
}


class AwsError(Exception):
    """An error that the service answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the service understands it. `operation` is empty where no model knows the request."""

    service: str
    operation: str
    region: str
    access_key: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@functools.cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, by botocore's name for it."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def parse(method: str, target: str, headers: Mapping[str, str], body: bytes, services: frozenset[str]) -> Request:
    """The call that an HTTP request makes. Header names are in lower case; `services` are the ones to choose from."""
    signed = SIGNED.search(headers.get("authorization", ""))
    access_key, region, signing_name = signed.groups() if signed else ("", "", "sts")
    named = _by_signing_name(services).get(signing_name, ())
    # Two generations of one service sign alike; their paths tell them apart.
    service = next((s for s in named if len(named) == 1 or _knows(s, method, urlsplit(target).path)), None)
    if service is None:
        return Request(signing_name, "", region, access_key)
    model = service_model(service)
    protocol = model.resolved_protocol
    if protocol == "rest-json":
        operation, parameters = _rest_request(model, method, target, headers, body)
    elif protocol == "ec2":
        operation, parameters = aws_ec2_wire.ec2_request(body)
    elif protocol == "json":
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        parameters = json.loads(body or b"{}")
    else:
        operation, parameters = _query_request(body)
    return Request(service, operation, region, access_key, parameters)


@functools.cache
def _by_signing_name(services: frozenset[str]) -> dict[str, tuple[str, ...]]:
    names = {s: str(service_model(s).signing_name) for s in sorted(services)}
    return {name: tuple(s for s, n in names.items() if n == name) for name in names.values()}


def _knows(service: str, method: str, path: str) -> bool:
    return any(verb == method and pattern.fullmatch(path) for verb, pattern, _, _ in _routes(service))


@functools.cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str, dict[str, list[str]]]]:
    """(method, path, operation, fixed part of the query) of a rest-json service, the most literal first."""
    model = service_model(service)
    routes = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, fixed = str(http["requestUri"]).partition("?")
        path = path.rstrip("/")
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
        pattern = re.sub(r"\\{(\w+)\\\+\\}", r"(?P<\1>.+)", pattern)
        routes.append((str(http["method"]), re.compile(pattern + "/?"), str(name), parse_qs(fixed)))
    return sorted(routes, key=lambda r: (r[1].pattern.count("(?P"), not r[3]))


def _rest_request(
    model: ServiceModel, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, dict[str, Any]]:
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True)
    for verb, pattern, operation, fixed in _routes(model.service_name):
        match = pattern.fullmatch(parts.path) if verb == method and fixed.items() <= query.items() else None
        if match is None:
            continue
        shape = model.operation_model(operation).input_shape
        parameters: dict[str, Any] = {}
        content = json.loads(body) if body.startswith(b"{") else {}
        for name, member in (shape.members if shape else {}).items():
            location = member.serialization.get("location")
            wire = member.serialization.get("name", name)
            if location == "uri":
                parameters[name] = _typed(unquote(match[wire]), member.type_name)
            elif location == "querystring" and wire in query:
                values = query[wire]
                parameters[name] = values if member.type_name == "list" else _typed(values[0], member.type_name)
            elif location == "header" and wire.lower() in headers:
                parameters[name] = headers[wire.lower()]
            elif location is None and wire in content:
                parameters[name] = content[wire]
        return operation, parameters
    return "", {}


def _typed(text: str, kind: str) -> Any:
    if kind in ("integer", "long"):
        return int(text)
    return text == "true" if kind == "boolean" else text


def _query_request(body: bytes) -> tuple[str, dict[str, Any]]:
    """Scalars as they are, `Name.member.N` as a list."""
    parameters: dict[str, Any] = {}
    for name, values in parse_qs(body.decode(), keep_blank_values=True).items():
        base, is_list, _ = name.partition(".member.")
        if is_list:
            parameters.setdefault(base, []).append(values[0])
        else:
            parameters[name] = values[0]
    operation = parameters.pop("Action", "")
    parameters.pop("Version", None)
    return operation, parameters


def answer(request: Request, output: Mapping[str, Any]) -> Response:
    """The HTTP answer that carries `output`, whose keys are botocore's member names."""
    operation = service_model(request.service).operation_model(request.operation)
    protocol = service_model(request.service).resolved_protocol
    status = int(operation.http.get("responseCode", 200))
    headers = {"x-amzn-requestid": REQUEST_ID}
    if protocol == "query":
        headers["content-type"] = "text/xml"
        return Response(status, _query_answer(operation, output).encode(), headers)
    if protocol == "ec2":
        text = aws_ec2_wire.ec2_answer(operation, output, REQUEST_ID)
        return Response(status, text.encode(), headers | {"content-type": "text/xml"})
    value = _json_value(operation.output_shape, output, request.operation) if operation.output_shape else {}
    headers["content-type"] = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    return Response(status, json.dumps(value).encode(), headers)


def error(request: Request, failure: AwsError) -> Response:
    """The HTTP answer that carries an error."""
    headers = {"x-amzn-requestid": REQUEST_ID, "x-amzn-errortype": failure.code}
    known = request.service and request.operation
    protocol = service_model(request.service).resolved_protocol if known else "rest-json"
    if protocol == "query":
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(failure.code)}</Code>"
            f"<Message>{escape(failure.message)}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
        )
        return Response(failure.status, text.encode(), headers | {"content-type": "text/xml"})
    if protocol == "ec2":
        text = aws_ec2_wire.ec2_error(failure.code, failure.message, REQUEST_ID)
        return Response(failure.status, text.encode(), headers | {"content-type": "text/xml"})
    if protocol == "json":
        body = {"__type": failure.code, "message": failure.message}
        return Response(
            failure.status, json.dumps(body).encode(), headers | {"content-type": "application/x-amz-json-1.1"}
        )
    body = {"Type": "User", "Message": failure.message}
    return Response(failure.status, json.dumps(body).encode(), headers | {"content-type": "application/json"})


def _checked_members(shape: Any, value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} is a structure, not {type(value).__name__}")
    strange = set(value) - set(shape.members)
    if strange:
        raise ValueError(f"{where} has no member {', '.join(sorted(strange))}")
    return value


def _json_value(shape: Any, value: Any, where: str) -> Any:
    """`value` as the JSON protocols write it; the shape's names and types are insisted on."""
    kind = shape.type_name
    if kind == "structure":
        members = {k: v for k, v in _checked_members(shape, value, where).items() if v is not None}
        return {
            shape.members[k].serialization.get("name", k): _json_value(shape.members[k], v, f"{where}.{k}")
            for k, v in members.items()
        }
    if kind == "list":
        return [_json_value(shape.member, v, f"{where}[]") for v in value]
    if kind == "map":
        return {str(k): _json_value(shape.value, v, f"{where}.{k}") for k, v in value.items()}
    if kind == "timestamp":
        return value.timestamp() if isinstance(value, dt.datetime) else value
    if kind == "blob":
        return base64.b64encode(value).decode()
    if not isinstance(value, SCALARS[kind]):
        raise ValueError(f"{where} is a {kind}, not {type(value).__name__}")
    return value


def _query_answer(operation: OperationModel, output: Mapping[str, Any]) -> str:
    shape = operation.output_shape
    inner = _xml_members(shape, output, operation.name) if shape else ""
    wrapper = shape.serialization.get("resultWrapper") if shape else None
    if wrapper:
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    return (
        f'<{operation.name}Response xmlns="{namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></{operation.name}Response>"
    )


def _xml_members(shape: Any, value: Any, where: str) -> str:
    parts = []
    for name, each in _checked_members(shape, value, where).items():
        if each is not None:
            member = shape.members[name]
            parts.append(_xml(member, each, member.serialization.get("name", name), f"{where}.{name}"))
    return "".join(parts)


def _xml(shape: Any, value: Any, tag: str, where: str) -> str:
    if shape.type_name == "structure":
        text = _xml_members(shape, value, where)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "member")
        if shape.serialization.get("flattened"):
            return "".join(_xml(shape.member, v, tag, where) for v in value)
        text = "".join(_xml(shape.member, v, item, where) for v in value)
    elif shape.type_name == "map":
        text = "".join(
            f"<entry>{_xml(shape.key, k, 'key', where)}{_xml(shape.value, v, 'value', where)}</entry>"
            for k, v in value.items()
        )
    elif isinstance(value, dt.datetime):
        text = value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = escape(str(value))
    return f"<{tag}>{text}</{tag}>"
