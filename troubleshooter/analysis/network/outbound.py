"""What the handler's own file calls outside: AWS clients and public addresses. Read where a function waits in a VPC. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from troubleshooter.analysis.network.outbound_first import first_call
from troubleshooter.analysis.python.handler import reading_of
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.network import NetworkWait, Outbound, OutboundCalls
from troubleshooter.facts.runtime import HandlerResolution

MOST, SIZE = 20, 1_000_000
"""Calls that are kept; bytes of a file that is read. A larger one is a bundle, in which all sorts of clients lie."""

_PREFIXES = {
    "cloudwatch": "monitoring",
    "stepfunctions": "states",
    "sfn": "states",
    "ses": "email",
    "sesv2": "email",
    "eventbridge": "events",
    "cloudwatch-logs": "logs",
    "cloudwatch-events": "events",
    "secrets-manager": "secretsmanager",
    "ecr": "api.ecr",
}
"""Names of clients whose endpoints are called otherwise."""
_NODE = re.compile(
    r"(?:from\s+|require\(\s*|import\(\s*)[\"']@aws-sdk/client-(?P<service>[a-z0-9-]+)[\"']"
    r"|(?P<url>https?://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}))"
)
_URL = re.compile(r"https?://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,})(?=[:/?#]|$)")
_SERVICE = re.compile(r"[a-z][a-z0-9-]{1,40}")


@provides()
def outbound(
    wait: NetworkWait, function: FunctionRecord, resolution: HandlerResolution, code: CodeTree
) -> OutboundCalls | Unavailable:
    """Clients that are made with the function's own region, and addresses that are written out."""
    path = resolution.path
    content = code.tree.read(path) if path else None
    if content is None or path is None:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the handler's file was not found in the code")
    if len(content) > SIZE:
        return Unavailable(Reason.TOO_BIG, f"{path} is larger than {SIZE} bytes")
    text = content.decode("utf-8", "replace")
    region = function.region or "us-east-1"
    handler = resolution.handler.rpartition(".")[2]
    found = _python(text, path, region, handler) if path.endswith(".py") else _node(text, path, region)
    return OutboundCalls(reading=reading_of(code), calls=tuple(found)[:MOST])


def _python(text: str, path: str, region: str, handler: str) -> Iterator[Outbound]:
    try:
        parsed = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = text.split("\n")

    def at(node: ast.Call, host: str, *, certain: bool) -> Outbound:
        line = lines[node.lineno - 1].strip() if node.lineno <= len(lines) else ""
        return Outbound(host, f"{path}:{node.lineno}", line[:200], certain)

    asked = first_call(parsed, handler, lambda call: _client(call, region), _address)
    if asked is not None and (first := _asked(parsed, asked, region)):
        yield at(asked, first, certain=True)
    for node in ast.walk(parsed):
        if isinstance(node, ast.Call) and (host := _client(node, region) or _address(node)):
            yield at(node, host, certain=False)


def _asked(module: ast.Module, call: ast.Call, region: str) -> str | None:
    """The host of a certain call: its own address, or that of the client whose method it is."""
    of: ast.expr = call
    made = {
        node.targets[0].id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for _ in range(8):
        if isinstance(of, ast.Call):
            if host := _client(of, region):
                return host
            of = of.func
        elif isinstance(of, ast.Attribute):
            of = of.value
        elif isinstance(of, ast.Name) and of.id in made:
            of = made[of.id]
    return _address(call)


def _client(node: ast.Call, region: str) -> str | None:
    """`boto3.client("s3")`, `session.resource("dynamodb")`: no endpoint of its own, no other region."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("client", "resource") or not node.args:
        return None
    first = node.args[0]
    plain = isinstance(first, ast.Constant) and isinstance(first.value, str) and _SERVICE.fullmatch(first.value)
    if not plain or any(k.arg in ("endpoint_url", "region_name", None) for k in node.keywords):
        return None
    return _endpoint(str(first.value), region)  # type: ignore[attr-defined]


def _address(node: ast.Call) -> str | None:
    """A call with a written-out address as its first argument."""
    for argument in [*node.args[:2], *(k.value for k in node.keywords if k.arg == "url")]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found = _URL.match(argument.value)
            if found:
                return found["host"]
    return None


def _node(text: str, path: str, region: str) -> Iterator[Outbound]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith(("//", "*", "/*")) or len(line) > 2000:
            continue
        for match in _NODE.finditer(line):
            host = _endpoint(match["service"], region) if match["service"] else match["host"]
            yield Outbound(host, f"{path}:{number}", line.strip()[:200])


def _endpoint(service: str, region: str) -> str:
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{_PREFIXES.get(service, service)}.{region}.{domain}"
