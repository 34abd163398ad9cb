"""What a handler's own file calls outside."""

from __future__ import annotations

import pytest

from tests.factories import AT, IMAGE, function_record, tree
from troubleshooter.analysis.network.outbound import SIZE, outbound
from troubleshooter.facts import Reading, Unavailable
from troubleshooter.facts.image import CodeTree
from troubleshooter.facts.network import NetworkWait, Outbound, OutboundCalls
from troubleshooter.facts.runtime import HandlerResolution
from troubleshooter.model import Origin

WAIT = NetworkWait(reading=Reading("logs", Origin.PLATFORM_LOG, AT))


def hosts(text: str, name: str = "app.py") -> list[str]:
    return [c.host for c in calls(text, name)]


def calls(text: str, name: str = "app.py") -> tuple[Outbound, ...]:
    path = f"/var/task/{name}"
    code = CodeTree(reading=IMAGE, tree=tree({path: text}), root="/var/task", kind="image")
    resolution = HandlerResolution(reading=IMAGE, handler="app.handler", language="python", problem="", path=path)
    found = outbound(WAIT, function_record(), resolution, code)
    assert isinstance(found, OutboundCalls)
    return found.calls


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


TOP = "import boto3\ncw = boto3.client('cloudwatch')\nt = boto3.resource('dynamodb').Table('x')\n"


@pytest.mark.parametrize(
    ("body", "host"),
    [
        pytest.param("return cw.describe_alarms()", "monitoring", id="a client"),
        pytest.param("return t.get_item(Key={})", "dynamodb", id="what a client makes"),
        pytest.param("'Doc.'\n    print(event)\n    x = cw.describe_alarms()['y']", "monitoring", id="a print before"),
        pytest.param(
            "n = json.dumps(event.get('n', 1))\n    cw.put_metric_data(n)", "monitoring", id="reads its event"
        ),
        pytest.param("c = boto3.client('s3')\n    return c.list_buckets()", "s3", id="a client of its own"),
        pytest.param("return boto3.client('s3').list_buckets()", "s3", id="at once"),
        pytest.param("try:\n        cw.describe_alarms()\n    except E:\n        pass", "monitoring", id="in a try"),
        pytest.param("return requests.get('https://api.stripe.com/v1')", "api.stripe.com", id="an address"),
        pytest.param("return db.query(cw.describe_alarms())", "monitoring", id="its argument comes first"),
        pytest.param("db.query()\n    return cw.describe_alarms()", "", id="another call before"),
        pytest.param("if event:\n        cw.describe_alarms()", "", id="in a branch"),
        pytest.param("for e in event:\n        cw.describe_alarms()", "", id="in a loop"),
        pytest.param("return event and cw.describe_alarms()", "", id="as the case may be"),
        pytest.param("return cw.generate_presigned_url('get')", "", id="it sends nothing"),
        pytest.param("f = lambda: cw.describe_alarms()\n    return db.query()", "", id="later"),
        pytest.param("return [cw.describe_alarms() for e in event]", "", id="for each"),
        pytest.param("docs('https://api.stripe.com/v1')", "", id="an address that is handed to somebody"),
        pytest.param("return db.query()", "", id="none"),
    ],
)
def test_what_a_handler_begins_with(body: str, host: str) -> None:
    text = f"{TOP}\n\ndef admin():\n    return boto3.client('sts')\n\n\ndef handler(event, context):\n    {body}\n"
    certain = [c.host for c in calls(text) if c.certain]
    assert [h.removesuffix(".eu-west-1.amazonaws.com") for h in certain] == ([host] if host else [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("@wrapped\ndef handler(e, c):\n    cw.describe_alarms()\n", id="decorated"),
        pytest.param("cw = fake()\ndef handler(e, c):\n    cw.describe_alarms()\n", id="bound again"),
        pytest.param("def other(e, c):\n    cw.describe_alarms()\n", id="another function"),
        pytest.param("async def handler(e, c):\n    cw.describe_alarms()\n", id="asynchronous"),
    ],
)
def test_what_is_not_certain(text: str) -> None:
    assert not any(c.certain for c in calls(TOP + text))


def test_a_bundle_is_not_read() -> None:
    code = CodeTree(reading=IMAGE, tree=tree({"/app.py": "#" * (SIZE + 1)}), root="/", kind="image")
    for path in ("/app.py", "/other.py", None):
        resolution = HandlerResolution(reading=IMAGE, handler="app.handler", language="python", problem="", path=path)
        assert isinstance(outbound(WAIT, function_record(), resolution, code), Unavailable)
