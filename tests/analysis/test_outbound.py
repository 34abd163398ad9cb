"""What a handler's own file calls outside."""

from __future__ import annotations

import pytest

from tests.factories import AT, IMAGE, function_record, tree
from troubleshooter.analysis.outbound import SIZE, outbound
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.network import NetworkWait, OutboundCalls
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Origin

WAIT = NetworkWait(reading=Reading("logs", Origin.PLATFORM_LOG, AT))


def hosts(text: str, name: str = "app.py") -> list[str]:
    path = f"/var/task/{name}"
    code = CodeTree(reading=IMAGE, tree=tree({path: text}), root="/var/task", kind="image")
    resolution = HandlerResolution(reading=IMAGE, handler="app.handler", language="python", problem="", path=path)
    found = outbound(WAIT, function_record(), resolution, code)
    assert isinstance(found, OutboundCalls)
    return [c.host for c in found.calls]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "import boto3\nc = boto3.client('cloudwatch')", ["monitoring.eu-west-1.amazonaws.com"], id="client"
        ),
        pytest.param("boto3.Session().resource('dynamodb')", ["dynamodb.eu-west-1.amazonaws.com"], id="resource"),
        pytest.param("boto3.client('s3', endpoint_url=x)", [], id="its own endpoint"),
        pytest.param("boto3.client('s3', region_name='us-east-1')", [], id="its own region"),
        pytest.param("boto3.client(name)", [], id="not written out"),
        pytest.param("# boto3.client('s3')\n'boto3.client(\"s3\")'", [], id="a comment and a text"),
        pytest.param("requests.get('https://api.example.com/v1', timeout=3)", ["api.example.com"], id="an address"),
        pytest.param("requests.request('GET', url='https://api.example.com')", ["api.example.com"], id="by name"),
        pytest.param("DOCS = 'https://docs.example.com'", [], id="an address that is not called"),
        pytest.param("def (", [], id="no Python"),
    ],
)
def test_python(text: str, found: list[str]) -> None:
    assert hosts(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("import { S3Client } from '@aws-sdk/client-s3'", ["s3.eu-west-1.amazonaws.com"], id="import"),
        pytest.param("const c = require('@aws-sdk/client-sfn')", ["states.eu-west-1.amazonaws.com"], id="require"),
        pytest.param("await fetch('https://api.example.com/x')", ["api.example.com"], id="fetch"),
        pytest.param("// see https://docs.example.com", [], id="a comment"),
    ],
)
def test_node(text: str, found: list[str]) -> None:
    assert hosts(text, "index.mjs") == found


def test_a_bundle_is_not_read() -> None:
    code = CodeTree(reading=IMAGE, tree=tree({"/app.py": "#" * (SIZE + 1)}), root="/", kind="image")
    for path in ("/app.py", "/other.py", None):
        resolution = HandlerResolution(reading=IMAGE, handler="app.handler", language="python", problem="", path=path)
        assert isinstance(outbound(WAIT, function_record(), resolution, code), Unavailable)
